import type { Clock } from '../../core/clock.ts'

/** Of so many failed requests it is known what their model server said; each has 512 characters at most. */
const MAX_REQUESTS = 1_000
const KEPT_MS = 3_600_000

/**
 * What model servers said of requests that failed lately. It may repeat a prompt, so that it is kept in memory alone, and
 * for an hour: it is neither stored nor logged.
 */
export class RecentWords {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #kept = new Map<string, { readonly said: string; readonly untilMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(requestId: string, said: string): void {
    const now = this.#clock.elapsed()
    for (const [id, { untilMs }] of this.#kept) {
      if (untilMs > now && this.#kept.size < MAX_REQUESTS) break
      this.#kept.delete(id)
    }
    this.#kept.set(requestId, { said, untilMs: now + KEPT_MS })
  }

  /** `undefined`: nothing was said, or it is too long ago. */
  of(requestId: string): string | undefined {
    const kept = this.#kept.get(requestId)
    return kept !== undefined && kept.untilMs > this.#clock.elapsed() ? kept.said : undefined
  }
}
