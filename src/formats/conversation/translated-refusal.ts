import { errorMessage, errorOf } from '../answer-parts.ts'
import { shownInClaudeCode } from '../families/anthropic-errors.ts'
import type { FormatName } from '../format.ts'
import { asText, type JsonObject } from '../json-facts.ts'
import {
  anthropicOverflowWords,
  type ContextOverflow,
  contextOverflow,
  ollamaOverflowWords,
  openaiOverflowWords,
} from './context-overflow.ts'

/** A refusal as clients of one format read it. */
export interface TranslatedRefusal {
  /** That of the server, but for a prompt that is too long: 400 by every format's rule, and servers answer 500 too. */
  readonly status: number
  readonly body: JsonObject
}

/** With these a server may refuse a prompt for its length. With others it speaks of something else, whatever its words. */
const OVERFLOW_STATUSES: readonly number[] = [400, 413, 422, 500]

/** What Anthropic calls an error of a status. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** What OpenAI calls it. */
const OPENAI_TYPES: Readonly<Record<number, string>> = {
  403: 'permission_error',
  408: 'timeout',
  429: 'rate_limit_error',
  504: 'timeout',
}

/** The code that OpenAI's clients look for where the server has none. */
const OPENAI_CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }

const MODEL = /\bmodel\b/i
const NOT_THERE = /\b(?:not found|does not exist)\b/i

/**
 * A server's refusal in the shape of another format, of which a prompt that is too long is known in any server's words.
 * `undefined`: nothing is said in it, or the format has no shape of its own.
 */
export function translatedRefusal(to: FormatName, status: number, refusal: JsonObject): TranslatedRefusal | undefined {
  const error = errorOf(refusal) ?? refusal
  const overflow = OVERFLOW_STATUSES.includes(status) ? contextOverflow(error) : undefined
  if (overflow !== undefined) {
    const body = overflowBody(to, overflow)
    return body && { status: 400, body }
  }
  const message = errorMessage(error)
  if (message === undefined) return undefined
  const body = bodyOf(to, status, message, typeof error === 'string' ? {} : error)
  return body && { status, body }
}

function overflowBody(to: FormatName, overflow: ContextOverflow): JsonObject | undefined {
  if (to.startsWith('anthropic-')) return anthropicBody('invalid_request_error', anthropicOverflowWords(overflow))
  if (to.startsWith('ollama-')) return { error: ollamaOverflowWords(overflow) }
  if (!to.startsWith('openai-')) return undefined
  return openaiBody('invalid_request_error', openaiOverflowWords(overflow), null, 'context_length_exceeded')
}

function bodyOf(to: FormatName, status: number, message: string, error: JsonObject): JsonObject | undefined {
  const ofRequest = status >= 500 ? undefined : 'invalid_request_error'
  if (to.startsWith('anthropic-')) return anthropicBody(ANTHROPIC_TYPES[status] ?? ofRequest ?? 'api_error', message)
  if (to.startsWith('ollama-')) return { error: message }
  if (!to.startsWith('openai-')) return undefined
  const code = status === 404 && saysNoModel(message) ? 'model_not_found' : OPENAI_CODES[status]
  return openaiBody(
    OPENAI_TYPES[status] ?? ofRequest ?? 'server_error',
    message,
    asText(error['param']) ?? null,
    // llama-server and vLLM put the status there.
    asText(error['code']) ?? code ?? null,
  )
}

/** In two steps: one pattern of both would look through the rest anew from each mention of a model. */
function saysNoModel(message: string): boolean {
  const at = message.search(MODEL)
  return at !== -1 && NOT_THERE.test(message.slice(at))
}

function anthropicBody(type: string, message: string): JsonObject {
  return { type: 'error', error: { type, message: shownInClaudeCode(message) } }
}

function openaiBody(type: string, message: string, param: string | null, code: string | null): JsonObject {
  return { error: { message, type, param, code } }
}
