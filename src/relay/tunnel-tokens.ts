import type { Clock } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'
import { isSameHash, newToken, tokenId } from '../core/token-text.ts'
import type { PairingRepository } from '../store/pairing-repository.ts'
import type { PairingRow, TunnelRow } from '../store/schema.ts'
import type { TunnelRepository } from '../store/tunnel-repository.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { PairingLimits } from './pairing-limits.ts'
import { TokenError } from './token-error.ts'
import { type Tunnel, tunnelFromRow } from './tunnel.ts'

export interface TunnelTokensOptions {
  readonly pairings: PairingRepository
  readonly tunnels: TunnelRepository
  readonly accessTokens: AccessTokens
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  readonly limits: PairingLimits
}

/** What the token endpoint answers. */
export interface TokenAnswer {
  readonly accessToken: Secret
  readonly expiresInMs: number
  /** `pr_<id>_<secret>`; only when the agent was paired just now. */
  readonly refreshToken?: Secret
  readonly tunnel: Tunnel
}

/**
 * The tokens of agents: RFC 8628 §3.4 and §3.5, and RFC 6749 §6. An unknown id and a wrong secret get one answer after
 * the same work.
 */
export class TunnelTokens {
  readonly #options: TunnelTokensOptions

  constructor(options: TunnelTokensOptions) {
    this.#options = options
  }

  /**
   * The agent asks for its tokens with a device code or a one-time token, and gets them once. Throws `TokenError`:
   * `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, and `invalid_grant` for a code that is
   * unknown or used.
   */
  async redeem(deviceCode: string): Promise<TokenAnswer> {
    const { pairings, clock, hash, limits } = this.#options
    const id = tokenId(deviceCode, ['pd', 'pt'])
    if (id === undefined) throw invalidCode()
    const pairing = await pairings.findById(id)
    if (!isSameHash(hash(deviceCode), pairing?.hash) || pairing === undefined) throw invalidCode()
    const now = clock.now()
    if (pairing.state === 'denied') throw new TokenError('access_denied', 'The request to be paired was refused.')
    if (pairing.expires_at <= now)
      throw new TokenError('expired_token', 'The code has expired. Ask to be paired again.')
    if (pairing.state === 'pending') throw await this.#stillPending(pairing, now)
    const { id: credentialId, text: refreshToken } = newToken('pr')
    const tunnel = await pairings.redeem(id, {
      id: credentialId,
      hash: hash(refreshToken.reveal()).toString('hex'),
      at: now,
      expiresAt: now + limits.refreshTokenMs,
    })
    if (tunnel === undefined) throw invalidCode()
    return { ...(await this.#answer(tunnel)), refreshToken }
  }

  /**
   * A new access token for a refresh token, which then lives for another year. Throws `TokenError` `invalid_grant` when
   * its tunnel was revoked or rotated, and for any text that is no refresh token.
   */
  async refresh(refreshToken: string): Promise<TokenAnswer> {
    const { tunnels, clock, hash, limits } = this.#options
    const id = tokenId(refreshToken, ['pr'])
    if (id === undefined) throw invalidRefreshToken()
    const credential = await tunnels.findCredential(id)
    if (!isSameHash(hash(refreshToken), credential?.hash) || credential === undefined) throw invalidRefreshToken()
    const now = clock.now()
    if (credential.expires_at <= now) throw invalidRefreshToken()
    const tunnel = await tunnels.useCredential(id, now + limits.refreshTokenMs)
    if (tunnel === undefined) throw invalidRefreshToken()
    return await this.#answer(tunnel)
  }

  async #stillPending(pairing: PairingRow, now: number): Promise<TokenError> {
    const { pairings, limits } = this.#options
    const sinceMs = pairing.polled_at === null ? Infinity : now - pairing.polled_at
    // Less than 0: the clock went back, which is no fault of the agent.
    const isEarly = sinceMs >= 0 && sinceMs < pairing.interval_ms
    if (!isEarly && (await pairings.recordPoll(pairing, now))) {
      return new TokenError('authorization_pending', 'Nobody has confirmed the code yet. Ask again.')
    }
    await pairings.slowDown(pairing.id, limits.slowDownMs, limits.maxIntervalMs)
    return new TokenError('slow_down', 'Asked too soon. Wait 5 seconds longer each time from now on.')
  }

  async #answer(row: TunnelRow): Promise<TokenAnswer> {
    const tunnel = tunnelFromRow(row)
    const { token, expiresInMs } = await this.#options.accessTokens.issue(tunnel)
    return { accessToken: token, expiresInMs, tunnel }
  }
}

const invalidCode = () =>
  new TokenError('invalid_grant', 'The device code or token is unknown or was used. Ask to be paired again.')

const invalidRefreshToken = () =>
  new TokenError('invalid_grant', 'The refresh token is not valid: the tunnel was revoked, or paired anew.')
