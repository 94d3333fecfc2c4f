import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from '../core/log.ts'
import type { Database } from './schema.ts'
import { NodeSqliteDialect } from './sqlite-dialect.ts'

/** How long a statement waits for another process's write before it fails. */
const BUSY_TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000
const MAX_POSTGRES_CONNECTIONS = 10
const OWNER_ONLY = 0o600

export interface DatabaseOptions {
  /** `file:/abs/punku.db` (as `pathToFileURL` writes it), `:memory:`, or `postgres://…`. */
  readonly url: string
  /** Told when PostgreSQL drops an idle connection. Default: nobody is. */
  readonly log?: Logger
}

/** The database a URL named. Whoever opened it closes it. */
export interface OpenDatabase {
  readonly db: Kysely<Database>
  readonly dialect: 'sqlite' | 'postgres'
  /** Ends every connection, after the statements that run. */
  close(): Promise<void>
}

/**
 * Opens the database without touching its tables: `migrate` makes those. A SQLite file is made when absent, readable
 * by its owner alone, and so are the files SQLite keeps beside it. PostgreSQL is first contacted by the first query.
 * Throws `TypeError` for any other URL, and the system's error when the file cannot be opened.
 */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  return /^postgres(ql)?:\/\//.test(options.url) ? openPostgres(options) : openSqlite(options.url)
}

function openSqlite(url: string): OpenDatabase {
  const path = sqlitePath(url)
  if (path !== ':memory:') ensurePrivateFile(path)
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  database.exec('pragma journal_mode = wal')
  // In WAL mode this cannot corrupt; a power cut may lose the last commits, a killed process none.
  database.exec('pragma synchronous = normal')
  const db = new Kysely<Database>({ dialect: new NodeSqliteDialect(database) })
  return {
    db,
    dialect: 'sqlite',
    async close() {
      await db.destroy()
      // Kysely closes only what a query has used.
      if (database.isOpen) database.close()
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

/** Makes the file with mode 0600, or sets it again. SQLite gives `-wal` and `-shm` the mode of the file itself. */
function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // By path, not by descriptor: closing one would drop this process's locks on the file (sqlite.org/howtocorrupt §2.2).
    chmodSync(path, OWNER_ONLY)
  }
}

function openPostgres(options: DatabaseOptions): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: MAX_POSTGRES_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'punku',
    types: { getTypeParser },
  })
  // Without a listener an idle connection that breaks ends the process. The pool replaces it by itself.
  pool.on('error', (error) => options.log?.warn({ err: error }, 'PostgreSQL closed an idle connection'))
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    db,
    dialect: 'postgres',
    async close() {
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
