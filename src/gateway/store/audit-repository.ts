import type { Kysely } from 'kysely'
import type { Chain, ChainPlace, Forgotten } from './chain.ts'
import type { OpenDatabase } from './database.ts'
import type { AuditRow, Database } from './schema.ts'
import { firstOf, pagesOf, type SeqWindow, seqWindows } from './seq-windows.ts'
import { storableText } from './storable-text.ts'
import { lockWrites } from './write-lock.ts'

/** The most rows one answer holds. */
const MAX_ANSWER_ROWS = 1_000
/** Rows that one transaction removes at most: others wait that long. */
const FORGET_ROWS = 500
/** Rows in one insert: below both databases' limits on parameters. */
const INSERT_ROWS = 500

/** A row to be stored, before it has its number and hash. */
export type NewAuditRow = Omit<AuditRow, 'seq' | 'hash'>

/** Which rows; all that is named has to hold. */
export interface AuditQuery {
  /** Of one org; `undefined`: of all, and of none. */
  readonly orgId?: string | undefined
  /** `key.create`, or its first part: `key`. */
  readonly action?: string | undefined
  /** The id of a person. */
  readonly actorId?: string | undefined
  /** The id or the name of what was changed. */
  readonly target?: string | undefined
  /** From this epoch millisecond on. */
  readonly since?: number | undefined
  /** Up to, not with, this epoch millisecond. */
  readonly until?: number | undefined
}

/** Which part of the list of rows. */
export interface AuditPage {
  readonly limit: number
  /** Only rows before this one: the next page. */
  readonly beforeSeq?: number | undefined
  /** Only rows after this one, oldest first: to follow. */
  readonly afterSeq?: number | undefined
}

