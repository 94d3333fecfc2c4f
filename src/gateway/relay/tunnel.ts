import { PunkuError } from '../../core/error.ts'
import { randomId } from '../../core/id.ts'
import type { Secret } from '../../core/secret.ts'
import type { TunnelRow } from '../store/schema.ts'
import type { TunnelWriter } from '../store/tunnel-writer.ts'
import type { Machine } from './machine.ts'

/** A tunnel as it stood when it was read. Nothing of its credentials. Times are epoch milliseconds. */
export interface Tunnel {
  /** `tun_` and 12 characters. */
  readonly id: string
  readonly orgId: string
  /** Unique in its org among tunnels that are not revoked. */
  readonly label: string
  readonly createdAt: number
  /** Who made or confirmed it, in words: `local admin`. */
  readonly createdBy: string
  /** Grows with each rotation. An access token carries it and is worth nothing once it has changed. */
  readonly credentialVersion: number
  /** When its agent fetched the refresh token that works now; `undefined` while none has. */
  readonly pairedAt: number | undefined
  /** Written now and then: up to half a minute late. */
  readonly lastSeenAt: number | undefined
  /** `undefined`: it is live. */
  readonly revokedAt: number | undefined
  /** What its agent last said of the machine it runs on; `undefined` before it said anything. */
  readonly machine: Machine | undefined
}

/** Tunnels of an org that are not revoked, at most, where nothing else is said. */
export const DEFAULT_MAX_TUNNELS = 5

/** A live tunnel with a token that was just made for its agent and is known only now. */
export interface IssuedTunnel {
  readonly tunnel: Tunnel
  /** `pt_<id>_<secret>`: redeemed once, as a device code. */
  readonly token: Secret
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** The id of a new tunnel. */
export function newTunnelId(): string {
  return `tun_${randomId(12)}`
}

/** The tunnel that a row holds. */
export function tunnelFromRow(row: TunnelRow): Tunnel {
  const { machine_name: name, machine_platform: platform, machine_arch: arch, machine_software: software } = row
  return {
    id: row.id,
    orgId: row.org_id,
    label: row.label,
    createdAt: row.created_at,
    createdBy: row.created_by,
    credentialVersion: row.credential_version,
    pairedAt: row.paired_at ?? undefined,
    lastSeenAt: row.last_seen_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    machine: name === null ? undefined : { name, platform: platform ?? '', arch: arch ?? '', software: software ?? '' },
  }
}

/** Throws `tunnel_limit_reached` for an org that has as many live tunnels as it may have. */
export async function requireRoom(tunnels: TunnelWriter, orgId: string, maxTunnels: number): Promise<void> {
  if ((await tunnels.countLive(orgId)) < maxTunnels) return
  throw new PunkuError(
    'tunnel_limit_reached',
    `This org has all the live tunnels it may have: ${maxTunnels}. End one that is not needed with \`punku tunnels revoke LABEL\`, then try again.`,
  )
}
