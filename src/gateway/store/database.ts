import { chmodSync, closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from '../../core/log.ts'
import type { ChainIdentity } from './chain.ts'
import type { Database } from './schema.ts'
import { type FileIdentity, type FileLoss, fileLossOf, identityOf } from './sqlite/database-file.ts'
import { ThreadedDialect } from './sqlite/threaded-dialect.ts'
import { ThreadedSqlite } from './sqlite/threaded-sqlite.ts'

const CONNECT_TIMEOUT_MS = 5_000
const MAX_POSTGRES_CONNECTIONS = 10
/** A process that is held in the middle of a change must not hold the others for ever: the server ends its transaction. */
const IDLE_IN_TRANSACTION_MS = 30_000
const OWNER_ONLY = 0o600

export interface DatabaseOptions {
  /** `file:/abs/punku.db` (as `pathToFileURL` writes it), `:memory:`, or `postgres://…`. */
  readonly url: string
  /** Told when PostgreSQL drops an idle connection, or a thread of SQLite ends. Default: nobody is. */
  readonly log?: Logger
}

/** A file that was opened. It is not written to while its path leads elsewhere: that would be lost with the process. */
export interface DatabaseFile {
  readonly path: string
  /** What has become of it where its path does not lead to it any more. */
  loss(): Promise<FileLoss | undefined>
}

/** The database a URL named. Whoever opened it closes it. */
export interface OpenDatabase {
  readonly db: Kysely<Database>
  readonly dialect: 'sqlite' | 'postgres'
  /**
   * Stores request rows and their seal in the thread that writes, in one go. Absent on PostgreSQL: whoever has rows stores
   * them over `db`.
   * @param lines what `requestLines` gives for them
   * @param chain what the seal is a link of; absent: they are not sealed
   */
  readonly storeRequests?: (lines: string, chain: ChainIdentity | undefined) => Promise<void>
  /** The file of a SQLite database. Absent in memory and on PostgreSQL. */
  readonly file?: DatabaseFile
  /**
   * Waits for nothing any more: what runs and all that is asked from now on rejects. For an end that cannot wait; `close`
   * comes after it.
   */
  giveUp(): void
  /** Ends every connection, after the statements that run. */
  close(): Promise<void>
}

/**
 * Opens the database without touching its tables: `migrate` makes those. A SQLite file is made when absent, readable
 * by its owner alone, and so are the files SQLite keeps beside it. Either database is first opened by the first query.
 * Throws `TypeError` for any other URL, and the system's error when the file cannot be made or closed to others.
 */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  return /^postgres(ql)?:\/\//.test(options.url) ? openPostgres(options) : openSqlite(options)
}

function openSqlite({ url, log }: DatabaseOptions): OpenDatabase {
  const path = sqlitePath(url)
  const file = path === ':memory:' ? undefined : ensurePrivateFile(path)
  const sqlite = new ThreadedSqlite(path, (error) => log?.error({ err: error }, 'database thread ended'), file)
  const db = new Kysely<Database>({ dialect: new ThreadedDialect(sqlite) })
  return {
    db,
    dialect: 'sqlite',
    ...(file && { file: { path, loss: () => fileLossOf(path, file) } }),
    storeRequests: (lines, chain) => sqlite.storeRequests(lines, chain),
    giveUp: () => sqlite.giveUp(),
    async close() {
      await db.destroy()
      // Kysely closes only what a query has used.
      await sqlite.close()
    },
  }
}

function sqlitePath(url: string): string {
  if (url === ':memory:') return url
  // `file:name` would become `/name`.
  if (!url.startsWith('file:/')) {
    throw new TypeError('A database URL has to be `file:/absolute/path`, `:memory:` or `postgres://…`.')
  }
  return fileURLToPath(url)
}

/** Makes the file with mode 0600, or sets it again, and gives what it is known by. SQLite gives `-wal` and `-shm` the mode of the file itself. */
function ensurePrivateFile(path: string): FileIdentity {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // By path, not by descriptor: closing one would drop this process's locks on the file (sqlite.org/howtocorrupt §2.2).
    chmodSync(path, OWNER_ONLY)
  }
  return identityOf(path)
}

function openPostgres(options: DatabaseOptions): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: MAX_POSTGRES_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: 'punku',
    types: { getTypeParser },
  })
  // Without a listener a connection that breaks ends the process, an idle one or one that is used. The pool replaces it by
  // itself, and whoever waits for an answer on it is told.
  let isAway = false
  const sayOnce = (error: Error) => {
    if (!isAway) options.log?.warn({ err: error }, 'PostgreSQL closed its connections')
    isAway = true
  }
  pool.on('error', sayOnce)
  let isGivenUp = false
  const clients = new Set<pg.PoolClient>()
  pool.on('remove', (client) => clients.delete(client))
  pool.on('connect', (client) => {
    isAway = false
    clients.add(client)
    client.on('error', sayOnce)
  })
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    db,
    dialect: 'postgres',
    giveUp() {
      isGivenUp = true
      pool.end().catch(() => {})
      // One that is asked something ends at once.
      for (const client of clients) (client as pg.PoolClient & pg.Client).end().catch(() => {})
    },
    async close() {
      if (isGivenUp) return
      await db.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

/** Counts and epoch milliseconds as numbers, as SQLite gives them: `pg` has 64-bit integers and sums as text. */
const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: 'text' | 'binary') => {
  const isWide = type === pg.types.builtins.INT8 || type === pg.types.builtins.NUMERIC
  return isWide && format !== 'binary' ? Number : pg.types.getTypeParser(type, format as 'text')
}
