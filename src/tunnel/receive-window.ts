/** A round trip shorter than this counts as this long, milliseconds: the other side's own turns take their time too. */
const LEAST_ROUND_TRIP_MS = 5

/** How much is added to a window that is too small, in times itself: a transfer is over before many small steps are. */
const GROWTH = 3

/** What a stream's window asks of its session. */
export interface WindowSurroundings {
  /** Monotonic milliseconds. */
  elapsed(): number
  readonly roundTripMs: number
  /** Reserves up to `bytes` of what all windows together may have; gives how many it got. */
  takeWindow(bytes: number): number
}

/**
 * The credit one stream has given its sender. It is given back as bytes leave our memory, in halves of the window, and
 * the window grows while a half is used up within two round trips: then it is what holds the stream back.
 */
export class ReceiveWindow {
  readonly #surroundings: WindowSurroundings
  readonly #maxBytes: number
  #size: number
  /** Bytes the sender may still send. */
  #open: number
  #consumed = 0
  #grantedAt: number

  constructor(surroundings: WindowSurroundings, firstBytes: number, maxBytes: number) {
    this.#surroundings = surroundings
    this.#maxBytes = maxBytes
    this.#size = firstBytes
    this.#open = firstBytes
    this.#grantedAt = surroundings.elapsed()
  }

  /** The window as it stands: what the sender could make us keep. */
  get size(): number {
    return this.#size
  }

  /** Bytes have come; false when they are more than was granted. */
  receive(bytes: number): boolean {
    this.#open -= bytes
    return this.#open >= 0
  }

  /** Bytes have left our memory; gives the credit to send now, mostly 0. */
  consume(bytes: number): number {
    this.#consumed += bytes
    if (this.#consumed * 2 < this.#size) return 0
    const now = this.#surroundings.elapsed()
    const roundTrip = Math.max(this.#surroundings.roundTripMs, LEAST_ROUND_TRIP_MS)
    let grant = this.#consumed
    if (this.#size < this.#maxBytes && now - this.#grantedAt < roundTrip * 2) {
      const growth = this.#surroundings.takeWindow(Math.min(this.#size * GROWTH, this.#maxBytes - this.#size))
      this.#size += growth
      grant += growth
    }
    this.#grantedAt = now
    this.#consumed = 0
    this.#open += grant
    return grant
  }
}
