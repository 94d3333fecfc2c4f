/** A round trip shorter than this counts as this long, milliseconds: the other side's own turns take their time too. */
const LEAST_ROUND_TRIP_MS = 5

/** How much is added to a window that is too small, in times itself: a transfer is over before many small steps are. */
const GROWTH = 3

/** What is known to come may have so much of what is left for all windows: others will need theirs. */
const EXPECTED_SHARE = 1 / 4

/** What a stream's window asks of its session. */
export interface WindowSurroundings {
  /** Monotonic milliseconds. */
  elapsed(): number
  readonly roundTripMs: number
  /**
   * Reserves up to `bytes` of what all windows together may have, and at most such a share of what is left of that. Gives
   * how many it got.
   */
  takeWindow(bytes: number, share: number): number
}

/**
 * In so many parts a window's credit is given back. Pieces overshoot a part, so that the last of a window is short of one
 * and waits for the next window: with halves, half of every window stood idle for a round trip.
 */
const CREDITS_PER_WINDOW = 8

/**
 * The credit one stream has given its sender. It is given back as bytes leave our memory, part by part, and the window
 * grows while a half is used up within two round trips: then it is what holds the stream back.
 */
export class ReceiveWindow {
  readonly #surroundings: WindowSurroundings
  readonly #maxBytes: number
  #size: number
  /** Bytes the sender may still send. */
  #open: number
  #consumed = 0
  /** Since it was last looked whether it is too small. */
  #sinceLook = 0
  #lookedAt: number

  constructor(surroundings: WindowSurroundings, firstBytes: number, maxBytes: number) {
    this.#surroundings = surroundings
    this.#maxBytes = maxBytes
    this.#size = firstBytes
    this.#open = firstBytes
    this.#lookedAt = surroundings.elapsed()
  }

  /** The window as it stands: what the sender could make us keep. */
  get size(): number {
    return this.#size
  }

  /** So many bytes are said to come: gives the credit to send now, so that they need not wait for the window to grow. */
  expect(bytes: number): number {
    const wanted = Math.min(bytes, this.#maxBytes) - this.#size
    if (wanted <= 0) return 0
    const growth = this.#surroundings.takeWindow(wanted, EXPECTED_SHARE)
    this.#size += growth
    this.#open += growth
    return growth
  }

  /** Bytes have come; false when they are more than was granted. */
  receive(bytes: number): boolean {
    this.#open -= bytes
    return this.#open >= 0
  }

  /** Bytes have left our memory; gives the credit to send now, mostly 0. */
  consume(bytes: number): number {
    this.#consumed += bytes
    this.#sinceLook += bytes
    if (this.#consumed * CREDITS_PER_WINDOW < this.#size) return 0
    let grant = this.#consumed
    this.#consumed = 0
    if (this.#sinceLook * 2 >= this.#size) grant += this.#grow()
    this.#open += grant
    return grant
  }

  /** Half of it was used: it grows where that took less than two round trips. */
  #grow(): number {
    const now = this.#surroundings.elapsed()
    const roundTrip = Math.max(this.#surroundings.roundTripMs, LEAST_ROUND_TRIP_MS)
    const isShort = this.#size < this.#maxBytes && now - this.#lookedAt < roundTrip * 2
    this.#lookedAt = now
    this.#sinceLook = 0
    if (!isShort) return 0
    const growth = this.#surroundings.takeWindow(Math.min(this.#size * GROWTH, this.#maxBytes - this.#size), 1)
    this.#size += growth
    return growth
  }
}
