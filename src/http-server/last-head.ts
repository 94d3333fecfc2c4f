import type { ArrivedHead } from './request-head.ts'

/** Longer heads are read anew: what a connection keeps while it is idle is kept small. */
const MAX_KEPT_BYTES = 2_048

/**
 * The last head of a connection beside the bytes it was read from: most clients send the same ones again and again. Only
 * heads that were read and found good come in, and one is given again for the same bytes alone.
 */
export class LastHead {
  #copy: Buffer | undefined
  #bytes = 0
  #head: ArrivedHead | undefined

  /** How long the head is, with its empty line. */
  get bytes(): number {
    return this.#bytes
  }

  /** The head, if its bytes stand at `start`. They end in an empty line and hold no other, so nothing else begins so. */
  at(bytes: Buffer, start: number, end: number): ArrivedHead | undefined {
    const length = this.#bytes
    const copy = this.#copy
    if (copy === undefined || length === 0 || end - start < length) return undefined
    // Tells most others without a call: another length of the head puts another byte there.
    if (bytes[start + length - 1] !== copy[length - 1] || bytes[start + length - 5] !== copy[length - 5]) {
      return undefined
    }
    return bytes.compare(copy, 0, length, start, start + length) === 0 ? this.#head : undefined
  }

  /** Keeps a head that was read from bytes `start` to `end`. */
  keep(bytes: Buffer, start: number, end: number, head: ArrivedHead): void {
    const length = end - start
    if (length > MAX_KEPT_BYTES) return
    // Not from the pool, of which a few bytes would keep the whole.
    if (this.#copy === undefined || this.#copy.length < length)
      this.#copy = Buffer.allocUnsafeSlow((length + 255) & ~255)
    bytes.copy(this.#copy, 0, start, end)
    this.#bytes = length
    this.#head = head
  }
}
