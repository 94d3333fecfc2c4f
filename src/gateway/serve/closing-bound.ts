import type { Clock } from '../../core/clock.ts'
import type { OpenDatabase } from '../store/database.ts'

/** How long a gateway that stops waits for a database that takes nothing. A statement that runs then may end first. */
export const CLOSE_WITHIN_MS = 10_000

/**
 * One time for all that is written when a gateway stops: rows, revocations, when keys were last used. As long as rows are
 * stored it begins anew; once it is over, the database is given up. Disposing it ends its timer.
 */
export class ClosingBound implements Disposable {
  readonly #clock: Clock
  #timer: Disposable | undefined
  #giveUp: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** From now on nothing is waited for longer. */
  begin(database: Pick<OpenDatabase, 'giveUp'>): void {
    this.#giveUp = () => database.giveUp()
    this.renew()
  }

  /** Something was stored. */
  renew(): void {
    if (this.#giveUp === undefined) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#clock.after(CLOSE_WITHIN_MS, this.#giveUp)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#giveUp = undefined
  }
}
