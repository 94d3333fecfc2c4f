import type { UpstreamBody } from '../../contract/upstreams.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { StoredUpstream } from '../upstreams/stored-upstream.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { upstreamStatusBody } from './bodies.ts'
import type { RunningGateway } from './upstream-control.ts'

/** Upstreams as the API shows them to an actor: their URLs only to whoever may change them. */
export function upstreamBodies(
  upstreams: readonly Upstream[],
  { isSystemAdmin }: OrgActor,
  gateway: RunningGateway,
): UpstreamBody[] {
  const exposed = new Set(gateway.status().exposures.map(({ upstreamId }) => upstreamId))
  return upstreams.map((upstream) => {
    const stored = gateway.stored.get(upstream.id)
    const isDirect = upstream.via === 'direct'
    const { base, credential } = upstream.way
    return {
      ...upstreamStatusBody(upstream),
      source: sourceOf(upstream, stored),
      url: isDirect && isSystemAdmin ? `${base.origin}${base.basePath}` : null,
      hasCredential: credential !== undefined,
      liveExchanges: gateway.upstreams.leasesOf(upstream.id),
      revision: stored?.version ?? 0,
      isExposed: exposed.has(upstream.id),
    }
  })
}

function sourceOf({ via }: Upstream, stored: StoredUpstream | undefined): UpstreamBody['source'] {
  if (via === 'tunnel') return 'tunnel'
  return stored === undefined ? 'configuration' : 'added'
}
