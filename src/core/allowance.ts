import type { Clock } from './clock.ts'

/** How often something may happen: so many at once, and so many a second for as long as it goes on. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** How much may still happen: it fills up again as time passes, to no more than the burst. */
export class Allowance {
  readonly #clock: Pick<Clock, 'elapsed'>
  readonly #rate: Rate
  #left: number
  #atMs: number

  constructor(rate: Rate, clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock
    this.#rate = rate
    this.#left = rate.burst
    this.#atMs = clock.elapsed()
  }

  /** Counts what has happened; false when it is more than may. */
  take(count: number): boolean {
    const now = this.#clock.elapsed()
    const { burst, perSecond } = this.#rate
    this.#left = Math.min(burst, this.#left + ((now - this.#atMs) / 1000) * perSecond) - count
    this.#atMs = now
    return this.#left >= 0
  }

  /** How long until what was taken beyond the allowance is made up for, milliseconds; 0 where nothing was. */
  get debtMs(): number {
    return Math.max(0, (-this.#left / this.#rate.perSecond) * 1000)
  }
}
