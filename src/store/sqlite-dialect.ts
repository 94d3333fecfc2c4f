import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely'

/** Statements kept prepared. The repositories issue far fewer different ones; the bound is for a caller that builds SQL. */
const MAX_STATEMENTS = 200

/**
 * Kysely's SQLite dialect over Node's own `node:sqlite`. Kysely serialises the one connection, so a transaction has it
 * to itself; `destroy()` of the Kysely instance closes the database.
 */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase

  constructor(database: DatabaseSync) {
    const cached = new CachedStatements(database)
    super({ database: cached })
    this.#database = cached
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#database })
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class ImmediateDriver extends SqliteDriver {
  // A deferred transaction that reads before it writes fails at once, without the busy timeout, when another process
  // wrote in between (sqlite.org/lang_transaction.html §2.2). Every transaction of ours writes, so each starts as one.
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class TransactionalAdapter extends SqliteAdapter {
  // SQLite's schema changes roll back like any other. Kysely says otherwise, and would then leave a migration that
  // was cut short half done, and let two processes migrate at once.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** The database as Kysely's driver wants it, with its statements prepared once. */
class CachedStatements implements SqliteDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, SqliteStatement>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = prepareFor(this.#database, sql)
    if (this.#statements.size >= MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys()
      if (oldest !== undefined) this.#statements.delete(oldest)
    }
    this.#statements.set(sql, statement)
    return statement
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }
}

function prepareFor(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql)
  const bound = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    // Whether running it gives rows: a query, or a change with a `returning` clause.
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bound(parameters)),
    run: (parameters) => statement.run(...bound(parameters)),
    iterate: (parameters) => statement.iterate(...bound(parameters)),
  }
}
