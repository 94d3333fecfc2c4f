import type { Clock } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'
import { CredentialRefused } from '../http-client/gateway-error.ts'
import { type AccessToken, type TokenClient, TokenRefused } from './token-client.ts'

/** Where access tokens come from. */
export interface AccessTokenSource {
  /** A new one. Rejects with `CredentialRefused` when there will never be one again; with anything else, ask later. */
  accessToken(signal?: AbortSignal): Promise<AccessToken>
}

export interface RefreshTokenSourceOptions {
  readonly client: TokenClient
  readonly refreshToken: Secret
  /**
   * Keeps a refresh token in place of `old`, safely, before it is used. Throws where it cannot: then the old one goes on
   * being used, which the gateway takes as long as the new one was not. Default: it is kept in memory alone.
   */
  readonly keep?: (token: Secret, old: Secret) => void
  /** Called when a token could not be kept. */
  readonly onUnkept?: (error: unknown) => void
}

/** Gets access tokens for a refresh token, which the gateway replaces each time. */
export class RefreshTokenSource implements AccessTokenSource {
  readonly #options: RefreshTokenSourceOptions
  #refreshToken: Secret

  constructor(options: RefreshTokenSourceOptions) {
    this.#options = options
    this.#refreshToken = options.refreshToken
  }

  async accessToken(signal?: AbortSignal): Promise<AccessToken> {
    try {
      const { access, refreshToken } = await this.#options.client.refresh(this.#refreshToken, signal)
      if (refreshToken !== undefined) this.#replace(refreshToken)
      return access
    } catch (thrown) {
      if (!(thrown instanceof TokenRefused) || thrown.code !== 'invalid_grant') throw thrown
      const said = thrown.message === '' ? '' : ` It says: ${thrown.message}`
      throw new CredentialRefused(`The gateway no longer takes the credential of this tunnel.${said}`)
    }
  }

  #replace(token: Secret): void {
    const { keep, onUnkept } = this.#options
    try {
      keep?.(token, this.#refreshToken)
      this.#refreshToken = token
    } catch (error) {
      onUnkept?.(error)
    }
  }
}

/** At most one renewal in this time, whatever life a gateway gives its tokens. */
const RENEWAL_PAUSE_MS = 10_000

/** Keeps one access token that is good, and knows when it is time for the next: at two thirds of its life. */
export class AccessTokenKeeper {
  readonly #source: AccessTokenSource
  readonly #clock: Clock
  #token: Secret | undefined
  /** Monotonic time stands still while the machine is suspended, wall time may jump: whichever comes first counts. */
  #due = { elapsed: 0, now: 0 }
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(source: AccessTokenSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** Whether the token should be renewed now. Not again soon after an attempt. */
  get isDue(): boolean {
    return this.#isOld && this.#clock.elapsed() - this.#askedAt >= RENEWAL_PAUSE_MS
  }

  /** One that is good for a while. Rejects as its source does. */
  async get(signal?: AbortSignal): Promise<Secret> {
    return this.#token === undefined || this.#isOld ? await this.renew(signal) : this.#token
  }

  /** A new one in any case. Rejects as its source does; the old one is then kept. */
  async renew(signal?: AbortSignal): Promise<Secret> {
    this.#askedAt = this.#clock.elapsed()
    const { token, expiresInMs } = await this.#source.accessToken(signal)
    this.#token = token
    this.expiresIn(expiresInMs)
    return token
  }

  /** The gateway has said how long the token is still good for. */
  expiresIn(ms: number): void {
    const dueInMs = (ms * 2) / 3
    this.#due = { elapsed: this.#clock.elapsed() + dueInMs, now: this.#clock.now() + dueInMs }
  }

  /** The gateway did not take it. */
  drop(): void {
    this.#token = undefined
  }

  get #isOld(): boolean {
    return this.#clock.elapsed() >= this.#due.elapsed || this.#clock.now() >= this.#due.now
  }
}
