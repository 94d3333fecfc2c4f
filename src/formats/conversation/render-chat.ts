import type { AnswerPart, TokenLogprob } from '../answer-parts.ts'
import { eventFrame } from '../answer-writer.ts'
import type { AnswerRenderer, RenderedHead } from './answer-renderer.ts'
import { AnswerTally } from './answer-tally.ts'
import { CallBook } from './call-book.ts'
import { type GatheredCall, gatherAnswer } from './gathered-answer.ts'
import { fieldsOf } from './json-fields.ts'
import { logprobForm } from './logprob-form.ts'
import {
  type ChunkOptions,
  chunkMaker,
  DONE_FRAME,
  envelopeOf,
  failedAnswer,
  finishOf,
  usageField,
  usageFrame,
} from './openai/answer-envelope.ts'
import { framesBy, type PartWriter, type SaidPart } from './part-writer.ts'

const ID_PREFIX = 'chatcmpl'
const NO_ARGUMENTS = '{}'
const GOES_ON = fieldsOf({ finish_reason: null })

/**
 * Writes an answer as OpenAI's `/v1/chat/completions` does. What the model thinks is `reasoning_content` to some clients and
 * `reasoning` to others, so that it is both. A call's arguments go on as they are, valid or not; where there are none, they
 * are those of an empty object.
 */
export function renderChat(head: RenderedHead, options: ChunkOptions): AnswerRenderer {
  return {
    frames: framesBy(new ChatChunks(head, options)),
    whole: (parts) => JSON.stringify(wholeChat(head, parts)),
  }
}

class ChatChunks implements PartWriter {
  readonly #envelope: object
  readonly #frame: (choice: string) => string
  readonly #options: ChunkOptions
  readonly #tally = new AnswerTally()
  readonly #book: CallBook
  /** Places of calls that had no arguments yet. */
  readonly #bare = new Set<number>()
  #hasBegun = false

  constructor(head: RenderedHead, options: ChunkOptions) {
    this.#envelope = envelopeOf(ID_PREFIX, 'chat.completion.chunk', head)
    this.#frame = chunkMaker(this.#envelope)
    this.#options = options
    this.#book = new CallBook(head.id)
  }

  get heldLength(): number {
    return this.#book.heldLength
  }

  write(part: SaidPart): string {
    return this.#begin() + this.#said(part)
  }

  end(): string {
    const bare = Array.from(this.#bare, (at) => this.#argue(at, NO_ARGUMENTS)).join('')
    const last = this.#chunk(
      {},
      fieldsOf(finishOf(this.#tally.stopReason(this.#book.hasCalls), this.#tally.stopSequence)),
    )
    return this.#begin() + bare + last + usageFrame(this.#envelope, this.#tally.usage, this.#options) + DONE_FRAME
  }

  fail(message: string): string {
    return eventFrame(failedAnswer(message))
  }

  #begin(): string {
    if (this.#hasBegun) return ''
    this.#hasBegun = true
    return this.#chunk({ role: 'assistant', content: '' })
  }

  #said(part: SaidPart): string {
    switch (part.kind) {
      case 'text':
        return part.text === '' ? '' : this.#chunk({ content: part.text })
      case 'reasoning':
        return part.text === '' ? '' : this.#chunk(reasoningFields(part.text))
      case 'call':
        return this.#call(part.index, part.id, part.name)
      case 'arguments': {
        const call = this.#book.get(part.index)
        return call === undefined || part.text === '' ? '' : this.#argue(call.at, part.text)
      }
      case 'logprobs':
        return part.tokens.length === 0 ? '' : this.#chunk({}, `${fieldsOf(logprobsField(part.tokens))},${GOES_ON}`)
      default:
        this.#tally.add(part)
        return ''
    }
  }

  #call(index: number, givenId: string, name: string): string {
    const call = this.#book.enter(index, givenId)
    if (call === undefined) return ''
    this.#bare.add(call.at)
    const { at, id } = call
    return this.#chunk({ tool_calls: [{ index: at, id, type: 'function', function: { name, arguments: '' } }] })
  }

  #argue(at: number, text: string): string {
    this.#bare.delete(at)
    return this.#chunk({ tool_calls: [{ index: at, function: { arguments: text } }] })
  }

  #chunk(delta: object, rest = GOES_ON): string {
    return this.#frame(`{"index":0,"delta":${JSON.stringify(delta)},${rest}}`)
  }
}

function wholeChat(head: RenderedHead, parts: readonly AnswerPart[]): object {
  const { text, reasoning, calls, logprobs, tally, failure } = gatherAnswer(head.id, parts)
  if (failure !== undefined) return failedAnswer(failure)
  const hasCalls = calls.length > 0
  const message = {
    role: 'assistant',
    content: text === '' && hasCalls ? null : text,
    ...(reasoning === '' ? {} : reasoningFields(reasoning)),
    ...(hasCalls ? { tool_calls: calls.map(callForm) } : {}),
  }
  const odds = logprobs.length === 0 ? {} : logprobsField(logprobs)
  return {
    ...envelopeOf(ID_PREFIX, 'chat.completion', head),
    choices: [{ index: 0, message, ...odds, ...finishOf(tally.stopReason(hasCalls), tally.stopSequence) }],
    ...usageField(tally.usage),
  }
}

function callForm({ id, name, arguments: text }: GatheredCall): object {
  return { id, type: 'function', function: { name, arguments: text === '' ? NO_ARGUMENTS : text } }
}

function reasoningFields(text: string): object {
  return { reasoning_content: text, reasoning: text }
}

function logprobsField(tokens: readonly TokenLogprob[]): object {
  return { logprobs: { content: tokens.map((token) => logprobForm(token, null)), refusal: null } }
}
