import type { AttentionBody } from '../../contract/gateway.ts'
import { iso, isoOrNull } from '../../core/iso-time.ts'
import { formatDuration } from '../../core/units.ts'
import type { Key } from '../access/key.ts'
import type { ActiveKeys } from '../access/key-service.ts'
import type { Trouble } from '../metering/troubles.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { Tunnel } from '../relay/tunnel.ts'
import type { Upstream } from '../upstreams/upstream.ts'

const DAY_MS = 86_400_000
/** How long before its end a key is told of. */
export const EXPIRY_NOTICE_MS = 7 * DAY_MS
/** Of a key that was made for this long or less nobody is told: it is meant to end. */
export const SHORT_LIFE_MS = DAY_MS
/** Keys that are told of one by one; of more there is one note for all. */
export const MAX_EXPIRY_NOTES = 20

/** A live tunnel, and what the gateway knows of its link. */
export interface LinkedTunnel {
  readonly tunnel: Tunnel
  readonly link: LinkStatus | undefined
}

/** What there is in an org, as far as whoever asks may see it. */
export interface OrgFacts {
  /** Of the gateway itself; none for those who cannot mend it. */
  readonly troubles: readonly Trouble[]
  readonly upstreams: readonly Upstream[]
  /** The ids of upstreams that others reach around the gateway. */
  readonly exposed: ReadonlySet<string>
  readonly tunnels: readonly LinkedTunnel[]
  /** Those that end soon are the ones to tell of. */
  readonly keys: ActiveKeys
  /** Epoch milliseconds. */
  readonly now: number
}

const RANK: Readonly<Record<AttentionBody['severity'], number>> = { danger: 0, warning: 1, info: 2 }

/** What somebody should look at, the worst first. */
export function attentionOf({ troubles, upstreams, exposed, tunnels, keys, now }: OrgFacts): AttentionBody[] {
  const all: AttentionBody[] = troubles.map(troubleNote)
  for (const upstream of upstreams) if (exposed.has(upstream.id)) all.push(exposedNote(upstream))
  const linked = new Map(tunnels.map(({ tunnel, link }) => [tunnel.id, link]))
  for (const upstream of upstreams) {
    // Without a link it is the agent that is looked for.
    const isReached = upstream.via === 'direct' || linked.get(upstream.id)?.state === 'connected'
    if (isReached && upstream.known.health.state === 'down') all.push(downNote(upstream))
  }
  for (const linkedTunnel of tunnels) if (isAway(linkedTunnel)) all.push(awayNote(linkedTunnel))
  const { count, first } = keys.endingSoon
  for (const key of first) all.push(expiryNote(key, now))
  if (count > first.length) all.push(moreExpiryNote(count - first.length))
  if (upstreams.length === 0) all.push(NO_UPSTREAM)
  if (keys.count === 0) all.push(NO_KEY)
  return all.sort((one, other) => RANK[one.severity] - RANK[other.severity])
}

function troubleNote({ kind, text, since }: Trouble): AttentionBody {
  return { kind, severity: 'danger', text, targetId: null, since: iso(since) }
}

const NO_UPSTREAM: AttentionBody = {
  kind: 'no_upstream',
  severity: 'info',
  text: 'No model server is here yet. Run `punku pair` beside one, or have a system admin add its address.',
  targetId: null,
  since: null,
}

const NO_KEY: AttentionBody = {
  kind: 'no_key',
  severity: 'info',
  text: 'No key is here yet. Make one for each client: without it nobody reaches a model.',
  targetId: null,
  since: null,
}

function exposedNote({ id, label }: Upstream): AttentionBody {
  const text = `Others on the network can reach “${label}” around the gateway, without a key. Let its server listen on loopback only.`
  return { kind: 'upstream_exposed', severity: 'danger', text, targetId: id, since: null }
}

function downNote({ id, label, known: { health } }: Upstream): AttentionBody {
  const text = `“${label}” is down: ${health.reason}. Start its server, or check the way to it.`
  return { kind: 'upstream_down', severity: 'warning', text, targetId: id, since: null }
}

/** Its agent was there once and is not now; a link that broke a moment ago may still come back. */
function isAway({ tunnel, link }: LinkedTunnel): boolean {
  return tunnel.pairedAt !== undefined && (link === undefined || link.state === 'away')
}

function awayNote({ tunnel: { id, label, lastSeenAt }, link }: LinkedTunnel): AttentionBody {
  const text = `The agent of “${label}” is not connected. Start it on its machine, with \`punku connect\`.`
  const since = isoOrNull(link === undefined || link.since === 0 ? lastSeenAt : link.since)
  return { kind: 'agent_away', severity: 'warning', text, targetId: id, since }
}

function expiryNote({ id, name, expiresAt }: Key, now: number): AttentionBody {
  const leftMs = (expiresAt ?? now) - now
  const text = `The key “${name}” expires in ${formatDuration(leftMs)}. Let it last longer, or give its client another.`
  const severity = leftMs <= DAY_MS ? 'warning' : 'info'
  return { kind: 'key_expiring', severity, text, targetId: id, since: null }
}

function moreExpiryNote(count: number): AttentionBody {
  const whose = count === 1 ? 'One more key expires' : `${count} more keys expire`
  const text = `${whose} within ${formatDuration(EXPIRY_NOTICE_MS)}. Let them last longer, or give their clients others.`
  return { kind: 'key_expiring', severity: 'info', text, targetId: null, since: null }
}
