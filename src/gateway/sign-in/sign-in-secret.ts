import { createHmac, timingSafeEqual } from 'node:crypto'
import { derivedKey } from '../../core/derived-key.ts'
import { Secret } from '../../core/secret.ts'

/** Keep these keys apart from each other and from all else that is made from the pepper. */
const SIGN_IN_LABEL = 'punku sign-in 1'
const CLI_TOKEN_LABEL = 'punku command line token 1'

/** The key under which cookies are signed, and second factors and the state of sign-ins are kept. */
export function signInSecret(pepper: Secret): Secret {
  return new Secret(derivedKey(pepper, SIGN_IN_LABEL).toString('base64url'))
}

/**
 * The tokens of command lines: `pc_<session token>_<HMAC>`. What a browser's cookie holds is none, and a token is no
 * cookie: neither can be used in place of the other. The session token alone, as the database has it, is neither.
 */
export class CliTokens {
  readonly #key: Buffer

  /** @param secret what `signInSecret` gives */
  constructor(secret: Secret) {
    this.#key = derivedKey(secret, CLI_TOKEN_LABEL)
  }

  /** The token for a session. It is a credential: give it out once, log it never. */
  seal(sessionToken: string): string {
    return `pc_${sessionToken}_${this.#mac(sessionToken).toString('base64url')}`
  }

  /** The session that a token is for; `undefined` for any text that is none of ours. Whether it still lives the database knows. */
  open(text: string): string | undefined {
    const [, sessionToken, mac] = /^pc_([A-Za-z0-9]{32})_([A-Za-z0-9_-]{43})$/.exec(text) ?? []
    if (sessionToken === undefined || mac === undefined) return undefined
    return timingSafeEqual(Buffer.from(mac, 'base64url'), this.#mac(sessionToken)) ? sessionToken : undefined
  }

  #mac(sessionToken: string): Buffer {
    return createHmac('sha256', this.#key).update(sessionToken).digest()
  }
}
