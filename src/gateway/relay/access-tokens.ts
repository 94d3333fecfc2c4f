import { createSecretKey, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { Clock } from '../../core/clock.ts'
import { derivedKey } from '../../core/derived-key.ts'
import { Secret } from '../../core/secret.ts'
import type { Tunnel } from './tunnel.ts'

/** How long an access token is good for. */
export const ACCESS_TOKEN_MS = 900_000
const ALGORITHM = 'HS256'
const ISSUER = 'punku'
const AUDIENCE = 'punku-link'
/** Keeps this key apart from all else that is made from the pepper. */
const KEY_LABEL = 'punku access token 1'
/** Ours are about 250 characters. A longer text is not even decoded. */
const MAX_TOKEN_LENGTH = 1_024

export interface AccessTokensOptions {
  /** The gateway's pepper. Every gateway that shares it takes the others' tokens. */
  readonly pepper: Secret
  readonly clock: Clock
}

/** What an access token says. Whether it still holds, the roll knows: the tunnel is live and its version the same. */
export interface AccessGrant {
  readonly tunnelId: string
  readonly credentialVersion: number
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Signs and checks what an agent opens a link with: a JWT that lives for 15 minutes and is stored nowhere. */
export class AccessTokens {
  readonly #clock: Clock
  readonly #key: KeyObject

  constructor({ pepper, clock }: AccessTokensOptions) {
    this.#clock = clock
    this.#key = createSecretKey(derivedKey(pepper, KEY_LABEL))
  }

  /** A token for a live tunnel. */
  async issue({ id, credentialVersion }: Tunnel): Promise<{ readonly token: Secret; readonly expiresInMs: number }> {
    // A JWT counts whole seconds: rounded up, so that it is good for as long as was said.
    const expiresAt = Math.ceil((this.#clock.now() + ACCESS_TOKEN_MS) / 1_000)
    const token = await new SignJWT({ version: credentialVersion })
      .setProtectedHeader({ alg: ALGORITHM })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(id)
      .setExpirationTime(expiresAt)
      .sign(this.#key)
    return { token: new Secret(token), expiresInMs: ACCESS_TOKEN_MS }
  }

  /** What a token says; `undefined` for any text that is none of ours, or has expired. */
  async verify(text: string): Promise<AccessGrant | undefined> {
    if (text.length > MAX_TOKEN_LENGTH) return undefined
    try {
      const { payload } = await jwtVerify(text, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp', 'version'],
        currentDate: new Date(this.#clock.now()),
      })
      const { sub, exp, version } = payload
      if (sub === undefined || exp === undefined || typeof version !== 'number') return undefined
      return { tunnelId: sub, credentialVersion: version, expiresAt: exp * 1_000 }
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
