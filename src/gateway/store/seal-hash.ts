import type { Hmac } from 'node:crypto'
import type { Chain } from './chain.ts'
import { requestLines, requestValues, timesOf } from './request-columns.ts'
import type { NewRequestRow, RequestSealRow } from './schema.ts'

/** Rows as they are stored, and as a seal covers them. */
export interface SealedRows {
  /** What `requestValues` gives for them. */
  readonly values: readonly unknown[]
  /** What `requestLines` gives for them. */
  readonly lines: string
}

/** Rows in both forms. */
export function sealedRows(rows: readonly NewRequestRow[]): SealedRows {
  return { values: requestValues(rows), lines: requestLines(rows) }
}

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

  /** Takes the next rows. */
  add({ values, lines }: SealedRows): void {
    this.#hmac.update(lines)
    for (const at of timesOf(values)) {
      if (at > this.#newestAt) this.#newestAt = at
      this.#rows++
    }
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
