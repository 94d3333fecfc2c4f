import type { AnswerPart } from '../../answer-parts.ts'
import { JsonObjectEnd } from '../json-object-end.ts'
import { TextPile } from '../text-pile.ts'

/** What a block of an answer is. */
export type BlockHead =
  | { readonly kind: 'text' | 'reasoning' }
  | { readonly kind: 'call'; readonly id: string; readonly name: string }

/** Takes the blocks one behind the other: each is opened, said piece by piece, and closed before the next one opens. */
export interface BlockSink {
  open(index: number, head: BlockHead): void
  piece(index: number, head: BlockHead, text: string): void
  close(index: number): void
}

/** What a block that waits, or a call that may get more arguments, costs beside its texts; in characters. */
const BLOCK_COST = 256

interface QueuedBlock {
  readonly head: BlockHead
  /** Of a call's arguments. */
  readonly end: JsonObjectEnd | undefined
  /** What it said before it was open. */
  readonly waiting: TextPile
  waitingLength: number
  /** Nothing more can come for it, wherever its object ends. */
  isOver: boolean
  isClosed: boolean
}

interface KnownCall {
  readonly id: string
  readonly block: QueuedBlock
}

/**
 * Brings the parts of an answer into blocks that do not overlap, in the order in which each began. A block of text ends
 * where another block begins. A call's block ends only when its object does or the answer does, since calls may get their
 * arguments in turns: what begins meanwhile waits. What a call says behind its object, after its block is closed, is left out.
 */
export class BlockOrder {
  readonly #sink: BlockSink
  readonly #newId: (index: number) => string
  /** The one at `#first` is open; those before it are over. */
  #queue: QueuedBlock[] = []
  #first = 0
  readonly #calls = new Map<number, KnownCall>()
  readonly #ids = new Set<string>()
  /** The number of the next id that is made where that of the call's own index is taken. */
  #spare = 0
  #index = 0
  #heldLength = 0

  /** @param newId the id of a call that has none of its own, by its index among the calls or any other number that is free */
  constructor(sink: BlockSink, newId: (index: number) => string) {
    this.#sink = sink
    this.#newId = newId
  }

  /** About how many characters are held: of what waits, and of which calls there were. */
  get heldLength(): number {
    return this.#heldLength
  }

  get hasCalls(): boolean {
    return this.#calls.size > 0
  }

  add(part: AnswerPart): void {
    switch (part.kind) {
      case 'text':
      case 'reasoning':
        if (part.text !== '') this.#say(part.kind, part.text)
        break
      case 'call':
        this.#call(part.index, part.id, part.name)
        break
      case 'arguments':
        this.#argue(part.index, part.text)
        break
    }
  }

  /** The answer is over: what waits comes now, and the last block is closed. */
  end(): void {
    while (this.#waiting > 0) this.#closeFirst()
  }

  #say(kind: 'text' | 'reasoning', text: string): void {
    const last = this.#waiting === 0 ? undefined : this.#queue.at(-1)
    this.#append(last?.head.kind === kind ? last : this.#begin({ kind }), text)
  }

  /** A call that is told again is the same one; some servers tell all their calls under one index, by other ids. */
  #call(index: number, id: string, name: string): void {
    const known = this.#calls.get(index)
    if (known !== undefined) {
      if (id === '' || known.id === '' || id === known.id) return
      known.block.isOver = true
    }
    this.#heldLength += BLOCK_COST + id.length
    const block = this.#begin({ kind: 'call', id: this.#ownId(index, id), name })
    this.#calls.set(index, { id, block })
  }

  /** No other call of the answer has it: clients tell their results by it. */
  #ownId(index: number, givenId: string): string {
    let id = givenId === '' || this.#ids.has(givenId) ? this.#newId(index) : givenId
    while (this.#ids.has(id)) id = this.#newId(this.#spare++)
    this.#ids.add(id)
    return id
  }

  #argue(index: number, text: string): void {
    const block = this.#calls.get(index)?.block
    if (block === undefined || block.isClosed || text === '') return
    block.end?.push(text)
    this.#append(block, text)
    this.#closeFinished()
  }

  #begin(head: BlockHead): QueuedBlock {
    const block: QueuedBlock = {
      head,
      end: head.kind === 'call' ? new JsonObjectEnd() : undefined,
      waiting: new TextPile(),
      waitingLength: 0,
      isOver: head.kind !== 'call',
      isClosed: false,
    }
    this.#queue.push(block)
    if (this.#waiting === 1) {
      this.#sink.open(this.#index, head)
    } else {
      block.waitingLength = BLOCK_COST + (head.kind === 'call' ? head.name.length : 0)
      this.#heldLength += block.waitingLength
    }
    this.#closeFinished()
    return block
  }

  #append(block: QueuedBlock, text: string): void {
    if (block === this.#queue[this.#first]) {
      this.#sink.piece(this.#index, block.head, text)
      return
    }
    block.waiting.add(text)
    block.waitingLength += text.length
    this.#heldLength += text.length
  }

  #closeFinished(): void {
    while (this.#waiting > 1) {
      const first = this.#queue[this.#first]
      if (first?.isOver === false && first.end?.isReached !== true) return
      this.#closeFirst()
    }
  }

  /** Blocks that are not over. */
  get #waiting(): number {
    return this.#queue.length - this.#first
  }

  /** In steps that double: an answer may hold so many blocks that a shift of each would hold the loop for seconds. */
  #dropFirst(): void {
    this.#first++
    if (this.#first * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#first)
    this.#first = 0
  }

  #closeFirst(): void {
    const closed = this.#queue[this.#first]
    this.#dropFirst()
    if (closed !== undefined) closed.isClosed = true
    this.#sink.close(this.#index)
    this.#index++
    const next = this.#queue[this.#first]
    if (next === undefined) return
    this.#sink.open(this.#index, next.head)
    this.#heldLength -= next.waitingLength
    const text = next.waiting.take()
    if (text !== '') this.#sink.piece(this.#index, next.head, text)
  }
}
