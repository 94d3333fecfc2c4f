/** So many pieces are joined at once. A text that grows by `+=` holds thirty bytes for each piece, however short. */
const PIECES_TOGETHER = 1024

/** A text that comes in many small pieces. It holds little more than its characters. */
export class TextPile {
  #settled: string[] = []
  #recent: string[] = []
  #length = 0

  /** In UTF-16 units. */
  get length(): number {
    return this.#length
  }

  add(piece: string): void {
    this.#length += piece.length
    this.#recent.push(piece)
    if (this.#recent.length < PIECES_TOGETHER) return
    this.#settled.push(this.#recent.join(''))
    this.#recent = []
  }

  toString(): string {
    return this.#settled.join('') + this.#recent.join('')
  }

  /** All of it, after which the pile is empty. */
  take(): string {
    const text = this.toString()
    this.#settled = []
    this.#recent = []
    this.#length = 0
    return text
  }
}
