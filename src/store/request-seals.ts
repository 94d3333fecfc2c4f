import type { Hmac } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Chain, ChainAnchor, ChainPlace, Forgotten } from './chain.ts'
import type { OpenDatabase } from './database.ts'
import { requestValues, sealedText } from './request-columns.ts'
import type { Database, NewRequestRow, RequestRow, RequestSealRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** Rows in one answer; between two, other work gets its turn. */
const PAGE_ROWS = 200
/** Rows that one transaction removes, and how many more the last seal may bring: other writers wait that long. */
const FORGET_ROWS = 4_096

/** What a seal says of its rows besides their hash. */
type SealFacts = Omit<RequestSealRow, 'hash'>

/** Makes the hash of a seal out of its rows, given in their order. */
export class SealHash {
  readonly #hmac: Hmac
  #rows = 0
  #newestAt = 0

  constructor(chain: Chain) {
    this.#hmac = chain.hmac()
  }

  get rows(): number {
    return this.#rows
  }

  /** Takes the next rows. @param values what `requestValues` gives for them */
  add(rows: readonly NewRequestRow[], values: readonly unknown[]): void {
    let text = ''
    rows.forEach(({ at }, index) => {
      text += `${sealedText(values, index)}\n`
      if (at > this.#newestAt) this.#newestAt = at
    })
    this.#hmac.update(text)
    this.#rows += rows.length
  }

  /** The seal over what was taken, behind the one with the hash `previous`. Once only. */
  seal({ seq, first_seq, last_seq }: Omit<SealFacts, 'rows' | 'newest_at'>, previous: string): RequestSealRow {
    const facts: SealFacts = { seq, first_seq, last_seq, rows: this.#rows, newest_at: this.#newestAt }
    return { ...facts, hash: this.#hmac.update(JSON.stringify({ ...facts, previous })).digest('hex') }
  }

  /** Whether a stored seal is the one over what was taken. Once only. */
  holds(stored: RequestSealRow, previous: string): boolean {
    const made = this.seal(stored, previous)
    // The hash is over what the columns should be; others go by what they are.
    return made.hash === stored.hash && made.rows === stored.rows && made.newest_at === stored.newest_at
  }
}

/** A batch of rows that is written and sealed in one transaction. */
export interface Sealing {
  /** As `SealHash.add`. */
  add(rows: readonly NewRequestRow[], values: readonly unknown[]): void
  /** Stores the seal, once all rows are stored. */
  end(): Promise<void>
}

/** The seals over request rows: one for each batch that was written together, each a link of a chain. */
export class RequestSeals {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #chain: Chain

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>, chain: Chain) {
    this.#database = database
    this.#chain = chain
  }

  /** Begins the next seal, in a transaction that holds the write lock of the requests. */
  async begin(transaction: Kysely<Database>): Promise<Sealing> {
    const anchor = await this.#chain.anchor(transaction)
    const before = await lastOf(transaction, 'requests')
    const hash = new SealHash(this.#chain)
    return {
      add: (rows, values) => hash.add(rows, values),
      end: async () => {
        // Beyond the head there is only what was smuggled in; it must not keep the gateway from writing.
        const seq = Math.max(anchor.head.seq, await lastOf(transaction, 'request_seals')) + 1
        const { first_seq, last_seq } = await transaction
          .selectFrom('requests')
          .select(({ fn }) => [fn.min('seq').as('first_seq'), fn.max('seq').as('last_seq')])
          .where('seq', '>', before)
          .executeTakeFirstOrThrow()
        const seal = hash.seal({ seq, first_seq, last_seq }, anchor.head.hash)
        await transaction.insertInto('request_seals').values(seal).execute()
        await this.#chain.moveEnds(transaction, anchor, { base: anchor.base, head: seal })
      },
    }
  }

  /**
   * Removes old rows: those from before there were seals by their age, and then whole seals with their rows, from the
   * oldest on, where every row of a seal is from before `at`. Each seal is checked first: what was tampered with stays,
   * or retention would remove the proof of it.
   */
  async deleteBefore(at: number): Promise<Forgotten> {
    let rows = 0
    for (;;) {
      const step = await this.#deleteSome(at)
      rows += step.rows
      if (step.rows === 0 || step.faultAt !== undefined) return { rows, faultAt: step.faultAt }
      await nextTurn()
    }
  }

  async #deleteSome(at: number): Promise<Forgotten> {
    const { db, dialect } = this.#database
    return await db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, dialect, 'requests')
      const anchor = await this.#chain.anchor(transaction)
      if (!anchor.isGenuine) return { rows: 0, faultAt: anchor.base.seq + 1 }
      if (anchor.base.seq === 0) {
        const unsealed = await deleteUnsealed(transaction, at)
        // A younger one among them comes before every seal: those wait for it.
        if (unsealed.deleted > 0 || unsealed.left) return { rows: unsealed.deleted, faultAt: undefined }
      }
      return await this.#deleteSeals(transaction, anchor, at)
    })
  }

  async #deleteSeals(transaction: Kysely<Database>, anchor: ChainAnchor, at: number): Promise<Forgotten> {
    let base: ChainPlace = anchor.base
    let rows = 0
    let faultAt: number | undefined
    while (rows < FORGET_ROWS) {
      const [seal] = await sealsAfter(transaction, base.seq, 1)
      if (seal === undefined || seal.newest_at >= at) break
      if (seal.seq !== base.seq + 1 || !(await this.#isWhole(transaction, seal, base.hash))) {
        faultAt = base.seq + 1
        break
      }
      await transaction
        .deleteFrom('requests')
        .where('seq', '>=', seal.first_seq)
        .where('seq', '<=', seal.last_seq)
        .execute()
      base = seal
      rows += seal.rows
    }
    if (rows > 0) {
      await transaction.deleteFrom('request_seals').where('seq', '<=', base.seq).execute()
      await this.#chain.moveEnds(transaction, anchor, { base, head: anchor.head })
    }
    return { rows, faultAt }
  }

  async #isWhole(transaction: Kysely<Database>, seal: RequestSealRow, previous: string): Promise<boolean> {
    const hash = new SealHash(this.#chain)
    for (let from = seal.first_seq; ; ) {
      const page = await rowsBetween(transaction, from, seal.last_seq)
      hash.add(page, requestValues(page))
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return hash.holds(seal, previous)
      from = last.seq + 1
      await nextTurn()
    }
  }
}

