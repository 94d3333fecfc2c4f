import type { ErrorCode, PunkuError } from '../../core/error.ts'

const INVALID = 'invalid_request_error'
const PERMISSION = 'permission_error'
const RATE_LIMIT = 'rate_limit_error'
const SERVER = 'server_error'
const TIMEOUT = 'timeout'

/**
 * The error's `type` and `code`. The code is the gateway's own word but for a bad key, where clients look for OpenAI's.
 * The SDK picks its class by the status alone.
 */
const SHAPES = {
  invalid_request: { type: INVALID, code: 'invalid_request' },
  invalid_json: { type: INVALID, code: 'invalid_json' },
  ambiguous_request: { type: INVALID, code: 'ambiguous_request' },
  conflicting_credentials: { type: INVALID, code: 'conflicting_credentials' },
  key_missing: { type: INVALID, code: 'invalid_api_key' },
  key_malformed: { type: INVALID, code: 'invalid_api_key' },
  key_unknown: { type: INVALID, code: 'invalid_api_key' },
  key_expired: { type: INVALID, code: 'invalid_api_key' },
  key_revoked: { type: INVALID, code: 'invalid_api_key' },
  network_not_allowed: { type: PERMISSION, code: 'network_not_allowed' },
  route_not_allowed: { type: PERMISSION, code: 'route_not_allowed' },
  model_not_allowed: { type: PERMISSION, code: 'model_not_allowed' },
  cloud_not_allowed: { type: PERMISSION, code: 'cloud_not_allowed' },
  field_not_allowed: { type: PERMISSION, code: 'field_not_allowed' },
  host_not_allowed: { type: PERMISSION, code: 'host_not_allowed' },
  origin_not_allowed: { type: PERMISSION, code: 'origin_not_allowed' },
  key_not_found: { type: INVALID, code: 'key_not_found' },
  tunnel_not_found: { type: INVALID, code: 'tunnel_not_found' },
  tunnel_limit_reached: { type: INVALID, code: 'tunnel_limit_reached' },
  pairing_not_found: { type: INVALID, code: 'pairing_not_found' },
  pairing_expired: { type: INVALID, code: 'pairing_expired' },
  pairing_limited: { type: RATE_LIMIT, code: 'pairing_limited' },
  not_signed_in: { type: INVALID, code: 'not_signed_in' },
  not_allowed: { type: PERMISSION, code: 'not_allowed' },
  not_found: { type: INVALID, code: 'not_found' },
  already_exists: { type: INVALID, code: 'already_exists' },
  version_conflict: { type: INVALID, code: 'version_conflict' },
  last_of_its_kind: { type: INVALID, code: 'last_of_its_kind' },
  limit_reached: { type: INVALID, code: 'limit_reached' },
  sign_in_limited: { type: RATE_LIMIT, code: 'sign_in_limited' },
  issuer_unreachable: { type: SERVER, code: 'issuer_unreachable' },
  model_not_found: { type: INVALID, code: 'model_not_found' },
  route_not_found: { type: INVALID, code: 'route_not_found' },
  route_not_served: { type: INVALID, code: 'route_not_served' },
  upstream_not_found: { type: INVALID, code: 'upstream_not_found' },
  method_not_allowed: { type: INVALID, code: 'method_not_allowed' },
  request_timeout: { type: TIMEOUT, code: 'request_timeout' },
  request_too_large: { type: INVALID, code: 'request_too_large' },
  unsupported_encoding: { type: INVALID, code: 'unsupported_encoding' },
  headers_too_large: { type: INVALID, code: 'headers_too_large' },
  upgrade_refused: { type: INVALID, code: 'upgrade_refused' },
  overloaded: { type: SERVER, code: 'overloaded' },
  shutting_down: { type: SERVER, code: 'shutting_down' },
  gateway_not_running: { type: SERVER, code: 'gateway_not_running' },
  store_unavailable: { type: SERVER, code: 'store_unavailable' },
  revoked_unstored: { type: SERVER, code: 'revoked_unstored' },
  upstream_refused: { type: SERVER, code: 'upstream_refused' },
  upstream_unreachable: { type: SERVER, code: 'upstream_unreachable' },
  upstream_away: { type: SERVER, code: 'upstream_away' },
  upstream_reset: { type: SERVER, code: 'upstream_reset' },
  upstream_invalid: { type: SERVER, code: 'upstream_invalid' },
  upstream_denied: { type: SERVER, code: 'upstream_denied' },
  agent_denied: { type: PERMISSION, code: 'agent_denied' },
  agent_busy: { type: SERVER, code: 'agent_busy' },
  upstream_rejected: { type: INVALID, code: 'upstream_rejected' },
  upstream_busy: { type: SERVER, code: 'upstream_busy' },
  upstream_failed: { type: SERVER, code: 'upstream_failed' },
  upstream_interrupted: { type: SERVER, code: 'upstream_interrupted' },
  upstream_timeout: { type: TIMEOUT, code: 'upstream_timeout' },
  client_closed: { type: SERVER, code: 'client_closed' },
  client_stalled: { type: SERVER, code: 'client_stalled' },
  gateway_killed: { type: SERVER, code: 'gateway_killed' },
  internal: { type: SERVER, code: 'internal' },
} as const satisfies Record<ErrorCode, { readonly type: string; readonly code: string }>

/** OpenAI's error as a JSON object with `error`: a whole body, or the data of a chat stream's last event. */
export function openaiError(error: PunkuError): string {
  const { type, code } = SHAPES[error.code]
  return JSON.stringify({ error: { message: error.text, type, param: error.param ?? null, code } })
}

/** The error as the data of a responses stream's `error` event, which is flat. */
export function openaiErrorEvent(error: PunkuError): string {
  const { code } = SHAPES[error.code]
  return JSON.stringify({ type: 'error', code, message: error.text, param: error.param ?? null })
}
