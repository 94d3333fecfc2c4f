// What runs in a thread. It loads node:sqlite alone; Kysely comes with the first request rows.
import { DatabaseSync } from 'node:sqlite'
import { parentPort } from 'node:worker_threads'
import { CachedStatements } from './cached-statements.ts'
import { requireFile } from './database-file.ts'
import {
  failureOf,
  type SqliteAnswer,
  type SqliteAsk,
  type SqliteConnectionName,
  type SqliteJob,
  type SqliteResult,
} from './sqlite-job.ts'

/** How long a statement waits for another process's write before it fails. */
const BUSY_TIMEOUT_MS = 5_000
/** What a write-ahead log may keep of the disk once a long read that made it grow is over, in bytes. */
const JOURNAL_SIZE_LIMIT_BYTES = 16 * 1_024 * 1_024

const connections = new Map<number, CachedStatements>()

parentPort?.on('message', async ({ id, connection, job }: SqliteAsk) => {
  let answer: SqliteAnswer
  try {
    answer = { id, result: await run(connection, job) }
  } catch (error) {
    answer = { id, failure: failureOf(error) }
  }
  parentPort?.postMessage(answer)
})

async function run(connection: SqliteConnectionName, job: SqliteJob): Promise<SqliteResult> {
  if (job.kind === 'close') {
    connections.get(connection.id)?.close()
    connections.delete(connection.id)
    return { rows: [] }
  }
  const statements = connectionOf(connection)
  if (job.kind === 'rollback') {
    statements.rollBack()
    return { rows: [] }
  }
  // What is begun ends as it may; nobody waits for a reader's answer to be kept.
  if (!connection.isReadOnly && !statements.isInTransaction) requireFileOf(connection)
  if (job.kind === 'store-requests') {
    const { storeRequestsIn } = await import('./store-requests-in.ts')
    await storeRequestsIn(statements, job.lines, job.chain)
    return { rows: [] }
  }
  const statement = statements.prepare(job.sql)
  if (statement.reader) return { rows: statement.all(job.parameters) }
  return { rows: [], ...statement.run(job.parameters) }
}

function connectionOf(name: SqliteConnectionName): CachedStatements {
  let connection = connections.get(name.id)
  if (connection === undefined) {
    requireFileOf(name)
    connection = new CachedStatements(openFile(name))
    connections.set(name.id, connection)
  }
  return connection
}

function requireFileOf({ path, file }: SqliteConnectionName): void {
  if (file !== undefined) requireFile(path, file)
}

function openFile({ path, isReadOnly }: SqliteConnectionName): DatabaseSync {
  const database = new DatabaseSync(path, {
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: true,
    readOnly: isReadOnly,
  })
  if (isReadOnly) return database
  try {
    database.exec('pragma journal_mode = wal')
    // In WAL mode this cannot corrupt; a power cut may lose the last commits, a killed process none.
    database.exec('pragma synchronous = normal')
    database.exec(`pragma journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`)
  } catch (error) {
    database.close()
    throw error
  }
  return database
}
