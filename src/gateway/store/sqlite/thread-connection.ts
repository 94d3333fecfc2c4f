import type { CompiledQuery, QueryResult } from 'kysely'
import type { SqliteConnectionName, SqliteJob, SqliteResult } from './sqlite-job.ts'
import type { SqliteThread } from './sqlite-thread.ts'

let lastId = 0

/** One connection to a SQLite file, in another thread. It is opened by the first job. */
export class ThreadConnection {
  readonly #thread: SqliteThread
  readonly #name: SqliteConnectionName
  #isUsed = false
  #isClosed = false
  #lastFailure: unknown
  #givenUp: Error | undefined

  constructor(thread: SqliteThread, name: Omit<SqliteConnectionName, 'id'>) {
    this.#thread = thread
    this.#name = { id: ++lastId, ...name }
  }

  /** A number that changes when the thread is lost: a transaction that was begun before is gone. */
  get life(): number {
    return this.#thread.life
  }

  /** Runs a job. Rejects with the error of the file when it cannot be opened, which the next job tries again. */
  async run(job: SqliteJob): Promise<SqliteResult> {
    if (this.#isClosed) throw new Error('The database is closed.')
    if (this.#givenUp !== undefined) throw this.#givenUp
    this.#isUsed = true
    try {
      const result = await this.#thread.run(this.#name, job)
      this.#lastFailure = undefined
      return result
    } catch (error) {
      this.#lastFailure = error
      throw error
    }
  }

  /** Waits for no job any more: those that run and all that come reject, with the last failure as the cause. */
  giveUp(): void {
    this.#givenUp ??= new Error('the database was not waited for any longer', { cause: this.#lastFailure })
    this.#thread.abandon(this.#name.id, this.#givenUp)
  }

  /** Runs a statement. */
  async query({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<never>> {
    const { rows, changes, lastInsertRowid } = await this.run({ kind: 'query', sql, parameters })
    return {
      rows: rows as never[],
      ...(changes !== undefined && { numAffectedRows: BigInt(changes) }),
      ...(lastInsertRowid !== undefined && { insertId: BigInt(lastInsertRowid) }),
    }
  }

  /** Closes it after the jobs before. Nothing can be run from now on. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isUsed) return
    const closing = this.#thread.run(this.#name, { kind: 'close' })
    // It may stand behind a job that still waits for a lock.
    if (this.#givenUp === undefined) await closing
    else closing.catch(() => {})
  }
}
