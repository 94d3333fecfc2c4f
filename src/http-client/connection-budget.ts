/** Has connections, idle ones among them. */
export interface IdleKeeper {
  /** Closes the one that is idle the longest; false: none is. */
  closeOneIdle(): boolean
}

export interface ConnectionBudgetOptions {
  /** Connections at once, over all that share it. */
  readonly limit: number
  /** Called when a connection could not be had: there are as many, or the system allows no more open files. */
  readonly onExhausted: () => void
}

/**
 * How many connections may stand at once, over all dispatchers that share it: each is an open file, and some of those
 * must be left for the rest of the process. An idle connection, of whichever dispatcher, gives way to a new one.
 */
export class ConnectionBudget {
  readonly #limit: number
  readonly #keepers = new Set<IdleKeeper>()
  #taken = 0
  #isHeld = false
  readonly onExhausted: () => void

  constructor({ limit, onExhausted }: ConnectionBudgetOptions) {
    this.#limit = limit
    this.onExhausted = onExhausted
  }

  /** While held it gives only what was given back: for when there are fewer files than was thought. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** Room for one more connection of the keeper's. False: there is none. */
  take(keeper: IdleKeeper): boolean {
    const isFull = this.#isHeld || this.#taken >= this.#limit
    if (isFull && !this.#closeOneIdle(keeper)) {
      this.onExhausted()
      return false
    }
    this.#taken++
    this.#keepers.add(keeper)
    return true
  }

  /** A connection of the keeper's has closed. @param isLast it has no other */
  give(keeper: IdleKeeper, isLast: boolean): void {
    this.#taken--
    if (isLast) this.#keepers.delete(keeper)
  }

  /** The keeper's own last: it may need them in a moment. */
  #closeOneIdle(keeper: IdleKeeper): boolean {
    for (const other of this.#keepers) if (other !== keeper && other.closeOneIdle()) return true
    return keeper.closeOneIdle()
  }
}
