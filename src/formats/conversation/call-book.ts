/** A call of an answer, as a renderer tells of it. */
export interface BookedCall {
  /** Its place among the calls of the answer, from 0. */
  readonly at: number
  /** No other call of the answer has it. */
  readonly id: string
}

interface Entry extends BookedCall {
  readonly givenId: string
}

/** What a call costs beside its id, in characters. */
const CALL_COST = 256

/**
 * The calls of one answer, by the index that its server tells them by. Servers leave ids out, give all calls the same, or
 * count from where they like: here each call gets a place and an id of its own. The id is the server's where it can be.
 */
export class CallBook {
  readonly #prefix: string
  readonly #byIndex = new Map<number, Entry>()
  readonly #ids = new Set<string>()
  #count = 0
  #heldLength = 0

  /** @param headId of the answer, which new ids are made of */
  constructor(headId: string) {
    this.#prefix = `call_${headId}_`
  }

  get hasCalls(): boolean {
    return this.#count > 0
  }

  /** About how many characters are held. */
  get heldLength(): number {
    return this.#heldLength
  }

  /**
   * Enters a call. `undefined`: it was told before. Some servers tell all their calls under one index: by another id it
   * is another call, which takes the index.
   */
  enter(index: number, givenId: string): BookedCall | undefined {
    const known = this.#byIndex.get(index)
    if (known !== undefined && (givenId === '' || known.givenId === '' || givenId === known.givenId)) return undefined
    const at = this.#count++
    const entry = { at, id: this.#ownId(givenId, at), givenId }
    this.#byIndex.set(index, entry)
    this.#heldLength += CALL_COST + givenId.length
    return entry
  }

  /** The call that has the index now. */
  get(index: number): BookedCall | undefined {
    return this.#byIndex.get(index)
  }

  /** What a server gave that looks like one made here could be made again. */
  #ownId(givenId: string, at: number): string {
    if (givenId === '' || givenId.startsWith(this.#prefix) || this.#ids.has(givenId)) return `${this.#prefix}${at}`
    this.#ids.add(givenId)
    return givenId
  }
}
