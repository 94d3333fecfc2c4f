/** As many pieces are joined at once; each join leaves one flat text behind. */
const PIECES_A_JOIN = 512

/** A text that comes in pieces. It costs about what its characters cost, also where each piece is one. */
export class GrowingText {
  #length = 0
  readonly #joined: string[] = []
  #pieces: string[] = []

  /** In UTF-16 units. */
  get length(): number {
    return this.#length
  }

  add(piece: string): void {
    this.#length += piece.length
    this.#pieces.push(piece)
    if (this.#pieces.length < PIECES_A_JOIN) return
    this.#joined.push(this.#pieces.join(''))
    this.#pieces = []
  }

  toString(): string {
    return this.#joined.join('') + this.#pieces.join('')
  }
}
