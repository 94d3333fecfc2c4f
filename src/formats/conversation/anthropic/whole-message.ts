import type { AnswerPart } from '../../answer-parts.ts'
import { parseObject } from '../../json-facts.ts'
import type { RenderedHead } from '../answer-renderer.ts'
import { AnswerTally } from '../answer-tally.ts'
import { fieldsOf } from '../json-fields.ts'
import { TextPile } from '../text-pile.ts'
import { type BlockHead, BlockOrder, type BlockSink } from './block-order.ts'
import { failedMessage, messageOf, messageStop, messageUsage } from './message-facts.ts'

/**
 * An answer as the JSON of one message, of all its parts up to its end; of an error where they tell that it failed. The input
 * of a call stands as the model wrote it. Where its arguments are no JSON object it is `{}`: clients take nothing else than an
 * object there, and nobody can tell what broken text was to be.
 */
export function wholeMessage(
  head: RenderedHead,
  parts: readonly AnswerPart[],
  newId: (index: number) => string,
): string {
  const content = new Content()
  const order = new BlockOrder(content, newId)
  const tally = new AnswerTally()
  for (const part of parts) {
    if (part.kind === 'failed') return JSON.stringify(failedMessage(part.message))
    if (part.kind === 'end') break
    tally.add(part)
    order.add(part)
  }
  order.end()
  const { content: _content, ...fields } = messageOf(
    head,
    [],
    messageStop(tally, order.hasCalls),
    messageUsage(tally.usage),
  )
  return `{${fieldsOf(fields)},"content":[${content.blocks.join(',')}]}`
}

class Content implements BlockSink {
  /** As JSON. */
  readonly blocks: string[] = []
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

function blockOf(head: BlockHead, text: string): string {
  switch (head.kind) {
    case 'text':
      return JSON.stringify({ type: 'text', text })
    case 'reasoning':
      return JSON.stringify({ type: 'thinking', thinking: text, signature: '' })
    case 'call':
      // To write what was parsed fails where it is nested deep, and numbers may lose digits by it.
      return `{${fieldsOf({ type: 'tool_use', id: head.id, name: head.name })},"input":${parseObject(text) ? text : '{}'}}`
  }
}
