import type { Kysely } from 'kysely'
import type { Chain, ChainAnchor, ChainPlace, Forgotten } from './chain.ts'
import type { OpenDatabase } from './database.ts'
import type { Database, RequestRow, RequestSealRow } from './schema.ts'
import { SealHash, sealedRows } from './seal-hash.ts'
import { lockWrites } from './write-lock.ts'

/** Rows in one answer; between two, other work gets its turn. */
const PAGE_ROWS = 200
/** Rows that one transaction removes, and how many more the last seal may bring: other writers wait that long. */
const FORGET_ROWS = 4_096

/** The seals over request rows: one for each batch that was written together, each a link of a chain. */
export class RequestSeals {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #chain: Chain

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>, chain: Chain) {
    this.#database = database
    this.#chain = chain
  }

  /** What the seals are links of. */
  get chain(): Chain {
    return this.#chain
  }

  /** What is stored beside the text of a row that is not sealed yet, hex: only who has the chain's key can make it. */
  macOf(text: string): string {
    return this.#chain.hmac().update(`unsealed\n${text}`).digest('hex')
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
      hash.add(sealedRows(page))
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return hash.holds(seal, previous)
      from = last.seq + 1
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
