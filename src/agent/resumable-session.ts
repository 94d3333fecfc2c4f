import type { Clock } from '../core/clock.ts'
import type { TunnelSession } from '../tunnel/session.ts'

/** A session whose link has broken, kept for the next one until its time has run out. Then all its work ends. */
export class ResumableSession {
  readonly session: TunnelSession
  readonly #clock: Clock
  readonly #endsAt: number
  #timer: Disposable | undefined

  /** @param forMs how long the gateway keeps its side of it */
  constructor(session: TunnelSession, forMs: number, clock: Clock) {
    this.session = session
    this.#clock = clock
    this.#endsAt = clock.elapsed() + forMs
    this.release()
  }

  /** It is about to be resumed: its time stands still. */
  hold(): void {
    this.#timer?.[Symbol.dispose]()
  }

  /** It was not resumed after all. */
  release(): void {
    this.hold()
    if (this.session.isOver) return
    this.#timer = this.#clock.after(Math.max(0, this.#endsAt - this.#clock.elapsed()), () => {
      this.session.end('the link was not opened again in time')
    })
  }
}