/** The rows of the audit log. They are added and, by retention, removed at the old end; nothing changes one. */
export class AuditRepository {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #chain: Chain

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>, chain: Chain) {
    this.#database = database
    this.#chain = chain
  }

  /** Stores rows as the next links of the chain, inside a transaction that holds the lock of changes; as they are stored. */
  async append(transaction: Kysely<Database>, given: readonly NewAuditRow[]): Promise<readonly AuditRow[]> {
    if (given.length === 0) return []
    const anchor = await this.#chain.anchor(transaction)
    const { last } = await transaction
      .selectFrom('audit')
      .select(({ fn }) => fn.max('seq').as('last'))
      .executeTakeFirstOrThrow()
    // Beyond the head there is only what was smuggled in; it must not keep the gateway from writing.
    const first = Math.max(anchor.head.seq, last ?? 0) + 1
    let head: ChainPlace = anchor.head
    const rows = given.map((one, index) => {
      const row = { seq: first + index, ...storable(one) }
      const stored = { ...row, hash: auditHash(this.#chain, row, head.hash) }
      head = stored
      return stored
    })
    for (let from = 0; from < rows.length; from += INSERT_ROWS) {
      await transaction
        .insertInto('audit')
        .values(rows.slice(from, from + INSERT_ROWS))
        .execute()
    }
    await this.#chain.moveEnds(transaction, anchor, { base: anchor.base, head: { seq: head.seq, hash: head.hash } })
    return rows
  }

  /**
   * Rows, newest first, or oldest first after one; at most 1,000.
   * @param signal ends the search, with the signal's reason
   */
  async list(query: AuditQuery, page: AuditPage, signal?: AbortSignal): Promise<AuditRow[]> {
    const { limit, beforeSeq, afterSeq } = page
    const wanted = Math.min(limit, MAX_ANSWER_ROWS)
    const order = afterSeq === undefined ? 'desc' : 'asc'
    const { since, until } = query
    const windows = seqWindows(this.#database.db, 'audit', { order, afterSeq, beforeSeq, since, until, signal })
    return await firstOf(windows, wanted, (window, rows) =>
      this.#select(query, window).orderBy('seq', order).limit(rows).execute(),
    )
  }

  /**
   * All rows that are there now, oldest first, in pages that are read while they are taken.
   * @param signal ends them, with the signal's reason
   */
  pages(query: AuditQuery, pageRows: number, signal?: AbortSignal): AsyncGenerator<readonly AuditRow[]> {
    const { since, until } = query
    const windows = seqWindows(this.#database.db, 'audit', { order: 'asc', since, until, signal })
    return pagesOf(windows, pageRows, (window, limit) =>
      this.#select(query, window).orderBy('seq').limit(limit).execute(),
    )
  }

  /**
   * Removes the rows from before `at` that stand at the old end of the chain, and moves its base behind them. Each is
   * checked first: what was tampered with stays, or retention would remove the proof of it.
   */
  async deleteBefore(at: number): Promise<Forgotten> {
    let rows = 0
    for (;;) {
      const step = await this.#deleteSome(at)
      rows += step.rows
      if (step.rows < FORGET_ROWS || step.faultAt !== undefined) return { rows, faultAt: step.faultAt }
    }
  }

  async #deleteSome(at: number): Promise<Forgotten> {
    const { db, dialect } = this.#database
    return await db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, dialect, 'changes')
      const anchor = await this.#chain.anchor(transaction)
      if (!anchor.isGenuine) return { rows: 0, faultAt: anchor.base.seq + 1 }
      let base: ChainPlace = anchor.base
      let faultAt: number | undefined
      for (const row of await oldest(transaction, base.seq)) {
        const isWhole = row.seq === base.seq + 1 && row.hash === auditHash(this.#chain, row, base.hash)
        if (!isWhole) faultAt = base.seq + 1
        if (!isWhole || row.at >= at) break
        base = row
      }
      const count = base.seq - anchor.base.seq
      if (count > 0) {
        await transaction.deleteFrom('audit').where('seq', '<=', base.seq).execute()
        await this.#chain.moveEnds(transaction, anchor, { base, head: anchor.head })
      }
      return { rows: count, faultAt }
    })
  }

  #select({ orgId, action, actorId, target, since, until }: AuditQuery, { from, to }: SeqWindow) {
    let select = this.#database.db.selectFrom('audit').selectAll().where('seq', '>=', from).where('seq', '<=', to)
    if (orgId !== undefined) select = select.where('org_id', '=', orgId)
    if (action !== undefined) {
      select = select.where(({ or, eb, fn, val }) =>
        or([
          eb('action', '=', action),
          eb(fn('substr', ['action', val(1), val(action.length + 1)]), '=', `${action}.`),
        ]),
      )
    }
    if (actorId !== undefined) select = select.where('actor_id', '=', actorId)
    if (target !== undefined) {
      select = select.where(({ or, eb }) => or([eb('target_id', '=', target), eb('target_name', '=', target)]))
    }
    if (since !== undefined) select = select.where('at', '>=', since)
    if (until !== undefined) select = select.where('at', '<', until)
    return select
  }
}

/** The hash of a row that follows the one with the hash `previous`. */
export function auditHash(chain: Chain, row: Omit<AuditRow, 'hash'>, previous: string): string {
  // The order and the names are part of what is signed: another order, and no row that is stored holds any more.
  const canonical = {
    seq: row.seq,
    at: row.at,
    org_id: row.org_id,
    actor_kind: row.actor_kind,
    actor_id: row.actor_id,
    actor_name: row.actor_name,
    address: row.address,
    action: row.action,
    target_id: row.target_id,
    target_name: row.target_name,
    before: row.before,
    after: row.after,
    previous,
  }
  return chain.hmac().update(JSON.stringify(canonical)).digest('hex')
}

function oldest(transaction: Kysely<Database>, after: number): Promise<AuditRow[]> {
  return transaction
    .selectFrom('audit')
    .selectAll()
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(FORGET_ROWS)
    .execute()
}

function storable(row: NewAuditRow): NewAuditRow {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string' ? storableText(value) : value,
  ])
  return Object.fromEntries(entries) as NewAuditRow
}
