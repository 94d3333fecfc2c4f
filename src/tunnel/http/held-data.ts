const SLAB_BYTES = 16_384

/**
 * Bytes that came while their reader was paused, copied together. As they came, a piece of one byte would keep the whole
 * message it came in, and no window would bound what the other side can make us keep.
 */
export class HeldData {
  #full: Buffer[] = []
  #last: Buffer | undefined
  /** Bytes of `#last` that are used. */
  #filled = 0

  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#last === undefined
  }

  add(piece: Buffer): void {
    let at = 0
    while (at < piece.length) {
      this.#last ??= Buffer.allocUnsafeSlow(SLAB_BYTES)
      const copied = piece.copy(this.#last, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled < SLAB_BYTES) continue
      this.#full.push(this.#last)
      this.#last = undefined
      this.#filled = 0
    }
  }

  /** The bytes that came first, as many as lie together; `undefined` when there are none. */
  take(): Buffer | undefined {
    const full = this.#full.shift()
    if (full !== undefined) return full
    const last = this.#last?.subarray(0, this.#filled)
    this.#last = undefined
    this.#filled = 0
    return last
  }

  clear(): void {
    this.#full = []
    this.#last = undefined
    this.#filled = 0
  }
}
