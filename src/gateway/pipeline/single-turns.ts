import type { Clock } from '../../core/clock.ts'

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
