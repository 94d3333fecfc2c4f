import { type Kysely, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database } from './schema.ts'

/** Any number serves that nothing else in the database locks by. */
const LOCK_IDS = {
  keys: 0x70756e6b_01,
  requests: 0x70756e6b_02,
  tunnels: 0x70756e6b_03,
  people: 0x70756e6b_04,
  upstreams: 0x70756e6b_05,
  audit: 0x70756e6b_06,
} as const

/**
 * Makes the rest of this transaction wait for every other one that locked the same table: then rows become visible in
 * the order of the numbers they were given, and nobody who reads on from the last number misses one. Readers do not
 * wait. On SQLite a transaction has the database to itself already.
 */
export async function lockWrites(
  transaction: Kysely<Database>,
  dialect: OpenDatabase['dialect'],
  table: keyof typeof LOCK_IDS,
): Promise<void> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_IDS[table])})`.execute(transaction)
}
