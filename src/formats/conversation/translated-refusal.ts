import { errorMessage, errorOf } from '../answer-parts.ts'
import type { FormatName } from '../format.ts'
import type { JsonObject } from '../json-facts.ts'

/** What Anthropic calls an error of a status. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
}

/** A server's refusal in the shape of another format; `undefined`: its clients read it as it is, or nothing is said in it. */
export function translatedRefusal(to: FormatName, status: number, refusal: JsonObject): JsonObject | undefined {
  const message = errorMessage(errorOf(refusal) ?? refusal)
  if (to !== 'anthropic-messages' || message === undefined) return undefined
  const type = ANTHROPIC_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return { type: 'error', error: { type, message } }
}
