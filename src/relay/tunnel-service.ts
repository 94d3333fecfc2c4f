import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { newToken, type TokenText } from '../core/token-text.ts'
import type { TunnelRow } from '../store/schema.ts'
import type { NewToken, TunnelRepository } from '../store/tunnel-repository.ts'
import { labelTaken, requireLabel } from './label.ts'
import { machineColumns, printable } from './machine.ts'
import {
  DEFAULT_MAX_TUNNELS,
  type IssuedTunnel,
  limitReached,
  newTunnelId,
  type Tunnel,
  tunnelFromRow,
} from './tunnel.ts'

/** How long a one-time token waits for its agent, milliseconds. */
export const DEFAULT_TOKEN_MS = 3_600_000

export interface TunnelServiceOptions {
  readonly repository: TunnelRepository
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  /** Tunnels of an org that are not revoked, at most. Default: 5. */
  readonly maxTunnels?: number
  /** How long a one-time token is good for, in milliseconds. Default: 1 hour. */
  readonly tokenMs?: number
  /** Awaited after every change: the `refresh` of a roll in this process. Default: rolls find out by themselves. */
  readonly changed?: () => Promise<void>
}

/** A tunnel to be made. */
export interface TunnelRequest {
  readonly orgId: string
  /** Letters, digits and `._-`, 1 to 64, the first a letter or digit; unique among the org's live tunnels. */
  readonly label: string
  /** Who asks, in words: `local admin`. */
  readonly by: string
}

/**
 * Makes and ends the tunnels of an org. They are named by id or label; of tunnels that share a label it means the one
 * that is not revoked, or else the newest. Throws `invalid_request` with the field in `param`, and `tunnel_not_found`.
 */
export class TunnelService {
  readonly #options: TunnelServiceOptions
  readonly #maxTunnels: number
  readonly #tokenMs: number

  constructor(options: TunnelServiceOptions) {
    this.#options = options
    this.#maxTunnels = options.maxTunnels ?? DEFAULT_MAX_TUNNELS
    this.#tokenMs = options.tokenMs ?? DEFAULT_TOKEN_MS
  }

  /** Every tunnel of the org, revoked ones too, oldest first. */
  async list(orgId: string): Promise<readonly Tunnel[]> {
    return (await this.#options.repository.list(orgId)).map(tunnelFromRow)
  }

  async show(orgId: string, idOrLabel: string): Promise<Tunnel> {
    return tunnelFromRow(await this.#find(orgId, idOrLabel))
  }

  /** Makes a tunnel that waits for its agent. Throws `tunnel_limit_reached` when the org has all it may have. */
  async create({ orgId, label: text, by }: TunnelRequest): Promise<IssuedTunnel> {
    const label = requireLabel(text)
    const token = newToken('pt')
    const row = this.#tokenRow(token)
    const tunnel = await this.#options.repository.insert(
      { id: newTunnelId(), org_id: orgId, created_at: row.at, created_by: printable(by), ...machineColumns(undefined) },
      { maxTunnels: this.#maxTunnels, chooseLabel: (taken) => (taken.has(label) ? undefined : label) },
      row,
    )
    if (tunnel === 'limit') throw limitReached(this.#maxTunnels)
    if (tunnel === 'label') throw labelTaken(label)
    return await this.#issued(tunnel, token, row)
  }

  /** Gives the tunnel another label. Its link goes on. */
  async rename(orgId: string, idOrLabel: string, label: string): Promise<Tunnel> {
    const { repository, clock } = this.#options
    requireLabel(label)
    const { id } = await this.#find(orgId, idOrLabel)
    const tunnel = await repository.rename(id, label, clock.now())
    if (tunnel === 'taken') throw labelTaken(label)
    if (tunnel === 'gone') throw revoked()
    await this.#options.changed?.()
    return tunnelFromRow(tunnel)
  }

  /** Ends the tunnel's credentials at once, and with them its link, and makes a token for its agent to begin anew. */
  async rotate(orgId: string, idOrLabel: string): Promise<IssuedTunnel> {
    const { id } = await this.#find(orgId, idOrLabel)
    const token = newToken('pt')
    const row = this.#tokenRow(token)
    const tunnel = await this.#options.repository.rotate(id, row)
    if (tunnel === undefined) throw revoked()
    return await this.#issued(tunnel, token, row)
  }

  /** Ends a tunnel for good, and with it its link and streams. For a revoked tunnel it changes nothing. */
  async revoke(orgId: string, idOrLabel: string): Promise<Tunnel> {
    const { id } = await this.#find(orgId, idOrLabel)
    await this.#options.repository.revoke(id, this.#options.clock.now())
    await this.#options.changed?.()
    return await this.show(orgId, id)
  }

  async #find(orgId: string, idOrLabel: string): Promise<TunnelRow> {
    const rows = await this.#options.repository.list(orgId)
    const row =
      rows.find(({ id }) => id === idOrLabel) ??
      rows.find(({ label, revoked_at }) => label === idOrLabel && revoked_at === null) ??
      rows.findLast(({ label }) => label === idOrLabel)
    if (row !== undefined) return row
    // The text is not repeated: it may be a token, pasted in the wrong place.
    throw new PunkuError(
      'tunnel_not_found',
      'No tunnel has this id or label. `punku tunnels list` shows the ones there are.',
      { param: 'tunnel' },
    )
  }

  #tokenRow({ id, text }: TokenText): NewToken {
    const at = this.#options.clock.now()
    return { id, hash: this.#options.hash(text.reveal()).toString('hex'), at, expiresAt: at + this.#tokenMs }
  }

  async #issued(tunnel: TunnelRow, { text }: TokenText, { expiresAt }: NewToken): Promise<IssuedTunnel> {
    await this.#options.changed?.()
    return { tunnel: tunnelFromRow(tunnel), token: text, expiresAt }
  }
}

function revoked(): PunkuError {
  return new PunkuError(
    'invalid_request',
    'This tunnel was revoked, and nothing about it can be changed any more. Make a new one.',
    { param: 'tunnel' },
  )
}