/** Seals after one, in their order. */
export function sealsAfter(db: Kysely<Database>, after: number, limit = PAGE_ROWS): Promise<RequestSealRow[]> {
  return db.selectFrom('request_seals').selectAll().where('seq', '>', after).orderBy('seq').limit(limit).execute()
}

/** Request rows from one to another, both with them, in their order. */
export function rowsBetween(db: Kysely<Database>, from: number, to: number, limit = PAGE_ROWS): Promise<RequestRow[]> {
  return db
    .selectFrom('requests')
    .selectAll()
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

async function lastOf(db: Kysely<Database>, table: 'requests' | 'request_seals'): Promise<number> {
  const { last } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.max('seq').as('last'))
    .executeTakeFirstOrThrow()
  return last ?? 0
}

/** Rows from before there were seals: how many went, and whether some are left. */
async function deleteUnsealed(
  transaction: Kysely<Database>,
  at: number,
): Promise<{ readonly deleted: number; readonly left: boolean }> {
  const first = (await sealsAfter(transaction, 0, 1))[0]?.first_seq ?? Number.MAX_SAFE_INTEGER
  const { numDeletedRows } = await transaction
    .deleteFrom('requests')
    .where('seq', '<', first)
    .where('at', '<', at)
    .executeTakeFirstOrThrow()
  const left = await transaction
    .selectFrom('requests')
    .select('seq')
    .where('seq', '<', first)
    .limit(1)
    .executeTakeFirst()
  return { deleted: Number(numDeletedRows), left: left !== undefined }
}
