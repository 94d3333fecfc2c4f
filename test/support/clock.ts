import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  dueAtMs: number
  readonly order: number
  readonly intervalMs: number | undefined
  readonly run: () => void
}

/** Where a `ManualClock` stands before its first move: 2026-01-01T00:00:00Z, in milliseconds since the epoch. */
export const MANUAL_CLOCK_START = Date.UTC(2026, 0, 1)

/** A clock that moves only when a test moves it. Wall time and monotonic time move together. */
export class ManualClock implements Clock {
  readonly #startedAt: number
  #elapsedMs = 0
  #nextOrder = 0
  readonly #timers = new Set<Timer>()

  constructor(startedAt: number = MANUAL_CLOCK_START) {
    this.#startedAt = startedAt
  }

  /** How many timers wait: a test asks it to see that none was left behind. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** When the next timer falls due, in `elapsed`'s milliseconds; `undefined` when none waits. */
  get nextDueMs(): number | undefined {
    return this.#earliest(Number.POSITIVE_INFINITY)?.dueAtMs
  }

  now(): number {
    return this.#startedAt + this.#elapsedMs
  }

  elapsed(): number {
    return this.#elapsedMs
  }

  every(intervalMs: number, run: () => void): Disposable {
    if (!(intervalMs > 0)) throw new RangeError('an interval must be longer than 0 ms')
    return this.#add({ dueAtMs: this.#elapsedMs + intervalMs, order: this.#nextOrder++, intervalMs, run })
  }

  after(delayMs: number, run: () => void): Disposable {
    const dueAtMs = this.#elapsedMs + Math.max(0, delayMs)
    return this.#add({ dueAtMs, order: this.#nextOrder++, intervalMs: undefined, run })
  }

  /** Turns stay the event loop's own: only time is moved by hand. */
  turn(run: () => void): void {
    setImmediate(run)
  }

  random(): number {
    return Math.random()
  }

  /**
   * Moves time on by `ms` and runs every timer that falls due, earliest first and in the order they were set where
   * two fall together; each sees its own due time as now. Timers set on the way run too if they fall within `ms`.
   */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms
    for (let timer = this.#earliest(untilMs); timer !== undefined; timer = this.#earliest(untilMs)) {
      this.#elapsedMs = timer.dueAtMs
      if (timer.intervalMs === undefined) this.#timers.delete(timer)
      else timer.dueAtMs += timer.intervalMs
      timer.run()
    }
    this.#elapsedMs = untilMs
  }

  #add(timer: Timer): Disposable {
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => this.#timers.delete(timer) }
  }

  #earliest(untilMs: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueAtMs > untilMs) continue
      const isEarlier =
        earliest === undefined ||
        timer.dueAtMs < earliest.dueAtMs ||
        (timer.dueAtMs === earliest.dueAtMs && timer.order < earliest.order)
      if (isEarlier) earliest = timer
    }
    return earliest
  }
}
