import type { TokenErrorCode } from '../../protocol/oauth.ts'

/** A refusal of the token endpoint. `code` is its `error`, `message` its `error_description`: ASCII, nothing of a token. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
