import type { Clock } from '../../core/clock.ts'

/** What of all bodies together is read in one turn of the event loop, bytes. */
const TURN_BYTES = 1_048_576
/** What one read of a connection may bring, bytes. */
const READ_BYTES = 65_536

/**
 * The turns in which bodies are read. A socket with much to say is read 32 times in a row, and forty of them would hold
 * the loop for a fifth of a second: beyond a megabyte a turn, whoever brings more waits for the next.
 */
export class BodyTurns {
  readonly #clock: Pick<Clock, 'turn'>
  #waiting: (() => void)[] = []
  #bytes = 0
  #isCounting = false

  constructor(clock: Pick<Clock, 'turn'>) {
    this.#clock = clock
  }

  /** Counts bytes that have been read. False: nothing more is to be read there until `resume` is called. */
  read(bytes: number, resume: () => void): boolean {
    this.#bytes += bytes
    if (!this.#isCounting) {
      this.#isCounting = true
      this.#clock.turn(this.#next)
    }
    if (this.#bytes < TURN_BYTES) return true
    this.#waiting.push(resume)
    return false
  }

  readonly #next = (): void => {
    this.#bytes = 0
    const [now, later] = [this.#waiting.slice(0, TURN_BYTES / READ_BYTES), this.#waiting.slice(TURN_BYTES / READ_BYTES)]
    this.#waiting = later
    for (const resume of now) resume()
    this.#isCounting = later.length > 0
    if (this.#isCounting) this.#clock.turn(this.#next)
  }
}

/** Lets one go on in each turn of the event loop: for work that takes as long as a turn may. */
export class SingleTurns {
  readonly #clock: Pick<Clock, 'turn'>
  readonly #waiting: (() => void)[] = []

  constructor(clock: Pick<Clock, 'turn'>) {
    this.#clock = clock
  }

  /** Resolves in a turn in which nobody else's does. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) this.#clock.turn(this.#let)
    })
  }

  readonly #let = (): void => {
    this.#waiting.shift()?.()
    if (this.#waiting.length > 0) this.#clock.turn(this.#let)
  }
}
