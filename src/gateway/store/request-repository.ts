import type { Kysely } from 'kysely'
import type { Forgotten } from './chain.ts'
import type { OpenDatabase } from './database.ts'
import { requestLines } from './request-columns.ts'
import { isWanted, type RequestFilter, type RequestScope } from './request-filter.ts'
import type { RequestSeals } from './request-seals.ts'
import { RequestWriter } from './request-writer.ts'
import type { Database, NewRequestRow, RequestRow } from './schema.ts'
import { sealedRows } from './seal-hash.ts'
import { firstOf, pagesOf, type SeqWindow, seqWindows } from './seq-windows.ts'
import { lockWrites } from './write-lock.ts'

/** The most rows one answer holds. */
const MAX_ANSWER_ROWS = 1_000

export interface RequestQuery extends RequestFilter {
  /** Only rows after this one, oldest first: to follow. Without it, newest first. */
  readonly afterSeq?: number | undefined
  /** Only rows before this one: the next page. */
  readonly beforeSeq?: number | undefined
  /** At most this many, and never over 1,000. */
  readonly limit: number
}

/** One row of metadata for each exchange. */
export class RequestRepository {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect' | 'storeRequests'>
  readonly #seals: RequestSeals | undefined
  readonly #writer = new RequestWriter()

  /** @param seals what holds each batch together; absent: rows are not sealed */
  constructor(database: Pick<OpenDatabase, 'db' | 'dialect' | 'storeRequests'>, seals?: RequestSeals) {
    this.#database = database
    this.#seals = seals
  }

  /**
   * Stores rows in their order, all or none. Token and byte counts have to be whole numbers. Give it all that wait: a
   * row costs half as much among a thousand as among sixty.
   */
  async insertMany(rows: readonly NewRequestRow[]): Promise<void> {
    if (rows.length === 0) return
    if (this.#database.storeRequests !== undefined) {
      return await this.#database.storeRequests(requestLines(rows), this.#seals?.chain.identity)
    }
    await this.#database.db.transaction().execute((transaction) => this.insertIn(transaction, rows))
  }

  /** As `insertMany`, in a transaction of the caller's. */
  async insertIn(transaction: Kysely<Database>, rows: readonly NewRequestRow[]): Promise<void> {
    if (rows.length === 0) return
    await lockWrites(transaction, this.#database.dialect, 'requests')
    await this.#writer.store(transaction, sealedRows(rows), this.#seals?.chain)
  }

  /**
   * Rows that the scope holds, newest first, or oldest first when following with `afterSeq`.
   * @param signal ends the search, with the signal's reason
   */
  async list(scope: RequestScope, query: RequestQuery, signal?: AbortSignal): Promise<RequestRow[]> {
    const { afterSeq, beforeSeq, limit, ...filter } = query
    const order = afterSeq === undefined ? 'desc' : 'asc'
    const wanted = Math.min(limit, MAX_ANSWER_ROWS)
    // Whoever follows begins behind what they have seen: the times of it would say no more.
    const times = order === 'desc' ? { since: filter.since, until: filter.until } : {}
    const windows = seqWindows(this.#database.db, 'requests', { order, afterSeq, beforeSeq, ...times, signal })
    return await firstOf(windows, wanted, (window, rows) =>
      this.#within(window)
        .where((row) => isWanted(row, scope, filter))
        .orderBy('seq', order)
        .limit(rows)
        .execute(),
    )
  }

  /**
   * All rows that the scope holds and that are there now, oldest first, in pages that are read while they are taken. What
   * is recorded meanwhile is left out: on a busy gateway there would be no end.
   * @param signal ends them, with the signal's reason
   */
  pages(
    scope: RequestScope,
    filter: RequestFilter,
    pageRows: number,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly RequestRow[]> {
    const { since, until } = filter
    const windows = seqWindows(this.#database.db, 'requests', { order: 'asc', since, until, signal })
    return pagesOf(windows, pageRows, (window, limit) =>
      this.#within(window)
        .where((row) => isWanted(row, scope, filter))
        .orderBy('seq')
        .limit(limit)
        .execute(),
    )
  }

  /**
   * The row with that id, if the scope holds it. No index knows it: younger rows are looked through, then older ones.
   * @param signal ends the search, with the signal's reason
   */
  async find(scope: RequestScope, id: string, signal?: AbortSignal): Promise<RequestRow | undefined> {
    for await (const window of seqWindows(this.#database.db, 'requests', { order: 'desc', signal })) {
      const found = await this.#within(window)
        .where('id', '=', id)
        .where((row) => isWanted(row, scope, {}))
        .executeTakeFirst()
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Deletes the rows of exchanges that began before `at`, as far as their seals allow. */
  async deleteBefore(at: number): Promise<Forgotten> {
    if (this.#seals !== undefined) return await this.#seals.deleteBefore(at)
    const { numDeletedRows } = await this.#database.db
      .deleteFrom('requests')
      .where('at', '<', at)
      .executeTakeFirstOrThrow()
    return { rows: Number(numDeletedRows), faultAt: undefined }
  }

  #within({ from, to }: SeqWindow) {
    return this.#database.db.selectFrom('requests').selectAll().where('seq', '>=', from).where('seq', '<=', to)
  }
}
