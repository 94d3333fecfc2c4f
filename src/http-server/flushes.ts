import type { Clock } from '../core/clock.ts'

/** Something that holds bytes until the end of a turn of the event loop. */
export interface Flushable {
  /** Sends them. */
  flush(): void
}

/**
 * What is written in one turn of the event loop leaves at its end, by one callback for all connections: sent one by one in
 * between, each answer would wake its client's processor anew, which costs more than the answer.
 */
export class Flushes {
  readonly #clock: Pick<Clock, 'turn'>
  #waiting: Flushable[] = []

  constructor(clock: Pick<Clock, 'turn'>) {
    this.#clock = clock
  }

  /** Flushes it at the end of this turn. It is added once a turn. */
  add(one: Flushable): void {
    if (this.#waiting.push(one) === 1) this.#clock.turn(this.#flush)
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) one.flush()
  }
}
