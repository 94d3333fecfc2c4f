import { MAX_BACKOFF_MS } from '../protocol/limits.ts'

const FIRST_MS = 1_000

/** How long to wait before the next attempt (docs/protocol.md §8): twice as long each time, less a random part. */
export class BackOff {
  readonly #random: () => number
  #nextMs = FIRST_MS

  /** @param random evenly between 0 and 1, as `Math.random` */
  constructor(random: () => number) {
    this.#random = random
  }

  /** The next wait, milliseconds: between half of and all of 1 s, 2 s, 4 s … up to 30 s. */
  next(): number {
    const fullMs = this.#nextMs
    this.#nextMs = Math.min(fullMs * 2, MAX_BACKOFF_MS)
    return fullMs * (1 - this.#random() / 2)
  }

  /** A link has held: the next wait is short again. */
  reset(): void {
    this.#nextMs = FIRST_MS
  }
}
