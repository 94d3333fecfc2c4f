import type { AnswerPart } from '../answer-parts.ts'
import { eventFrame } from '../answer-writer.ts'
import type { AnswerRenderer, RenderedHead } from './answer-renderer.ts'
import { AnswerTally } from './answer-tally.ts'
import { type BlockHead, BlockOrder, type BlockSink } from './anthropic/block-order.ts'
import { failedMessage, messageOf, messageStop, messageUsage, NOT_STOPPED } from './anthropic/message-facts.ts'
import { wholeMessage } from './anthropic/whole-message.ts'
import { MAX_HELD_LENGTH } from './part-writer.ts'

/** Up to the index: there is one for each token, and all of it but the delta is the same. */
const DELTA_START = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":'

const OVERFULL = 'The answer calls so many tools at once that their arguments cannot be brought into order.'

/**
 * Writes an answer as Anthropic's `/v1/messages` does. Its blocks do not overlap: `BlockOrder` says what waits for what.
 * Arguments are passed on in a stream as they are, valid or not; `wholeMessage` says what becomes of them in a whole answer.
 */
export function renderAnthropic(head: RenderedHead): AnswerRenderer {
  const newId = (index: number) => `toolu_${head.id}_${index}`
  const stream = new MessageStream(head, newId)
  return {
    frames: (parts) => stream.frames(parts),
    whole: (parts) => wholeMessage(head, parts, newId),
  }
}

class MessageStream implements BlockSink {
  readonly #head: RenderedHead
  readonly #order: BlockOrder
  readonly #tally = new AnswerTally()
  #frames: string[] = []
  #hasBegun = false
  #isOver = false

  constructor(head: RenderedHead, newId: (index: number) => string) {
    this.#head = head
    this.#order = new BlockOrder(this, newId)
  }

  /** The message begins with its first block, so that its first event has what was counted until then. */
  frames(parts: readonly AnswerPart[]): string {
    for (const part of parts) if (!this.#isOver) this.#add(part)
    const text = this.#frames.join('')
    this.#frames = []
    return text
  }

  #add(part: AnswerPart): void {
    if (part.kind === 'failed') {
      this.#fail(part.message)
    } else if (part.kind === 'end') {
      this.#end()
    } else {
      this.#tally.add(part)
      this.#order.add(part)
      if (this.#order.heldLength > MAX_HELD_LENGTH) this.#fail(OVERFULL)
    }
  }

  open(index: number, head: BlockHead): void {
    this.#begin()
    this.#write('content_block_start', { index, content_block: startOf(head) })
  }

  piece(index: number, head: BlockHead, text: string): void {
    this.#frames.push(`${DELTA_START}${index},"delta":${JSON.stringify(deltaOf(head, text))}}\n\n`)
  }

  close(index: number): void {
    this.#write('content_block_stop', { index })
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#write('message_start', { message: messageOf(this.#head, [], NOT_STOPPED, messageUsage(this.#tally.usage)) })
  }

  #end(): void {
    this.#isOver = true
    this.#begin()
    this.#order.end()
    this.#write('message_delta', {
      delta: messageStop(this.#tally, this.#order.hasCalls),
      usage: messageUsage(this.#tally.usage),
    })
    this.#write('message_stop', {})
  }

  #fail(message: string | undefined): void {
    this.#isOver = true
    this.#frames.push(eventFrame(failedMessage(message), 'error'))
  }

  #write(type: string, value: object): void {
    this.#frames.push(eventFrame({ type, ...value }, type))
  }
}

function startOf(head: BlockHead): object {
  switch (head.kind) {
    case 'text':
      return { type: 'text', text: '' }
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'call':
      return { type: 'tool_use', id: head.id, name: head.name, input: {} }
  }
}

function deltaOf(head: BlockHead, text: string): object {
  switch (head.kind) {
    case 'text':
      return { type: 'text_delta', text }
    case 'reasoning':
      return { type: 'thinking_delta', thinking: text }
    case 'call':
      return { type: 'input_json_delta', partial_json: text }
  }
}
