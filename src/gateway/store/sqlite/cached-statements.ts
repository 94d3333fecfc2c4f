import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** Statements kept prepared. The repositories issue far fewer different ones; the bound is for a caller that builds SQL. */
const MAX_STATEMENTS = 200

/** A connection as Kysely's own SQLite driver wants it, with its statements prepared once. */
export class CachedStatements implements SqliteDatabase {
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

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  /** Takes back the transaction that is open. Where SQLite has done so itself, or none was begun, it does nothing. */
  rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback')
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
