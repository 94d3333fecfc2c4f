import type { AnswerPart } from '../../answer-parts.ts'
import { type JsonObject, parseObject } from '../../json-facts.ts'
import type { RenderedHead } from '../answer-renderer.ts'
import { AnswerTally } from '../answer-tally.ts'
import { TextPile } from '../text-pile.ts'
import { type BlockHead, BlockOrder, type BlockSink } from './block-order.ts'
import { failedMessage, messageOf, messageStop, messageUsage } from './message-facts.ts'

/**
 * An answer as one message, of all its parts up to its end; an error where they tell that it failed. The input of a call
 * whose arguments are no JSON object is `{}`: clients take nothing else than an object there, and nobody can tell what
 * broken text was to be.
 */
export function wholeMessage(
  head: RenderedHead,
  parts: readonly AnswerPart[],
  newId: (index: number) => string,
): object {
  const content = new Content()
  const order = new BlockOrder(content, newId)
  const tally = new AnswerTally()
  for (const part of parts) {
    if (part.kind === 'failed') return failedMessage(part.message)
    if (part.kind === 'end') break
    tally.add(part)
    order.add(part)
  }
  order.end()
  return messageOf(head, content.blocks, messageStop(tally, order.hasCalls), messageUsage(tally.usage))
}

class Content implements BlockSink {
  readonly blocks: JsonObject[] = []
  readonly #text = new TextPile()
  #head: BlockHead | undefined

  open(_index: number, head: BlockHead): void {
    this.#head = head
  }

  piece(_index: number, _head: BlockHead, text: string): void {
    this.#text.add(text)
  }

  close(): void {
    if (this.#head !== undefined) this.blocks.push(blockOf(this.#head, this.#text.take()))
  }
}

function blockOf(head: BlockHead, text: string): JsonObject {
  switch (head.kind) {
    case 'text':
      return { type: 'text', text }
    case 'reasoning':
      return { type: 'thinking', thinking: text, signature: '' }
    case 'call':
      return { type: 'tool_use', id: head.id, name: head.name, input: parseObject(text) ?? {} }
  }
}
