import { Kysely, SqliteDialect } from 'kysely'
import { Chain, type ChainIdentity } from '../chain.ts'
import { lineValues } from '../request-columns.ts'
import { RequestWriter } from '../request-writer.ts'
import type { Database } from '../schema.ts'
import type { CachedStatements } from './cached-statements.ts'

const writer = new RequestWriter()
const databases = new WeakMap<CachedStatements, Kysely<Database>>()

/** Stores request rows over a connection in the thread that has it, all or none. Nobody else may use it meanwhile. */
export async function storeRequestsIn(
  connection: CachedStatements,
  lines: string,
  chain: ChainIdentity | undefined,
): Promise<void> {
  let db = databases.get(connection)
  if (db === undefined) {
    db = new Kysely<Database>({ dialect: new SqliteDialect({ database: connection }) })
    databases.set(connection, db)
  }
  const run = (sql: string) => connection.prepare(sql).run([])
  run('begin immediate')
  try {
    const values = lineValues(lines)
    await writer.store(db, { values, lines }, chain && new Chain(chain.name, chain.key))
    run('commit')
  } catch (error) {
    connection.rollBack()
    throw error
  }
}
