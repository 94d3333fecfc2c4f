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
  host_not_allowed: 'permission_error',
  origin_not_allowed: 'permission_error',
  key_not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  route_not_found: 'not_found_error',
  route_not_served: 'not_found_error',
  method_not_allowed: 'invalid_request_error',
  request_timeout: 'timeout_error',
  request_too_large: 'request_too_large',
  unsupported_encoding: 'invalid_request_error',
  headers_too_large: 'invalid_request_error',
  upgrade_refused: 'invalid_request_error',
  shutting_down: 'overloaded_error',
  gateway_not_running: 'overloaded_error',
  upstream_refused: 'api_error',
  upstream_unreachable: 'api_error',
  upstream_reset: 'api_error',
  upstream_invalid: 'api_error',
  upstream_denied: 'api_error',
  upstream_rejected: 'invalid_request_error',
  upstream_failed: 'api_error',
  upstream_interrupted: 'api_error',
  upstream_timeout: 'timeout_error',
  client_closed: 'api_error',
  client_stalled: 'api_error',
  internal: 'api_error',
} as const satisfies Record<ErrorCode, string>

/** Anthropic's error as a JSON object: a whole body, or the data of a stream's `error` event. */
export function anthropicError(error: PunkuError, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type: TYPES[error.code], message: error.message },
    request_id: requestId,
  })
}
