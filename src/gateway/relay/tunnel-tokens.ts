import type { Clock } from '../../core/clock.ts'
import type { Secret } from '../../core/secret.ts'
import { isSameHash, tokenId } from '../../core/token-text.ts'
import type { AuditActor } from '../store/audit-note.ts'
import type { PairingRepository } from '../store/pairing-repository.ts'
import { PairingWriter } from '../store/pairing-writer.ts'
import type { PairingRow, TunnelCredentialRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { TunnelRepository } from '../store/tunnel-repository.ts'
import { TunnelWriter } from '../store/tunnel-writer.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { PairingLimits } from './pairing-limits.ts'
import { RefreshTokens } from './refresh-tokens.ts'
import { TokenError } from './token-error.ts'
import { type Tunnel, tunnelFromRow } from './tunnel.ts'
import { tunnelNote } from './tunnel-note.ts'

export interface TunnelTokensOptions {
  readonly store: Pick<Store, 'change'>
  readonly pairings: PairingRepository
  readonly tunnels: TunnelRepository
  readonly accessTokens: AccessTokens
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  readonly limits: PairingLimits
  /** Called when a tunnel's credential was ended because somebody has a copy. */
  readonly onCopied?: ((tunnel: Tunnel, address: string) => void) | undefined
}

/** Who presents a refresh token. */
export interface RefreshAsked {
  /** Whether it keeps a new refresh token in place of the old one. */
  readonly keepsNew: boolean
  /** Its IP address, for the audit log. */
  readonly address: string
}

/** A refresh token as it came. */
interface Presented {
  readonly hash: Buffer
  /** The how manieth it is; -1: it does not say so under our seal. */
  readonly turn: number
}

/** What the token endpoint answers. */
export interface TokenAnswer {
  readonly accessToken: Secret
  readonly expiresInMs: number
  /** `pr_<id>_<secret>`; when the agent was paired just now, or its token was replaced. */
  readonly refreshToken?: Secret
  readonly tunnel: Tunnel
}

/**
 * The tokens of agents: RFC 8628 §3.4 and §3.5, and RFC 6749 §6. An unknown id and a wrong secret get one answer after
 * the same work.
 */
export class TunnelTokens {
  readonly #options: TunnelTokensOptions
  readonly #refreshTokens: RefreshTokens

  constructor(options: TunnelTokensOptions) {
    this.#options = options
    this.#refreshTokens = new RefreshTokens(options.hash)
  }

  /**
   * The agent asks for its tokens with a device code or a one-time token, and gets them once. Throws `TokenError`:
   * `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, and `invalid_grant` for a code that is
   * unknown or used.
   * @param address the IP address of the agent, for the audit log
   */
  async redeem(deviceCode: string, address: string): Promise<TokenAnswer> {
    const { pairings, clock, hash } = this.#options
    const id = tokenId(deviceCode, ['pd', 'pt'])
    if (id === undefined) throw invalidCode()
    const pairing = await pairings.findById(id)
    if (!isSameHash(hash(deviceCode), pairing?.hash) || pairing === undefined) throw invalidCode()
    const now = clock.now()
    if (pairing.state === 'denied') throw new TokenError('access_denied', 'The request to be paired was refused.')
    if (pairing.expires_at <= now)
      throw new TokenError('expired_token', 'The code has expired. Ask to be paired again.')
    if (pairing.state === 'pending') throw await this.#stillPending(pairing, now)
    return await this.#pair(pairing, address)
  }

  /** Puts a refresh token in the place of an approved pairing. Of all who try, one is given it. */
  async #pair({ id, tunnel_id: tunnelId, machine }: PairingRow, address: string): Promise<TokenAnswer> {
    const { store, hash, limits } = this.#options
    const { id: credentialId, text: refreshToken } = this.#refreshTokens.first()
    const tunnel = await store.change(agentOf(machine, address), async (change) => {
      if (tunnelId === null || !(await new PairingWriter(change).take(id))) throw invalidCode()
      const row = await new TunnelWriter(change).pair(tunnelId, {
        id: credentialId,
        hash: hash(refreshToken.reveal()).toString('hex'),
        expires_at: change.at + limits.refreshTokenMs,
      })
      const paired = tunnelFromRow(row)
      const after = { label: paired.label, machine: machine === '' ? null : machine }
      change.record(tunnelNote('tunnel.pair', paired, { after }))
      return paired
    })
    return { ...(await this.#answer(tunnel)), refreshToken }
  }

  /**
   * A new access token for a refresh token, and a new one of those where the agent keeps it, in place of the one it came
   * with; it lives for another year. Throws `TokenError` `invalid_grant` when its tunnel was revoked or rotated, and for any
   * text that is no refresh token. One that was replaced, and whose successor was used, is a copy: then whatever opens the
   * tunnel ends.
   */
  async refresh(refreshToken: string, { keepsNew, address }: RefreshAsked): Promise<TokenAnswer> {
    const { tunnels, clock, limits } = this.#options
    const id = tokenId(refreshToken, ['pr'])
    if (id === undefined) throw invalidRefreshToken()
    const credential = await tunnels.findCredential(id)
    const presented = this.#present(refreshToken)
    const standing = standingOf(presented, credential)
    if (standing === 'copied') await this.#endCopied(id, presented, address)
    if (credential === undefined || standing !== 'good') throw invalidRefreshToken()
    const now = clock.now()
    if (credential.expires_at <= now) throw invalidRefreshToken()
    // Once its agent has kept one, an older agent, and whoever has a copy, gets a new one too.
    const isReplaced = keepsNew || credential.turn > 0 || presented.turn > 0
    const next = isReplaced ? await this.#replace(credential, presented) : undefined
    const tunnel = await tunnels.useCredential(id, now + limits.refreshTokenMs)
    if (tunnel === undefined) throw invalidRefreshToken()
    const answer = await this.#answer(tunnelFromRow(tunnel))
    return next === undefined ? answer : { ...answer, refreshToken: next }
  }

  #present(refreshToken: string): Presented {
    return { hash: this.#options.hash(refreshToken), turn: this.#refreshTokens.turnOf(refreshToken) ?? -1 }
  }

  async #replace(credential: TunnelCredentialRow, presented: Presented): Promise<Secret> {
    const { tunnels, hash } = this.#options
    const { id } = credential
    const turn = Math.max(credential.turn, presented.turn) + 1
    const next = this.#refreshTokens.next(id, turn)
    const stored = { hash: hash(next.reveal()).toString('hex'), turn }
    const replaced = { hash: presented.hash.toString('hex'), turn: presented.turn }
    // Another was faster, twice: whoever asks again is answered by what stands then.
    if (!(await tunnels.replaceCredential(id, replaced, stored))) throw invalidRefreshToken()
    return next
  }

  /** Ends what opens the tunnel: nobody can tell who has the copy, its agent or somebody else. */
  async #endCopied(id: string, presented: Presented, address: string): Promise<never> {
    const { store, onCopied } = this.#options
    const tunnel = await store.change(agentOf('', address), async (change) => {
      const tunnels = new TunnelWriter(change)
      const row = await tunnels.findOfCredential(id)
      if (row === undefined || standingOf(presented, await tunnels.findCredential(id)) !== 'copied') return undefined
      const ended = tunnelFromRow(await tunnels.rotate(row))
      change.record(tunnelNote('tunnel.copied', ended, { before: { label: ended.label } }))
      return ended
    })
    if (tunnel === undefined) throw invalidRefreshToken()
    onCopied?.(tunnel, address)
    throw new TokenError(
      'invalid_grant',
      'The refresh token was replaced before, and what replaced it was used: two have this credential, so it was ended. Pair anew, and see who could read it.',
    )
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

  async #answer(tunnel: Tunnel): Promise<TokenAnswer> {
    const { token, expiresInMs } = await this.#options.accessTokens.issue(tunnel)
    return { accessToken: token, expiresInMs, tunnel }
  }
}

/** How a refresh token stands: good; not one of this credential's; or one of it that was good before. */
function standingOf(
  { hash, turn }: Presented,
  credential: TunnelCredentialRow | undefined,
): 'good' | 'unknown' | 'copied' {
  const isNewest = isSameHash(hash, credential?.hash)
  const isPrevious = isSameHash(hash, credential?.previous_hash ?? undefined)
  const isFirst = isSameHash(hash, credential?.first_hash ?? undefined)
  if (credential === undefined) return 'unknown'
  // Newer than what is stored: the database was put back from a backup.
  if (isNewest || isPrevious || turn > credential.turn) return 'good'
  return isFirst || turn >= 0 ? 'copied' : 'unknown'
}

/** Whoever has the code: a machine that was confirmed, or an agent of which nothing is known yet. */
function agentOf(machine: string, address: string): AuditActor {
  return { kind: 'nobody', personId: undefined, name: machine === '' ? 'an agent' : machine, address }
}

const invalidCode = () =>
  new TokenError('invalid_grant', 'The device code or token is unknown or was used. Ask to be paired again.')

const invalidRefreshToken = () =>
  new TokenError('invalid_grant', 'The refresh token is not valid: the tunnel was revoked, or paired anew.')
