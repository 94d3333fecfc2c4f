import { createLog, type Logger } from '../../src/core/log.ts'
import { Secret } from '../../src/core/secret.ts'
import { openChains } from '../../src/gateway/audit/chains.ts'
import { SYSTEM_ACTOR } from '../../src/gateway/store/audit-note.ts'
import { AuditRepository } from '../../src/gateway/store/audit-repository.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { Feed } from '../../src/gateway/store/feed.ts'
import type { AuditRow } from '../../src/gateway/store/schema.ts'
import { type OpenChange, Store } from '../../src/gateway/store/store.ts'
import { ManualClock } from './clock.ts'

/** The pepper of all stores of tests: a second one on the same database is a second process. */
export const TEST_PEPPER = new Secret('pepper of the tests')

/**
 * What makes changes in a database, what follows them, the entries that were recorded, and whether the store could be
 * read. Nothing is started.
 */
export async function openTestStore(
  database: OpenDatabase,
  clock = new ManualClock(),
  log: Logger = createLog({ level: 'silent', format: 'json' }),
) {
  const { audit } = await openChains(database, TEST_PEPPER)
  const store = new Store({ database, audit: new AuditRepository(database, audit), clock, log })
  const reached: ('away' | 'here')[] = []
  const feed = new Feed({
    database,
    clock,
    reached: (error) => void reached.push(error === undefined ? 'here' : 'away'),
  })
  const entries: AuditRow[] = []
  store.onRecorded((entry) => void entries.push(entry))
  return { store, feed, entries, clock, reached }
}

/** Makes a change as a service would: with an entry in the audit log, which says nothing here. */
export async function recordedChange<T>(
  store: Pick<Store, 'change'>,
  run: (change: OpenChange) => Promise<T>,
): Promise<T> {
  return await store.change(SYSTEM_ACTOR, async (change) => {
    change.record({ orgId: 'default', action: 'test.change' })
    return await run(change)
  })
}
