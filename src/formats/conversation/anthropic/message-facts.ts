import type { AnswerPart } from '../../answer-parts.ts'
import { shownInClaudeCode } from '../../families/anthropic-errors.ts'
import type { JsonObject } from '../../json-facts.ts'
import { type RenderedHead, type StopReason, stopReasonOf } from '../answer-renderer.ts'
import { anthropicOverflowWords, contextOverflow } from '../context-overflow.ts'

const STOP_REASONS: ReadonlyMap<StopReason, string> = new Map([
  ['end', 'end_turn'],
  ['length', 'max_tokens'],
  ['calls', 'tool_use'],
  ['filter', 'refusal'],
])

const NO_WORDS = 'The model server failed and did not say why.'

/** The message of an answer as it begins, or whole. */
export function messageOf(head: RenderedHead, content: readonly object[], stopReason: string | null, usage: object) {
  return {
    id: `msg_${head.id}`,
    type: 'message',
    role: 'assistant',
    model: head.model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage,
  }
}

/** The error of an answer that failed; `undefined`: nobody said what went wrong. */
export function failedMessage(message: string | undefined): JsonObject {
  const overflow = message === undefined ? undefined : contextOverflow(message)
  const type = overflow === undefined ? 'api_error' : 'invalid_request_error'
  const words = overflow === undefined ? (message ?? NO_WORDS) : anthropicOverflowWords(overflow)
  return { type: 'error', error: { type, message: shownInClaudeCode(words) } }
}

/** What the parts so far told of an answer beside its content: what it took, and why it ended. */
export class AnswerTally {
  #promptTokens: number | undefined
  #completionTokens: number | undefined
  #cachedTokens: number | undefined
  #stopWord: string | undefined

  add(part: AnswerPart): void {
    if (part.kind === 'stop') this.#stopWord = part.reason
    if (part.kind !== 'usage') return
    this.#promptTokens = part.usage.promptTokens ?? this.#promptTokens
    this.#completionTokens = part.usage.completionTokens ?? this.#completionTokens
    this.#cachedTokens = part.usage.cachedTokens ?? this.#cachedTokens
  }

  /** Counts as Anthropic spells them: `input_tokens` leaves out cached ones. What nobody counted is 0, or not there. */
  get usage() {
    const cached = this.#cachedTokens
    return {
      input_tokens: Math.max(0, (this.#promptTokens ?? 0) - (cached ?? 0)),
      ...(cached === undefined ? {} : { cache_read_input_tokens: cached }),
      output_tokens: this.#completionTokens ?? 0,
    }
  }

  /** In Anthropic's word. Which stop sequence was met no part tells, so that it is the end of the turn. */
  stopReason(hasCalls: boolean): string {
    return STOP_REASONS.get(stopReasonOf(this.#stopWord, hasCalls)) ?? 'end_turn'
  }
}
