import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteDialect,
} from 'kysely'
import { threadLost } from './sqlite-thread.ts'
import type { ThreadedSqlite } from './threaded-sqlite.ts'

/**
 * Kysely's SQLite dialect over connections in other threads. A transaction has the writing one to itself, and begins as one
 * that writes; a query outside goes to the reading one. `destroy()` of the Kysely instance closes both.
 */
export class ThreadedDialect extends SqliteDialect {
  readonly #sqlite: ThreadedSqlite

  constructor(sqlite: ThreadedSqlite) {
    super({
      database: () => {
        throw new Error('The connections are in other threads.')
      },
    })
    this.#sqlite = sqlite
  }

  override createDriver(): Driver {
    return new ThreadedDriver(this.#sqlite)
  }

  override createAdapter(): SqliteAdapter {
    return new ConcurrentSqliteAdapter()
  }
}

/** Kysely's own lets one statement at a time through to its driver, and takes schema changes for ones that stay. */
export class ConcurrentSqliteAdapter extends SqliteAdapter {
  // Who waits for whom is the driver's to say: one that reads waits for nobody, and one inside a change must not wait for
  // one that waits for that change.
  override get supportsMultipleConnections(): boolean {
    return true
  }

  // SQLite's schema changes roll back like any other. Kysely says otherwise, and would then leave a migration that
  // was cut short half done, and let two processes migrate at once.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class ThreadedDriver implements Driver {
  readonly #sqlite: ThreadedSqlite

  constructor(sqlite: ThreadedSqlite) {
    this.#sqlite = sqlite
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ThreadedSession> {
    return new ThreadedSession(this.#sqlite)
  }

  async beginTransaction(session: ThreadedSession): Promise<void> {
    await session.begin()
  }

  async commitTransaction(session: ThreadedSession): Promise<void> {
    await session.commit()
  }

  async rollbackTransaction(session: ThreadedSession): Promise<void> {
    await session.rollBack()
  }

  async releaseConnection(session: ThreadedSession): Promise<void> {
    session.release()
  }

  async destroy(): Promise<void> {
    await this.#sqlite.close()
  }
}

/** What Kysely takes for a connection: the way of one transaction, or of statements that are each their own. */
class ThreadedSession implements DatabaseConnection {
  readonly #sqlite: ThreadedSqlite
  #turn: Disposable | undefined
  #begunIn: number | undefined

  constructor(sqlite: ThreadedSqlite) {
    this.#sqlite = sqlite
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#turn !== undefined) return await this.#runInside(query)
    return SelectQueryNode.is(query.query) ? await this.#sqlite.read(query) : await this.#sqlite.write(query)
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncGenerator<QueryResult<Row>> {
    // A statement that is read in part would hold back the log, and who reads it can take its time.
    yield await this.executeQuery<Row>(query)
  }

  async begin(): Promise<void> {
    this.#turn = await this.#sqlite.enter()
    // A deferred transaction that reads before it writes fails at once, without the busy timeout, when another process
    // wrote in between (sqlite.org/lang_transaction.html §2.2). Every transaction of ours writes, so each starts as one.
    await this.#runInside(statement('begin immediate'))
    this.#begunIn = this.#sqlite.writer.life
  }

  async commit(): Promise<void> {
    await this.#runInside(statement('commit'))
  }

  async rollBack(): Promise<void> {
    if (!this.#isLost) await this.#sqlite.writer.run({ kind: 'rollback' })
  }

  release(): void {
    this.#turn?.[Symbol.dispose]()
    this.#turn = undefined
  }

  /** The rest of a transaction whose beginning is gone would stand for itself. */
  get #isLost(): boolean {
    return this.#begunIn !== undefined && this.#begunIn !== this.#sqlite.writer.life
  }

  async #runInside(query: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<never>> {
    if (this.#isLost) throw threadLost()
    return await this.#sqlite.writer.query(query)
  }
}

const statement = (sql: string) => ({ sql, parameters: [] })
