/** The errors of RFC 6749 §5.2 and RFC 8628 §3.5 that the token endpoint answers with. */
export type TokenErrorCode =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'
  | 'invalid_request'
  | 'unsupported_grant_type'
  | 'invalid_client'

/** A refusal of the token endpoint. `code` is its `error`, `message` its `error_description`: ASCII, nothing of a token. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
