import type { ServerName } from '../../servers/known/model-servers.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { OrgUpstreams, UpstreamPool } from '../upstreams/org-upstreams.ts'
import type { RegisteredUpstream } from '../upstreams/registered-upstream.ts'

/**
 * The most that are compared for one request. Among more than these the next ones are taken each time, so that the work
 * of a request does not grow with the number of upstreams, and each has its turn.
 */
const MAX_COMPARED = 64

/** What a request needs of its upstream. */
export interface Wanted {
  /** The org of whoever asks: only its upstreams can be chosen, and errors tell of no others. */
  readonly orgId: string
  readonly route: ServedRoute
  /** Other routes that will do where nobody serves that one, the best first: the answer is translated then. Default: none. */
  readonly otherRoutes?: readonly ServedRoute[]
  /** `undefined`: the request names no model, so that any upstream that serves the route will do. */
  readonly canonicalModel: string | undefined
  /** The model as the caller spelled it, for the answer when nobody has it. Default: the canonical name. */
  readonly askedModel?: string | undefined
  /** The one upstream, by id, that the caller wants. */
  readonly pinned?: string | undefined
}

/**
 * Chooses among the upstreams of an org, and changes nothing: those whose server serves the route and has the model;
 * healthy before not, then the one with the fewest leases, then one that has the model loaded, then the one added first.
 *
 * An upstream that is down but once answered is still chosen when there is no better: the request then tells what is
 * wrong with it now. One that never answered is not. Routes of class `manage` do not need the model to be there, for
 * they may be about to make it.
 */
export class Chooser {
  #cursor = 0

  /** `undefined`: none of them will do. */
  choose(org: OrgUpstreams, wanted: Wanted): RegisteredUpstream | undefined {
    const { route, canonicalModel, pinned } = wanted
    if (pinned !== undefined) return this.#pinned(org.get(pinned), wanted)
    if (canonicalModel !== undefined) {
      const holder = this.#best(route, canonicalModel, (server) => org.holdersOf(server, canonicalModel))
      if (holder !== undefined || route.class !== 'manage') return holder
    }
    return this.#best(route, undefined, (server) => org.serversOf(server))
  }

  #pinned(member: RegisteredUpstream | undefined, { route, canonicalModel }: Wanted): RegisteredUpstream | undefined {
    if (member === undefined) return undefined
    const { known } = member.upstream
    if (!serves(known.server, route) || member.lacking.has(route)) return undefined
    const isMissing = canonicalModel !== undefined && known.modelOf(canonicalModel) === undefined
    return isMissing && route.class !== 'manage' ? undefined : member
  }

  #best(
    route: ServedRoute,
    model: string | undefined,
    poolOf: (server: ServerName) => UpstreamPool | undefined,
  ): RegisteredUpstream | undefined {
    let best: RegisteredUpstream | undefined
    for (const name of ['up', 'others'] as const) {
      for (const server of route.servers) {
        const members = poolOf(server)?.[name]
        if (members === undefined) continue
        const count = Math.min(members.size, MAX_COMPARED)
        const start = members.size > MAX_COMPARED ? this.#advance(members.size) : 0
        for (let i = 0; i < count; i++) {
          const member = members.at((start + i) % members.size) as RegisteredUpstream
          if (member.lacking.has(route)) continue
          if (best === undefined || isBetter(member, best, model)) best = member
        }
      }
      if (best !== undefined) return best
    }
    return undefined
  }

  #advance(size: number): number {
    const start = this.#cursor % size
    this.#cursor = start + MAX_COMPARED
    return start
  }
}

/** Whether a server of that name has the route; one that is not known has none. */
export function serves(server: ServerName | undefined, route: ServedRoute): boolean {
  return server !== undefined && route.servers.includes(server)
}

function isBetter(one: RegisteredUpstream, other: RegisteredUpstream, model: string | undefined): boolean {
  if (one.leases !== other.leases) return one.leases < other.leases
  const [isOneLoaded, isOtherLoaded] = [hasLoaded(one, model), hasLoaded(other, model)]
  if (isOneLoaded !== isOtherLoaded) return isOneLoaded
  return one.order < other.order
}

function hasLoaded({ upstream }: RegisteredUpstream, model: string | undefined): boolean {
  return model !== undefined && upstream.known.modelOf(model)?.isLoaded === true
}
