import type { Clock } from '../core/clock.ts'
import {
  FIRST_BACKOFF_MS,
  MAX_BACKOFF_MS,
  MAX_RETRY_AFTER_MS,
  PROMPT_BACKOFF_MS,
  PROMPT_FOR_MS,
} from '../protocol/limits.ts'

/** What the next attempt has to do with. */
export interface Waiting {
  /** Streams of a broken link wait to be resumed, and whoever asks meanwhile waits with them. */
  readonly isAwaited?: boolean
  /** How long the gateway asked to be left alone, milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/**
 * How long to wait before the next attempt (docs/protocol.md §8). Waits double from 0.5 s up to 2 s: far below the resume
 * window, and a gateway that was restarted has its agents back within seconds. Only after 5 minutes without a link that
 * held, and while nothing waits to be resumed, do they grow on to 30 s.
 */
export class BackOff {
  readonly #clock: Pick<Clock, 'random' | 'elapsed'>
  #nextMs = FIRST_BACKOFF_MS
  /** When the first wait since a link last held began. */
  #sinceMs: number | undefined

  constructor(clock: Pick<Clock, 'random' | 'elapsed'>) {
    this.#clock = clock
  }

  /** The next wait, milliseconds. A random part of up to one half is taken off: agents lost together come back apart. */
  next({ isAwaited = false, retryAfterMs = 0 }: Waiting = {}): number {
    const nowMs = this.#clock.elapsed()
    this.#sinceMs ??= nowMs
    const isPrompt = isAwaited || nowMs - this.#sinceMs < PROMPT_FOR_MS
    const fullMs = Math.min(this.#nextMs, isPrompt ? PROMPT_BACKOFF_MS : MAX_BACKOFF_MS)
    this.#nextMs = fullMs * 2
    const ownMs = fullMs * (1 - this.#clock.random() / 2)
    if (retryAfterMs <= ownMs) return ownMs
    return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) + this.spread()
  }

  /** A wait before what is to be done at once, but not by all agents in one instant: anything up to 0.5 s. */
  spread(): number {
    return FIRST_BACKOFF_MS * this.#clock.random()
  }

  /** A link has held, or the network is another one: waits are short again. */
  reset(): void {
    this.#nextMs = FIRST_BACKOFF_MS
    this.#sinceMs = undefined
  }
}
