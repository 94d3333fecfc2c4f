import type { Key } from '../access/key.ts'
import { formatDuration } from '../core/units.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { Tunnel } from '../relay/tunnel.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { isoOrNull } from './bodies.ts'
import type { AttentionBody } from './contract/gateway.ts'

const DAY_MS = 86_400_000
const EXPIRY_NOTICE_MS = 7 * DAY_MS

/** A live tunnel, and what the gateway knows of its link. */
export interface LinkedTunnel {
  readonly tunnel: Tunnel
  readonly link: LinkStatus | undefined
}

/** What there is in an org, as far as whoever asks may see it. */
export interface OrgFacts {
  readonly upstreams: readonly Upstream[]
  /** The ids of upstreams that others reach around the gateway. */
  readonly exposed: ReadonlySet<string>
  readonly tunnels: readonly LinkedTunnel[]
  /** Active ones. */
  readonly keys: readonly Key[]
  /** Epoch milliseconds. */
  readonly now: number
}

const RANK: Readonly<Record<AttentionBody['severity'], number>> = { danger: 0, warning: 1, info: 2 }

/** What somebody should look at, the worst first. */
export function attentionOf({ upstreams, exposed, tunnels, keys, now }: OrgFacts): AttentionBody[] {
  const all: AttentionBody[] = []
  for (const upstream of upstreams) if (exposed.has(upstream.id)) all.push(exposedNote(upstream))
  const linked = new Map(tunnels.map(({ tunnel, link }) => [tunnel.id, link]))
  for (const upstream of upstreams) {
    // Without a link it is the agent that is looked for.
    const isReached = upstream.via === 'direct' || linked.get(upstream.id)?.state === 'connected'
    if (isReached && upstream.health.state === 'down') all.push(downNote(upstream))
  }
  for (const linkedTunnel of tunnels) if (isAway(linkedTunnel)) all.push(awayNote(linkedTunnel))
  for (const key of keys) {
    const note = expiryNote(key, now)
    if (note !== undefined) all.push(note)
  }
  if (upstreams.length === 0) all.push(NO_UPSTREAM)
  if (keys.length === 0) all.push(NO_KEY)
  return all.sort((one, other) => RANK[one.severity] - RANK[other.severity])
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

function downNote({ id, label, health }: Upstream): AttentionBody {
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

/** Of a key that was made for a day or less nobody is told: it is meant to end. */
function expiryNote({ id, name, createdAt, expiresAt }: Key, now: number): AttentionBody | undefined {
  if (expiresAt === undefined || expiresAt - now > EXPIRY_NOTICE_MS || expiresAt - createdAt <= DAY_MS) return undefined
  const leftMs = expiresAt - now
  const text = `The key “${name}” expires in ${formatDuration(leftMs)}. Let it last longer, or give its client another.`
  const severity = leftMs <= DAY_MS ? 'warning' : 'info'
  return { kind: 'key_expiring', severity, text, targetId: id, since: null }
}
