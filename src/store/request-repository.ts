import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CompiledQuery, Kysely } from 'kysely'
import type { Forgotten } from './chain.ts'
import type { OpenDatabase } from './database.ts'
import { BLANK_REQUEST, requestValues } from './request-columns.ts'
import { isWanted, type RequestFilter, type RequestScope } from './request-filter.ts'
import type { RequestSeals } from './request-seals.ts'
import type { Database, NewRequestRow, RequestRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** Rows in one insert; below both databases' limits on parameters, above which more gain nothing. */
const MAX_INSERT_ROWS = 64
/**
 * Rows that one query looks through. SQLite works in the gateway's own thread, where these hold up every stream for about
 * a millisecond; PostgreSQL works elsewhere, and what costs is to ask.
 */
const SCAN_ROWS: Readonly<Record<OpenDatabase['dialect'], number>> = { sqlite: 2_000, postgres: 50_000 }
/** The most rows one answer holds. */
const MAX_ANSWER_ROWS = 1_000

export interface RequestQuery extends RequestFilter {
  /** Only rows after this one, oldest first: to follow. Without it, newest first. */
  readonly afterSeq?: number
  /** Only rows before this one: the next page. */
  readonly beforeSeq?: number
  /** At most this many, and never over 1,000. */
  readonly limit: number
}

/** One row of metadata for each exchange. */
export class RequestRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']
  readonly #seals: RequestSeals | undefined
  readonly #inserts = new Map<number, CompiledQuery>()

  /** @param seals what holds each batch together; absent: rows are not sealed */
  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>, seals?: RequestSeals) {
    this.#db = db
    this.#dialect = dialect
    this.#seals = seals
  }

  /**
   * Stores rows in their order, all or none. Token and byte counts have to be whole numbers. Give it all that wait: a
   * row costs half as much among a thousand as among sixty, and other work gets its turn in between.
   */
  async insertMany(rows: readonly NewRequestRow[]): Promise<void> {
    if (rows.length === 0) return
    await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'requests')
      const sealing = await this.#seals?.begin(transaction)
      for (let start = 0; start < rows.length; ) {
        // Powers of two: any number of rows goes in few inserts of seven different texts, each compiled once.
        const size = Math.min(MAX_INSERT_ROWS, 2 ** Math.floor(Math.log2(rows.length - start)))
        const batch = rows.slice(start, start + size)
        const parameters = requestValues(batch)
        await transaction.executeQuery({ ...this.#insertOf(size), parameters })
        sealing?.add(batch, parameters)
        start += size
        // SQLite works in this very thread; a stream must not wait for the whole batch.
        if (start < rows.length) await nextTurn()
      }
      await sealing?.end()
    })
  }

  /** Rows that the scope holds, newest first, or oldest first when following with `afterSeq`. */
  async list(scope: RequestScope, query: RequestQuery): Promise<RequestRow[]> {
    const { afterSeq, beforeSeq, limit, ...filter } = query
    const order = afterSeq === undefined ? 'desc' : 'asc'
    const wanted = Math.min(limit, MAX_ANSWER_ROWS)
    const found: RequestRow[] = []
    for await (const { from, to } of this.#windows(order, afterSeq, beforeSeq)) {
      const rows = await this.#db
        .selectFrom('requests')
        .selectAll()
        .where('seq', '>=', from)
        .where('seq', '<=', to)
        .where((row) => isWanted(row, scope, filter))
        .orderBy('seq', order)
        .limit(wanted - found.length)
        .execute()
      for (const row of rows) found.push(row)
      if (found.length >= wanted) break
    }
    return found
  }

  /** The row with that id, if the scope holds it. No index knows it: younger rows are looked through, then older ones. */
  async find(scope: RequestScope, id: string): Promise<RequestRow | undefined> {
    for await (const { from, to } of this.#windows('desc')) {
      const found = await this.#db
        .selectFrom('requests')
        .selectAll()
        .where('seq', '>=', from)
        .where('seq', '<=', to)
        .where((row) => isWanted(row, scope, {}))
        .where('id', '=', id)
        .executeTakeFirst()
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * The rows in windows by number, without a gap. A query that few rows answer looks through many, and between two
   * windows other work gets its turn.
   */
  async *#windows(
    order: 'asc' | 'desc',
    afterSeq = 0,
    beforeSeq = Infinity,
  ): AsyncGenerator<{ readonly from: number; readonly to: number }> {
    const { oldest, newest } = await this.#db
      .selectNoFrom((from) => [
        from
          .selectFrom('requests')
          .select(({ fn }) => fn.min('seq').as('seq'))
          .as('oldest'),
        from
          .selectFrom('requests')
          .select(({ fn }) => fn.max('seq').as('seq'))
          .as('newest'),
      ])
      .executeTakeFirstOrThrow()
    const size = SCAN_ROWS[this.#dialect]
    const first = Math.max(oldest ?? 0, afterSeq + 1)
    const last = Math.min(newest ?? 0, beforeSeq - 1)
    for (let done = 0; done <= last - first; done += size) {
      if (done > 0) await nextTurn()
      if (order === 'asc') yield { from: first + done, to: Math.min(first + done + size - 1, last) }
      else yield { from: Math.max(last - done - size + 1, first), to: last - done }
    }
  }

  /** Deletes the rows of exchanges that began before `at`, as far as their seals allow. */
  async deleteBefore(at: number): Promise<Forgotten> {
    if (this.#seals !== undefined) return await this.#seals.deleteBefore(at)
    const { numDeletedRows } = await this.#db.deleteFrom('requests').where('at', '<', at).executeTakeFirstOrThrow()
    return { rows: Number(numDeletedRows), faultAt: undefined }
  }

  #insertOf(size: number): CompiledQuery {
    let insert = this.#inserts.get(size)
    if (insert === undefined) {
      const blanks = new Array<NewRequestRow>(size).fill(BLANK_REQUEST)
      insert = this.#db.insertInto('requests').values(blanks).compile()
      this.#inserts.set(size, insert)
    }
    return insert
  }
}
