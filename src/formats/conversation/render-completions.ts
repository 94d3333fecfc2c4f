import type { AnswerPart, Logprob, TokenLogprob } from '../answer-parts.ts'
import { eventFrame } from '../answer-writer.ts'
import type { AnswerRenderer, RenderedHead } from './answer-renderer.ts'
import { AnswerTally } from './answer-tally.ts'
import { gatherAnswer } from './gathered-answer.ts'
import { tellableLogprob } from './logprob-form.ts'
import {
  type ChunkOptions,
  DONE_FRAME,
  envelopeOf,
  failedAnswer,
  finishOf,
  usageField,
  usageFrame,
} from './openai/answer-envelope.ts'
import { framesBy, type PartWriter, type SaidPart } from './part-writer.ts'

const ID_PREFIX = 'cmpl'
const OBJECT = 'text_completion'

/**
 * Writes an answer as OpenAI's `/v1/completions` does. It has a place for text alone: what the model thinks is left out, as
 * are calls, which a request of it gives no tools for.
 */
export function renderCompletions(head: RenderedHead, options: ChunkOptions): AnswerRenderer {
  return {
    frames: framesBy(new CompletionChunks(head, options)),
    whole: (parts) => JSON.stringify(wholeCompletion(head, parts)),
  }
}

class CompletionChunks implements PartWriter {
  readonly heldLength = 0
  readonly #envelope: object
  readonly #options: ChunkOptions
  readonly #tally = new AnswerTally()
  /** Where the next token of the log probabilities begins in the text. */
  #offset = 0

  constructor(head: RenderedHead, options: ChunkOptions) {
    this.#envelope = envelopeOf(ID_PREFIX, OBJECT, head)
    this.#options = options
  }

  write(part: SaidPart): string {
    this.#tally.add(part)
    if (part.kind === 'text' && part.text !== '') return this.#chunk(part.text)
    if (part.kind !== 'logprobs' || part.tokens.length === 0) return ''
    const odds = logprobsOf(part.tokens, this.#offset)
    for (const { token } of part.tokens) this.#offset += lengthOf(token)
    return this.#chunk('', odds)
  }

  end(): string {
    const last = this.#chunk('', null, finishOfText(this.#tally))
    return last + usageFrame(this.#envelope, this.#tally.usage, this.#options) + DONE_FRAME
  }

  fail(message: string): string {
    return eventFrame(failedAnswer(message))
  }

  #chunk(text: string, logprobs: object | null = null, finish: object = { finish_reason: null }): string {
    return eventFrame({ ...this.#envelope, choices: [{ index: 0, text, logprobs, ...finish }] })
  }
}

function wholeCompletion(head: RenderedHead, parts: readonly AnswerPart[]): object {
  const { text, logprobs, tally, failure } = gatherAnswer(head.id, parts)
  if (failure !== undefined) return failedAnswer(failure)
  const odds = logprobs.length === 0 ? null : logprobsOf(logprobs, 0)
  return {
    ...envelopeOf(ID_PREFIX, OBJECT, head),
    choices: [{ index: 0, text, logprobs: odds, ...finishOfText(tally) }],
    ...usageField(tally.usage),
  }
}

/** There is no word for calls, which are not there. */
function finishOfText(tally: AnswerTally): object {
  const reason = tally.stopReason(false)
  return finishOf(reason === 'calls' ? 'end' : reason, tally.stopSequence)
}

/** The lists side by side that completions have. */
function logprobsOf(tokens: readonly TokenLogprob[], start: number): object {
  let offset = start
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => tellableLogprob(logprob)),
    top_logprobs: tokens.map(({ top }) => byToken(top)),
    text_offset: tokens.map(({ token }) => {
      const at = offset
      offset += lengthOf(token)
      return at
    }),
  }
}

/** The first of those with the same text, which is the likeliest. */
function byToken(top: readonly Logprob[]): object {
  return Object.fromEntries(top.map(({ token, logprob }) => [token, tellableLogprob(logprob)] as const).toReversed())
}

/** In characters, as the clients of most other languages count them. */
function lengthOf(token: string): number {
  return [...token].length
}
