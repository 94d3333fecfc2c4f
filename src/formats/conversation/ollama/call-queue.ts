import { type BookedCall, CallBook } from '../call-book.ts'
import type { GatheredCall } from '../gathered-answer.ts'
import { JsonObjectEnd } from '../json-object-end.ts'
import { TextPile } from '../text-pile.ts'

interface QueuedCall extends BookedCall {
  readonly name: string
  readonly pile: TextPile
  readonly end: JsonObjectEnd
  /** Another call took its index, so that nothing more can come for it. */
  isOver: boolean
}

/**
 * The calls of one answer until each is whole, in the order in which they began: with its object, where another call
 * begins, or else with the answer. Their arguments may take turns. What a call says after it was taken is left out.
 */
export class CallQueue {
  readonly #book: CallBook
  /** The one at `#first` is the next to be whole; those before it are taken. */
  #queue: QueuedCall[] = []
  #first = 0
  readonly #byIndex = new Map<number, QueuedCall>()
  #waitingLength = 0

  /** @param headId of the answer, for calls without an id */
  constructor(headId: string) {
    this.#book = new CallBook(headId)
  }

  /** About how many characters are held. */
  get heldLength(): number {
    return this.#book.heldLength + this.#waitingLength
  }

  /** Begins a call, unless it was told before; answers those that are whole with that. */
  begin(index: number, givenId: string, name: string): readonly GatheredCall[] {
    const call = this.#book.enter(index, givenId)
    if (call === undefined) return []
    const last = this.#byIndex.get(index)
    if (last !== undefined) last.isOver = true
    const queued = { ...call, name, pile: new TextPile(), end: new JsonObjectEnd(), isOver: false }
    this.#byIndex.set(index, queued)
    this.#queue.push(queued)
    this.#waitingLength += name.length
    return this.#takeWhile((one) => one !== queued && (one.isOver || one.end.isReached))
  }

  /** Passes over arguments of a call that never began, or was taken. */
  add(index: number, text: string): void {
    const call = this.#byIndex.get(index)
    if (call === undefined || call.isOver) return
    call.pile.add(text)
    call.end.push(text)
    this.#waitingLength += text.length
  }

  /** All that are left: the answer is over. */
  rest(): readonly GatheredCall[] {
    return this.#takeWhile(() => true)
  }

  #takeWhile(isWhole: (call: QueuedCall) => boolean): readonly GatheredCall[] {
    const taken: GatheredCall[] = []
    for (let call = this.#queue[this.#first]; call !== undefined && isWhole(call); call = this.#queue[this.#first]) {
      this.#first++
      call.isOver = true
      this.#waitingLength -= call.name.length + call.pile.length
      taken.push({ at: call.at, id: call.id, name: call.name, arguments: call.pile.take() })
    }
    this.#dropTaken()
    return taken
  }

  /** In steps that double: an answer may hold so many calls that a shift of each would hold the loop for seconds. */
  #dropTaken(): void {
    if (this.#first * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#first)
    this.#first = 0
  }
}
