import type { PairingBody, TunnelBody } from '../../contract/tunnels.ts'
import { iso, isoOrNull } from '../../core/iso-time.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { PairingRequest } from '../relay/pairing-service.ts'
import type { Tunnel } from '../relay/tunnel.ts'

/** A tunnel as the API shows it. `link` is what the running gateway knows of it; without one there is no link. */
export function tunnelBody(tunnel: Tunnel, link: LinkStatus | undefined): TunnelBody {
  const isLinked = link !== undefined && link.state !== 'away' && tunnel.revokedAt === undefined
  return {
    id: tunnel.id,
    label: tunnel.label,
    state: stateOf(tunnel, isLinked ? link : undefined),
    createdAt: iso(tunnel.createdAt),
    createdBy: tunnel.createdBy,
    pairedAt: isoOrNull(tunnel.pairedAt),
    lastSeenAt: isoOrNull(tunnel.lastSeenAt),
    revokedAt: isoOrNull(tunnel.revokedAt),
    machine: tunnel.machine ?? null,
    roundTripMs: isLinked ? (link.roundTripMs ?? null) : null,
    streams: isLinked ? link.streams : null,
    address: isLinked ? (link.address ?? null) : null,
  }
}

function stateOf({ revokedAt, pairedAt }: Tunnel, link: LinkStatus | undefined): TunnelBody['state'] {
  if (revokedAt !== undefined) return 'revoked'
  return link?.state ?? (pairedAt === undefined ? 'unpaired' : 'away')
}

/** A machine that asks to be paired, as the API shows it. */
export function pairingBody({ requestedAt, expiresAt, ...rest }: PairingRequest): PairingBody {
  return { ...rest, requestedAt: iso(requestedAt), expiresAt: iso(expiresAt) }
}
