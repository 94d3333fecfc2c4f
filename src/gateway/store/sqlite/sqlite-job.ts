import type { ChainIdentity } from '../chain.ts'
import type { FileIdentity } from './database-file.ts'

/** One connection, as both sides name it. */
export interface SqliteConnectionName {
  /** Of the connection, once in a process. */
  readonly id: number
  /** Of the file, or `:memory:`. */
  readonly path: string
  readonly isReadOnly: boolean
  /** The file that the path has to lead to. Absent: whichever is there. */
  readonly file?: FileIdentity | undefined
}

/** What a thread is asked to do over one of its connections, which it opens when it is first named. */
export type SqliteJob =
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly kind: 'store-requests'; readonly lines: string; readonly chain: ChainIdentity | undefined }
  /** Takes back the transaction that is open, if one is: SQLite itself takes back one that meets a full disk. */
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' }

/** What is sent to a thread. */
export interface SqliteAsk {
  readonly id: number
  readonly connection: SqliteConnectionName
  readonly job: SqliteJob
}

/** What a job came to. */
export interface SqliteResult {
  readonly rows: readonly unknown[]
  /** Of a statement that gives no rows. */
  readonly changes?: number | bigint
  readonly lastInsertRowid?: number | bigint
}

/** What a thread answers to the ask with that id. */
export type SqliteAnswer =
  | { readonly id: number; readonly result: SqliteResult }
  | { readonly id: number; readonly failure: SqliteFailure }

/** An error on its way between threads: structured cloning would keep no more than its message. */
export interface SqliteFailure {
  readonly message: string
  readonly code?: string | undefined
  /** SQLite's own number: 5 is SQLITE_BUSY. */
  readonly errcode?: number | undefined
  readonly errstr?: string | undefined
}

/** What an error says of itself. */
export function failureOf(thrown: unknown): SqliteFailure {
  if (!(thrown instanceof Error)) return { message: String(thrown) }
  const { message, code, errcode, errstr } = thrown as Error & SqliteFailure
  return { message, code, errcode, errstr }
}

/** The error again, on the other side. */
export function sqliteErrorOf(failure: SqliteFailure): Error {
  return Object.assign(new Error(failure.message), failure)
}
