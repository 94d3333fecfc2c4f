import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { AuditActor, AuditNote } from '../store/audit-note.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { Database } from '../store/schema.ts'
import { ConcurrentSqliteAdapter } from '../store/sqlite/threaded-dialect.ts'
import type { OpenChange, Store } from '../store/store.ts'
import { storeError } from '../store/store-error.ts'
import { type ChangeScope, JoinedChange, LazyChange } from './change-scope.ts'
import { opensChange } from './opening-writes.ts'

export interface SignInChangesOptions {
  readonly database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly store: Pick<Store, 'change'>
}

/**
 * What the library for sign-in writes, as changes of the store. The library has a connection of its own kind: while a
 * request is served, its first write to who comes in begins a change, and from then on all it reads and writes, and what
 * we record of it, is a part of that. Before that, and outside of requests, each statement is its own.
 */
export class SignInChanges {
  /** For the library, and for nothing else. */
  readonly db: Kysely<Database>
  readonly #store: Pick<Store, 'change'>
  readonly #scope = new AsyncLocalStorage<ChangeScope>()

  constructor({ database, store }: SignInChangesOptions) {
    this.#store = store
    const connection = new ScopedConnection(database.db, this.#scope)
    this.db = new Kysely<Database>({ dialect: scopedDialect(database.dialect, connection) })
  }

  /**
   * Runs what serves one request. Its change is stored when `run` resolves, also where it refuses something: failures are
   * counted. It is not where `run` rejects, nor where something broke on the way. Rejects with `store_unavailable` where
   * the database cannot be used.
   */
  async run<T>(run: () => Promise<T>, isBroken: (result: T) => boolean = () => false): Promise<T> {
    const scope = new LazyChange(this.#store)
    try {
      const result = await this.#scope.run(scope, run)
      if (isBroken(result)) {
        await scope.rollBack(new Error('what was begun is taken back'))
        scope.requireWhole()
      } else {
        await scope.commit()
      }
      return result
    } catch (error) {
      await scope.rollBack(error)
      // What it was at first is not what the library made of it.
      scope.requireWhole()
      throw storeError(error)
    }
  }

  /** Runs what the library does as a part of a change that is open. */
  async within<T>(change: OpenChange, run: () => Promise<T>): Promise<T> {
    return await this.#scope.run(new JoinedChange(change), run)
  }

  /** Records what comes of the request that is served, in the name of whoever it turned out to be. */
  async record(note: AuditNote, by: AuditActor): Promise<void> {
    ;(await this.open()).record(note, by)
  }

  /** The change of the request that is served; begins it where it has not begun. */
  async open(): Promise<OpenChange> {
    return await this.#current().open()
  }

  /** That the request that is served has begun a session. */
  sessionBegan(id: string): void {
    this.#current().sessionBegan(id)
  }

  /** That a session was ended: those who follow are told. Not of one that the same request began. */
  sessionEnded(id: string): void {
    this.#scope.getStore()?.sessionEnded(id)
  }

  #current(): ChangeScope {
    const scope = this.#scope.getStore()
    if (scope === undefined) throw new Error('no request is served that could change something')
    return scope
  }
}

/** Where a statement of the library goes: into the change of its request, or to the database. */
class ScopedConnection implements DatabaseConnection {
  readonly #db: Kysely<Database>
  readonly #scope: AsyncLocalStorage<ChangeScope>

  constructor(db: Kysely<Database>, scope: AsyncLocalStorage<ChangeScope>) {
    this.#db = db
    this.#scope = scope
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const scope = this.#scope.getStore()
    const change =
      scope === undefined ? undefined : opensChange(query.query) ? await scope.open() : await scope.opened()
    if (scope === undefined || change === undefined) {
      const result = await this.#db.executeQuery<Row>(query as CompiledQuery<Row>)
      scope?.hasRead(query, result.rows)
      return result
    }
    try {
      return await change.db.executeQuery<Row>(query as CompiledQuery<Row>)
    } catch (error) {
      // PostgreSQL takes nothing more then, and says of the end only that it went well.
      scope.fail(error)
      throw error
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}

function scopedDialect(dialect: OpenDatabase['dialect'], connection: DatabaseConnection): Dialect {
  const isSqlite = dialect === 'sqlite'
  return {
    createDriver: () => new ScopedDriver(connection),
    createAdapter: () => (isSqlite ? new ConcurrentSqliteAdapter() : new PostgresAdapter()),
    createQueryCompiler: () => (isSqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    createIntrospector: (db) => (isSqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
  }
}

class ScopedDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  async beginTransaction(): Promise<void> {
    throw new Error('the library for sign-in is set up to make no transaction of its own')
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
