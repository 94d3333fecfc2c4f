// `node bench/keys.ts [--keys 10000] [--changes 20]`: what it costs a running gateway when one of many keys changes: how
// long its event loop is held, and what the database is asked. Prints; nothing is held to a number.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { createLog } from '../src/core/log.ts'
import { Secret } from '../src/core/secret.ts'
import { KeyService } from '../src/gateway/access/key-service.ts'
import { hashSecret } from '../src/gateway/access/key-text.ts'
import { Keyring } from '../src/gateway/access/keyring.ts'
import { openChains } from '../src/gateway/audit/chains.ts'
import { AuditRepository } from '../src/gateway/store/audit-repository.ts'
import { openDatabase } from '../src/gateway/store/database.ts'
import { Feed } from '../src/gateway/store/feed.ts'
import { KeyRepository } from '../src/gateway/store/key-repository.ts'
import { migrate } from '../src/gateway/store/migrations.ts'
import { Store } from '../src/gateway/store/store.ts'
import { countQueries } from '../test/support/counted-queries.ts'
import { LOCAL, MEMBER_RULES } from '../test/support/key-actors.ts'
import { LoopProbe } from './loop-probe.ts'
import { median } from './statistics.ts'

const { values: flags } = parseArgs({
  options: { keys: { type: 'string', default: '10000' }, changes: { type: 'string', default: '20' } },
})
const clock = systemClock
const log = createLog({ level: 'error', format: 'json' })
const pepper = new Secret('pepper of the benchmark')
const hash = (secret: string) => hashSecret(pepper, secret)
const folder = mkdtempSync(join(tmpdir(), 'punku-bench-keys-'))
const database = openDatabase({ url: pathToFileURL(join(folder, 'punku.db')).href })
try {
  await migrate(database)
  const counted = countQueries(database)
  const { audit } = await openChains(counted, pepper)
  const repository = new KeyRepository(counted)
  const store = new Store({ database: counted, audit: new AuditRepository(counted, audit), clock, log })
  const feed = new Feed({ database: counted, clock })
  const keyring = new Keyring({ repository, hash, clock, log })
  feed.follow('keys', keyring)
  const keys = new KeyService({ store, repository, hash, clock, memberKeyRules: async () => MEMBER_RULES })

  const startedAtMs = performance.now()
  for (let made = 0; made < Number(flags.keys); made++) await keys.create(LOCAL, { name: `key ${made}` })
  console.log(`${flags.keys} keys made in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`)
  store.followedBy(() => feed.refresh())
  const probe = new LoopProbe()
  await feed.start(() => keyring.start())
  const loadedMs = await probe.take()
  await keyring.reload()
  const again = await probe.take()
  console.log(
    `all are loaded: the loop held for ${loadedMs.toFixed(1)} ms at the longest; all are read anew: ${again.toFixed(1)} ms`,
  )

  const verbs = {
    made: (at: number) => keys.create(LOCAL, { name: `one more ${at}` }),
    changed: (at: number) => keys.change(LOCAL, `key ${at}`, { version: 1, models: ['llama3'] }),
    revoked: (at: number) => keys.revoke(LOCAL, `key ${at}`),
  }
  for (const [verb, run] of Object.entries(verbs)) {
    const held: number[] = []
    await probe.take()
    counted.takeCounts()
    for (let at = 0; at < Number(flags.changes); at++) {
      await run(at)
      held.push(await probe.take())
    }
    const { statements, rows } = counted.takeCounts()
    const each = (count: number) => (count / Number(flags.changes)).toFixed(1)
    console.log(
      `one is ${verb}: the loop held for ${median(held).toFixed(1)} ms, ${Math.min(...held).toFixed(1)} to ` +
        `${Math.max(...held).toFixed(1)}; ${each(statements)} statements, ${each(rows)} rows`,
    )
  }
  probe.stop()
  await feed.close()
  await keyring.close()
} finally {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
}
