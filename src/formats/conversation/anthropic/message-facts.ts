import { shownInClaudeCode } from '../../families/anthropic-errors.ts'
import type { Usage } from '../../format.ts'
import type { JsonObject } from '../../json-facts.ts'
import type { RenderedHead, StopReason } from '../answer-renderer.ts'
import type { AnswerTally } from '../answer-tally.ts'
import { anthropicOverflowWords, contextOverflow } from '../context-overflow.ts'
import { FAILED_WITHOUT_WORDS } from '../part-writer.ts'

const STOP_REASONS: ReadonlyMap<StopReason, string> = new Map([
  ['end', 'end_turn'],
  ['length', 'max_tokens'],
  ['calls', 'tool_use'],
  ['filter', 'refusal'],
])

/** Why a message ended, in Anthropic's words. */
export interface MessageStop {
  readonly stop_reason: string | null
  readonly stop_sequence: string | null
}

/** Of a message that goes on. */
export const NOT_STOPPED: MessageStop = { stop_reason: null, stop_sequence: null }

/** The message of an answer as it begins, or whole. */
export function messageOf(head: RenderedHead, content: readonly object[], stop: MessageStop, usage: object) {
  return {
    id: `msg_${head.id}`,
    type: 'message',
    role: 'assistant',
    model: head.model,
    content,
    ...stop,
    usage,
  }
}

/** The error of an answer that failed; `undefined`: nobody said what went wrong. */
export function failedMessage(message: string | undefined): JsonObject {
  const overflow = message === undefined ? undefined : contextOverflow(message)
  const type = overflow === undefined ? 'api_error' : 'invalid_request_error'
  const words = overflow === undefined ? (message ?? FAILED_WITHOUT_WORDS) : anthropicOverflowWords(overflow)
  return { type: 'error', error: { type, message: shownInClaudeCode(words) } }
}

/** Counts as Anthropic spells them: `input_tokens` leaves out cached ones. What nobody counted is 0, or not there. */
export function messageUsage({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: Usage): JsonObject {
  return {
    input_tokens: Math.max(0, (promptTokens ?? 0) - (cachedTokens ?? 0)),
    ...(cachedTokens === undefined ? {} : { cache_read_input_tokens: cachedTokens }),
    output_tokens: completionTokens ?? 0,
    ...(reasoningTokens === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  }
}

/** Why it ended. A message that calls tools says so by its reason even where it met a stop sequence: clients run them by it. */
export function messageStop(tally: AnswerTally, hasCalls: boolean): MessageStop {
  const reason = tally.stopReason(hasCalls)
  const isSequence = reason === 'end' && tally.stopSequence !== undefined
  return {
    stop_reason: isSequence ? 'stop_sequence' : (STOP_REASONS.get(reason) ?? 'end_turn'),
    stop_sequence: tally.stopSequence ?? null,
  }
}
