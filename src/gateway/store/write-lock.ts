import { type Kysely, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database } from './schema.ts'

/** Any number serves that nothing else in the database locks by. */
const LOCK_IDS = {
  changes: 0x70756e6b_01,
  requests: 0x70756e6b_02,
} as const

/** How long a change waits for another's to end before it fails: as long as on SQLite. */
const LOCK_TIMEOUT = '5s'

/**
 * Makes the rest of this transaction wait for every other one that locked the same: then rows become visible in the
 * order of the numbers they were given, and nobody who reads on from the last number misses one. Readers do not wait.
 * On SQLite a transaction has the database to itself already.
 */
export async function lockWrites(
  transaction: Kysely<Database>,
  dialect: OpenDatabase['dialect'],
  what: keyof typeof LOCK_IDS,
): Promise<void> {
  if (dialect !== 'postgres') return
  const id = sql.lit(LOCK_IDS[what])
  await sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true), pg_advisory_xact_lock(${id})`.execute(transaction)
}
