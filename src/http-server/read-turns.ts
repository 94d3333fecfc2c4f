import type { Clock } from '../core/clock.ts'

/** What of all connections together is read in one turn of the event loop, bytes. */
const TURN_BYTES = 1_048_576
/** What one read of a connection may bring, bytes. */
const READ_BYTES = 65_536

/** Something that reads, and may have to wait. */
export interface TurnReader {
  /** It may read again. */
  goOn(): void
}

/**
 * The turns in which connections are read. A socket with much to say is read 32 times in a row, and forty of them would hold
 * the loop for a fifth of a second: beyond a megabyte a turn, whoever brings more waits for the next.
 */
export class ReadTurns {
  readonly #clock: Pick<Clock, 'turn'>
  #waiting: TurnReader[] = []
  #bytes = 0
  #isCounting = false

  constructor(clock: Pick<Clock, 'turn'>) {
    this.#clock = clock
  }

  /** Counts bytes that have been read. False: `reader` must read nothing more until it is told to go on. */
  read(bytes: number, reader: TurnReader): boolean {
    this.#bytes += bytes
    if (!this.#isCounting) {
      this.#isCounting = true
      this.#clock.turn(this.#next)
    }
    if (this.#bytes < TURN_BYTES) return true
    this.#waiting.push(reader)
    return false
  }

  readonly #next = (): void => {
    this.#bytes = 0
    const [now, later] = [this.#waiting.slice(0, TURN_BYTES / READ_BYTES), this.#waiting.slice(TURN_BYTES / READ_BYTES)]
    this.#waiting = later
    for (const reader of now) reader.goOn()
    this.#isCounting = later.length > 0
    if (this.#isCounting) this.#clock.turn(this.#next)
  }
}
