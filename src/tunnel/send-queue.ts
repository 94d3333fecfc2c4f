import { CHUNK_BYTES } from '../protocol/limits.ts'

/** The bytes of one stream that wait to be sent, in the pieces they came in. */
export class SendQueue {
  #pieces: Buffer[] = []
  /** The first piece that is not wholly taken, and how much of it is. */
  #first = 0
  #taken = 0
  #bytes = 0
  #planned = 0
  #credit: number

  constructor(credit: number) {
    this.#credit = credit
  }

  get bytes(): number {
    return this.#bytes
  }

  get credit(): number {
    return this.#credit
  }

  grant(bytes: number): void {
    this.#credit += bytes
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#bytes += piece.length
  }

  /** Bytes set aside for frames that are about to be written. */
  get planned(): number {
    return this.#planned
  }

  /** Sets aside what one more frame with `room` bytes can carry; gives its bytes, 0 when there are none or no credit. */
  plan(room: number): number {
    const bytes = Math.min(this.#bytes - this.#planned, this.#credit - this.#planned, CHUNK_BYTES, room)
    this.#planned += bytes
    return bytes
  }

  /** Moves the first `length` bytes, which were planned, to `target` at `at`. */
  take(target: Buffer, at: number, length: number): void {
    let left = length
    while (left > 0) {
      const piece = this.#pieces[this.#first] as Buffer
      const count = Math.min(left, piece.length - this.#taken)
      piece.copy(target, at + length - left, this.#taken, this.#taken + count)
      left -= count
      this.#taken += count
      if (this.#taken < piece.length) continue
      this.#taken = 0
      this.#first++
      if (this.#first === this.#pieces.length) {
        this.#pieces = []
        this.#first = 0
      }
    }
    this.#bytes -= length
    this.#planned -= length
    this.#credit -= length
  }

  clear(): void {
    this.#pieces = []
    this.#first = 0
    this.#taken = 0
    this.#bytes = 0
    this.#planned = 0
  }
}
