/** So many pieces are joined at once. A text that grows by `+=` holds thirty bytes for each piece, however short. */
const PIECES_TOGETHER = 1024

/** A text that comes in many small pieces and is read once. It holds little more than its characters. */
export class TextPile {
  #settled: string[] = []
  #recent: string[] = []

  add(piece: string): void {
    this.#recent.push(piece)
    if (this.#recent.length < PIECES_TOGETHER) return
    this.#settled.push(this.#recent.join(''))
    this.#recent = []
  }

  /** All of it, after which the pile is empty. */
  take(): string {
    const text = this.#settled.join('') + this.#recent.join('')
    this.#settled = []
    this.#recent = []
    return text
  }
}
