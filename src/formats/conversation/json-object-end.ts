const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = 0x7b
const CLOSING = 0x7d

/** Finds where the JSON text of one object ends, piece by piece. It does not look whether all of it is valid JSON. */
export class JsonObjectEnd {
  #depth = 0
  #isInText = false
  #isEscaped = false
  #hasBegun = false
  /** It does not begin as an object, so that nobody can say where it ends. */
  #isOther = false

  /** Whether the object's last brace has come. Never true of what begins as anything else. */
  get isReached(): boolean {
    return this.#hasBegun && this.#depth === 0 && !this.#isOther
  }

  push(piece: string): void {
    for (let at = 0; at < piece.length && !this.#isOther && !this.isReached; at++) this.#see(piece.charCodeAt(at))
  }

  #see(code: number): void {
    if (!this.#hasBegun) {
      this.#begin(code)
    } else if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (code === BACKSLASH) this.#isEscaped = true
      else if (code === QUOTE) this.#isInText = false
    } else if (code === QUOTE) {
      this.#isInText = true
    } else if (code === OPENING) {
      this.#depth++
    } else if (code === CLOSING) {
      this.#depth--
    }
  }

  #begin(code: number): void {
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return
    this.#hasBegun = true
    this.#isOther = code !== OPENING
    this.#depth = 1
  }
}
