import { createHmac, type Hmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ChainRow, Database } from './schema.ts'

/** A place in a chain: the number of a link and its hash, hex. */
export interface ChainPlace {
  readonly seq: number
  readonly hash: string
}

/** Where every chain begins. */
export const CHAIN_START: ChainPlace = { seq: 0, hash: '0'.repeat(64) }

/** Between which places the links of a chain stand. */
export interface ChainEnds {
  /** The last link that retention removed. */
  readonly base: ChainPlace
  /** The last link. */
  readonly head: ChainPlace
}

/** The ends of a chain, as the database has them. */
export interface ChainAnchor extends ChainEnds {
  /** Whether they were written by somebody who has the key. */
  readonly isGenuine: boolean
}

/** What a removal of old rows came to. */
export interface Forgotten {
  readonly rows: number
  /** The first link that is not as it was written: it was kept, and everything after it. `undefined`: none was met. */
  readonly faultAt: number | undefined
}

/** What tells a chain from others: it can be sent to another thread, and a chain made of it there. */
export interface ChainIdentity {
  readonly name: ChainRow['name']
  /** What its hashes are made with. */
  readonly key: KeyObject
}

/**
 * Rows of which each carries a hash over itself and the one before, made with a key that is not in the database. The
 * anchor, a row of `chains`, says where they begin and end. Whoever changes them holds the write lock of their table.
 */
export class Chain {
  readonly name: ChainRow['name']
  readonly #key: KeyObject

  constructor(name: ChainRow['name'], key: KeyObject) {
    this.name = name
    this.#key = key
  }

  get identity(): ChainIdentity {
    return { name: this.name, key: this.#key }
  }

  /** What a link's hash is made with. */
  hmac(): Hmac {
    return createHmac('sha256', this.#key)
  }

  /** Where the chain begins and ends. One whose anchor is gone, or no anchor, is told as empty, and not as genuine. */
  async anchor(db: Kysely<Database>): Promise<ChainAnchor> {
    const row = await this.#row(db)
    if (row === undefined) return { base: CHAIN_START, head: CHAIN_START, isGenuine: false }
    const ends = {
      base: { seq: row.base_seq, hash: row.base_hash },
      head: { seq: row.head_seq, hash: row.head_hash },
    }
    return { ...ends, isGenuine: isSame(this.#macOf(ends), row.mac) }
  }

  /**
   * Writes new ends in place of those that were read in the same transaction. Where those were not genuine the new
   * ones are not either: a chain that was tampered with must not be made whole by the next one who writes.
   */
  async moveEnds(transaction: Kysely<Database>, from: ChainAnchor, to: ChainEnds): Promise<void> {
    const ends = this.#columnsOf(to)
    const mac = from.isGenuine ? this.#macOf(to) : ''
    await transaction
      .insertInto('chains')
      .values({ name: this.name, ...ends, mac })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...ends, mac }))
      .execute()
  }

  async #row(db: Kysely<Database>): Promise<ChainRow | undefined> {
    try {
      return await db.selectFrom('chains').selectAll().where('name', '=', this.name).executeTakeFirst()
    } catch (error) {
      if (isUnreadable(error)) return undefined
      throw error
    }
  }

  #columnsOf({ base, head }: ChainEnds): Omit<ChainRow, 'name' | 'mac'> {
    return { base_seq: base.seq, base_hash: base.hash, head_seq: head.seq, head_hash: head.hash }
  }

  #macOf(ends: ChainEnds): string {
    // No link's bytes begin like this, so that no hash of one can pass for it.
    return this.hmac()
      .update(`anchor ${JSON.stringify({ name: this.name, ...this.#columnsOf(ends) })}`)
      .digest('hex')
  }
}

/** Whether a row could not be read for a number that is too large for JavaScript, which nothing here writes to SQLite. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE'
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
