import { PunkuError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import { newToken } from '../../core/token-text.ts'
import type { OrgAuditActor } from '../store/audit-note.ts'
import type { TunnelRow } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { TunnelPage, TunnelRepository } from '../store/tunnel-repository.ts'
import { TunnelWriter } from '../store/tunnel-writer.ts'
import type { Unstored } from '../store/unstored.ts'
import { labelTaken, requireLabel } from './label.ts'
import { machineColumns, shownText } from './machine.ts'
import {
  DEFAULT_MAX_TUNNELS,
  type IssuedTunnel,
  newTunnelId,
  requireRoom,
  type Tunnel,
  tunnelFromRow,
} from './tunnel.ts'
import { tunnelNote } from './tunnel-note.ts'
import type { TunnelRoll } from './tunnel-roll.ts'

/** How long a one-time token waits for its agent, milliseconds. */
export const DEFAULT_TOKEN_MS = 3_600_000

export interface TunnelServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly repository: TunnelRepository
  /** What is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  /** Tunnels of an org that are not revoked, at most. Default: 5. */
  readonly maxTunnels?: number
  /** How long a one-time token is good for, in milliseconds. Default: 1 hour. */
  readonly tokenMs?: number
  /** The roll of this process, and what tries again: a revocation that cannot be stored takes effect all the same. */
  readonly roll?: Pick<TunnelRoll, 'revokeHere' | 'overHere' | 'revokedHere'>
  readonly unstored?: Pick<Unstored, 'revoke'>
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

  /** The tunnels of the org, newest first. */
  async list(orgId: string, page: TunnelPage): Promise<readonly Tunnel[]> {
    const revokedHere = [...(this.#options.roll?.revokedHere.keys() ?? [])]
    const rows = await this.#options.repository.list(orgId, { ...page, revokedHere })
    return rows.map((row) => this.#asItIs(row))
  }

  /** The tunnels of the org that are not revoked, oldest first. */
  async listLive(orgId: string): Promise<readonly Tunnel[]> {
    const rows = await this.#options.repository.listLive(orgId)
    return rows.map((row) => this.#asItIs(row)).filter(({ revokedAt }) => revokedAt === undefined)
  }

  async show(orgId: string, idOrLabel: string): Promise<Tunnel> {
    return this.#asItIs(await find(this.#options.repository, orgId, idOrLabel))
  }

  /**
   * Makes a tunnel that waits for its agent. Throws `tunnel_limit_reached` when the org has all it may have.
   * @param label letters, digits and `._-`, 1 to 64, the first a letter or digit; unique among the org's live tunnels
   */
  async create(actor: OrgAuditActor, label: string): Promise<IssuedTunnel> {
    requireLabel(label)
    return await this.#options.store.change(actor, async (change) => {
      const tunnels = new TunnelWriter(change)
      await requireRoom(tunnels, actor.orgId, this.#maxTunnels)
      if (await tunnels.isLabelTaken(actor.orgId, label)) throw labelTaken(label)
      const row = await tunnels.insert({
        id: newTunnelId(),
        org_id: actor.orgId,
        label,
        created_by: shownText(actor.name),
        ...machineColumns(undefined),
      })
      const tunnel = tunnelFromRow(row)
      change.record(tunnelNote('tunnel.create', tunnel, { after: { label } }))
      return { tunnel, ...(await this.#issueToken(change, tunnels, tunnel.id)) }
    })
  }

  /** Gives the tunnel another label. Its link goes on. */
  async rename(actor: OrgAuditActor, idOrLabel: string, label: string): Promise<Tunnel> {
    requireLabel(label)
    return await this.#options.store.change(actor, async (change) => {
      const tunnels = new TunnelWriter(change)
      const before = await findLive(tunnels, actor.orgId, idOrLabel)
      if (await tunnels.isLabelTaken(actor.orgId, label, before.id)) throw labelTaken(label)
      const tunnel = tunnelFromRow(await tunnels.rename(before.id, label))
      change.record(tunnelNote('tunnel.rename', tunnel, { before: { label: before.label }, after: { label } }))
      return tunnel
    })
  }

  /** Ends the tunnel's credentials at once, and with them its link, and makes a token for its agent to begin anew. */
  async rotate(actor: OrgAuditActor, idOrLabel: string): Promise<IssuedTunnel> {
    return await this.#options.store.change(actor, async (change) => {
      const tunnels = new TunnelWriter(change)
      const tunnel = tunnelFromRow(await tunnels.rotate(await findLive(tunnels, actor.orgId, idOrLabel)))
      change.record(tunnelNote('tunnel.rotate', tunnel))
      return { tunnel, ...(await this.#issueToken(change, tunnels, tunnel.id)) }
    })
  }

  /**
   * Ends a tunnel for good, and with it its link and streams. For a revoked tunnel it changes nothing. Where that cannot be
   * stored it takes effect in this process all the same, and rejects with `revoked_unstored`.
   */
  async revoke(actor: OrgAuditActor, idOrLabel: string): Promise<Tunnel> {
    const { unstored, roll } = this.#options
    const store = (id = idOrLabel) => this.#revoke(actor, id)
    if (unstored === undefined || roll === undefined) return await store()
    const ended = new Set<string>()
    return await unstored.revoke({
      what: 'tunnel',
      store,
      here() {
        const tunnel = roll.revokeHere(actor.orgId, idOrLabel)
        if (tunnel !== undefined) ended.add(tunnel.id)
        return tunnel?.id
      },
      over: () => roll.overHere(ended),
    })
  }

  /** A tunnel as it stands in this process, whatever is stored of it yet. */
  #asItIs(row: TunnelRow): Tunnel {
    const tunnel = tunnelFromRow(row)
    return { ...tunnel, revokedAt: tunnel.revokedAt ?? this.#options.roll?.revokedHere.get(tunnel.id)?.revokedAt }
  }

  async #revoke(actor: OrgAuditActor, idOrLabel: string): Promise<Tunnel> {
    return await this.#options.store.change(actor, async (change) => {
      const tunnels = new TunnelWriter(change)
      const row = await find(tunnels, actor.orgId, idOrLabel)
      if (row.revoked_at !== null) return tunnelFromRow(row)
      return recordRevoked(change, await tunnels.revoke(row.id))
    })
  }

  async #issueToken(
    { at }: OpenChange,
    tunnels: TunnelWriter,
    tunnelId: string,
  ): Promise<{ readonly token: Secret; readonly expiresAt: number }> {
    const { id, text: token } = newToken('pt')
    const expiresAt = at + this.#tokenMs
    await tunnels.insertToken(tunnelId, { id, hash: this.#options.hash(token.reveal()).toString('hex'), expiresAt })
    return { token, expiresAt }
  }
}

/** Ends every live tunnel of an org, as a part of a change. */
export async function revokeTunnelsWithin(change: OpenChange, orgId: string): Promise<void> {
  for (const row of await new TunnelWriter(change).revokeAll(orgId)) recordRevoked(change, row)
}

function recordRevoked(change: OpenChange, row: TunnelRow): Tunnel {
  const tunnel = tunnelFromRow(row)
  change.record(tunnelNote('tunnel.revoke', tunnel, { before: { label: tunnel.label } }))
  return tunnel
}

async function find(tunnels: TunnelRepository, orgId: string, idOrLabel: string): Promise<TunnelRow> {
  const row = await tunnels.find(orgId, idOrLabel)
  if (row !== undefined) return row
  // The text is not repeated: it may be a token, pasted in the wrong place.
  throw new PunkuError(
    'tunnel_not_found',
    'No tunnel has this id or label. `punku tunnels list` shows the ones there are.',
    { param: 'tunnel' },
  )
}

async function findLive(tunnels: TunnelWriter, orgId: string, idOrLabel: string): Promise<TunnelRow> {
  const row = await find(tunnels, orgId, idOrLabel)
  if (row.revoked_at === null) return row
  throw new PunkuError(
    'invalid_request',
    'This tunnel was revoked, and nothing about it can be changed any more. Make a new one.',
    { param: 'tunnel' },
  )
}
