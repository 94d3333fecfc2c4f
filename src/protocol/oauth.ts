/** `client_id` of every agent. */
export const CLIENT_ID = 'punku-agent'

/** The grant of RFC 8628 §3.4, by which codes and one-time tokens are redeemed. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** The errors of RFC 6749 §5.2 and RFC 8628 §3.5 that the token endpoint answers with. */
export const TOKEN_ERRORS = [
  'authorization_pending',
  'slow_down',
  'access_denied',
  'expired_token',
  'invalid_grant',
  'invalid_request',
  'unsupported_grant_type',
  'invalid_client',
] as const
export type TokenErrorCode = (typeof TOKEN_ERRORS)[number]
