import type { Clock } from '../../core/clock.ts'
import { Roster } from '../../core/roster.ts'

/** How often deadlines are looked at: every limit is late by at most this much. */
const TICK_MS = 250

/** Something with a deadline. The watch reads `dueAt` on every tick; moving the deadline is one assignment. */
export interface Watched {
  /** In the watch's own time (`IdleWatch.now`). `Infinity`: none at present. */
  dueAt: number
  /** The watch's own; -1 to begin with. */
  watchPlace: number
  /** Called once per tick while `dueAt` has passed; it must move `dueAt` or leave the watch. */
  onDue(now: number): void
}

/**
 * One timer for all idle limits. A stream moves its deadline on every token, so a timer per stream would cost more than
 * the token itself.
 */
export class IdleWatch implements Disposable {
  readonly #entries = new Roster<Watched>(
    (one) => one.watchPlace,
    (one, at) => {
      one.watchPlace = at
    },
  )
  readonly #timer: Disposable
  #now: number

  constructor(clock: Clock) {
    this.#now = clock.elapsed()
    this.#timer = clock.every(TICK_MS, () => this.#tick(clock.elapsed()))
  }

  /** Monotonic milliseconds as of the last tick: cheap to read, at most one tick old. */
  get now(): number {
    return this.#now
  }

  add(entry: Watched): void {
    this.#entries.add(entry)
  }

  remove(entry: Watched): void {
    this.#entries.remove(entry)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#entries.takeAll()
  }

  #tick(now: number): void {
    this.#now = now
    this.#entries.each((entry) => {
      if (entry.dueAt <= now) entry.onDue(now)
    })
  }
}
