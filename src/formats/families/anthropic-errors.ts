import type { ErrorCode, PunkuError } from '../../core/error.ts'

/** The error's `type`. Anthropic's shape has no place for a code of our own. */
const TYPES = {
  invalid_request: 'invalid_request_error',
  invalid_json: 'invalid_request_error',
  ambiguous_request: 'invalid_request_error',
  conflicting_credentials: 'invalid_request_error',
  key_missing: 'authentication_error',
  key_malformed: 'authentication_error',
  key_unknown: 'authentication_error',
  key_expired: 'authentication_error',
  key_revoked: 'authentication_error',
  network_not_allowed: 'permission_error',
  route_not_allowed: 'permission_error',
  model_not_allowed: 'permission_error',
  cloud_not_allowed: 'permission_error',
  field_not_allowed: 'permission_error',
  host_not_allowed: 'permission_error',
  origin_not_allowed: 'permission_error',
  key_not_found: 'invalid_request_error',
  tunnel_not_found: 'invalid_request_error',
  tunnel_limit_reached: 'billing_error',
  pairing_not_found: 'invalid_request_error',
  pairing_expired: 'not_found_error',
  pairing_limited: 'rate_limit_error',
  not_signed_in: 'authentication_error',
  not_allowed: 'permission_error',
  not_found: 'invalid_request_error',
  already_exists: 'invalid_request_error',
  version_conflict: 'invalid_request_error',
  last_of_its_kind: 'invalid_request_error',
  limit_reached: 'invalid_request_error',
  sign_in_limited: 'rate_limit_error',
  issuer_unreachable: 'overloaded_error',
  model_not_found: 'not_found_error',
  route_not_found: 'invalid_request_error',
  route_not_served: 'invalid_request_error',
  upstream_not_found: 'invalid_request_error',
  method_not_allowed: 'invalid_request_error',
  request_timeout: 'timeout_error',
  request_too_large: 'request_too_large',
  unsupported_encoding: 'invalid_request_error',
  headers_too_large: 'invalid_request_error',
  upgrade_refused: 'invalid_request_error',
  overloaded: 'overloaded_error',
  shutting_down: 'overloaded_error',
  gateway_not_running: 'overloaded_error',
  store_unavailable: 'overloaded_error',
  revoked_unstored: 'overloaded_error',
  upstream_refused: 'api_error',
  upstream_unreachable: 'api_error',
  upstream_away: 'overloaded_error',
  upstream_reset: 'api_error',
  upstream_invalid: 'api_error',
  upstream_denied: 'api_error',
  agent_denied: 'permission_error',
  agent_busy: 'overloaded_error',
  upstream_rejected: 'invalid_request_error',
  upstream_busy: 'overloaded_error',
  upstream_failed: 'api_error',
  upstream_interrupted: 'api_error',
  upstream_timeout: 'timeout_error',
  client_closed: 'api_error',
  client_stalled: 'api_error',
  gateway_killed: 'api_error',
  internal: 'api_error',
} as const satisfies Record<ErrorCode, string>

/** Claude Code shows a text of its own, on the selected model, in place of any 404's: only a model that is not here has one. */
export function anthropicStatus({ code, status }: PunkuError): number {
  return status === 404 && code !== 'model_not_found' ? 400 : status
}

/** Claude Code shows "Not logged in" in place of every text with these letters, and the person never reads the text. */
const HIDING_LETTERS = /x-api-key/gi

/** The words of an error, such that Claude Code shows them. */
export function shownInClaudeCode(message: string): string {
  return message.replace(HIDING_LETTERS, 'API key')
}

/** Anthropic's error as a JSON object: a whole body, or the data of a stream's `error` event. */
export function anthropicError(error: PunkuError, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type: TYPES[error.code], message: shownInClaudeCode(error.text) },
    request_id: requestId,
  })
}
