import type { Clock } from '../../core/clock.ts'
import type { PunkuError } from '../../core/error.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { OrgUpstreams } from '../upstreams/org-upstreams.ts'
import type { RegisteredUpstream } from '../upstreams/registered-upstream.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { MISS_INTERVAL_MS, type UpstreamRefresher } from '../upstreams/upstream-refresher.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import { Chooser, serves, type Wanted } from './chooser.ts'
import { Lease, type LeaseEnd } from './lease.ts'
import { isWorthAsking, noSuchUpstream, whyNone } from './no-upstream.ts'

/**
 * For so long after the start one that was not heard of is taken for one that comes: agents try every 2 s then. Later it
 * may be gone for good, and must not make every misspelt model look like one that is about to be there.
 */
const AWAITED_MS = 300_000

interface Miss {
  readonly atMs: number
  readonly asking: Promise<void>
}

export interface AdmissionOptions {
  readonly registry: UpstreamRegistry
  readonly refresher: UpstreamRefresher
  readonly clock: Clock
}

/** Lets requests in: finds each an upstream of its org, and counts it there in the same step. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #chooser = new Chooser()
  readonly #startedAtMs: number
  /** The last time that the upstreams of an org were asked for a model that none had. */
  readonly #misses = new WeakMap<OrgUpstreams, Miss>()

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#startedAtMs = options.clock.elapsed()
  }

  /**
   * The lease of a request. At once where the catalogues know an upstream for it; otherwise they are read anew, at most
   * every 2 s, and the answer is a promise: of what all say, or those that do within a second. An upstream that a lease
   * could not reach, or whose models it may have changed, is asked at once.
   * @throws PunkuError `route_not_served`, `model_not_found`, `upstream_refused`, `upstream_unreachable`,
   * `upstream_away`, and `upstream_not_found` when there is no such pinned upstream; as a rejection when the answer is a
   * promise.
   */
  lease(wanted: Wanted): Lease | Promise<Lease> {
    const org = this.#options.registry.inOrg(wanted.orgId)
    const lease = this.#choose(org, wanted)
    if (lease !== undefined) return lease
    if (!isWorthAsking(org, wanted)) throw this.#whyNone(org, wanted)
    return this.#leaseAnew(wanted)
  }

  /**
   * The id of an upstream of an org that a caller names by id or label.
   * @throws PunkuError `upstream_not_found`, whether or not another org has it.
   */
  pinnedId(orgId: string, idOrLabel: string): string {
    const member = this.#options.registry.inOrg(orgId).namedInAnyCase(idOrLabel)
    if (member === undefined) throw noSuchUpstream()
    return member.upstream.id
  }

  /**
   * The upstreams of an org that have a route, in the order they were added; of a pinned one, that. Throws as `lease` does
   * where none is known.
   */
  serving({ orgId, route, pinned }: Pick<Wanted, 'orgId' | 'route' | 'pinned'>): readonly Upstream[] {
    const { registry } = this.#options
    const found = registry
      .of(orgId)
      .filter(({ id, known }) => serves(known.server, route) && (pinned === undefined || pinned === id))
    if (found.length > 0) return found
    throw this.#whyNone(registry.inOrg(orgId), { orgId, route, canonicalModel: undefined, pinned })
  }

  /** Why an org has no server with that route, where that is certain; `undefined`: it may have. */
  notServed(orgId: string, route: Wanted['route']): PunkuError | undefined {
    const org = this.#options.registry.inOrg(orgId)
    const error = this.#whyNone(org, { orgId, route, canonicalModel: undefined })
    return error.code === 'route_not_served' ? error : undefined
  }

  /**
   * Asks the upstreams of an org for what none of them had, at most every 2 s. Resolves when all have answered, or those
   * that do within a second: while some answer, nobody waits for one that hangs.
   */
  async askAgain(orgId: string): Promise<void> {
    const { registry, refresher, clock } = this.#options
    const org = registry.inOrg(orgId)
    const last = this.#misses.get(org)
    if (last !== undefined && clock.elapsed() - last.atMs < MISS_INTERVAL_MS) {
      // Some have a new way since.
      const unprobed = upstreamsOf(org.unprobed)
      const asking = org.up.size > 0 ? refresher.hear(unprobed) : refresher.askEachOnMiss(unprobed)
      await Promise.all([last.asking, asking])
      return
    }
    // One that is down may take long to say so again; it is asked only when there is nobody else to ask.
    const isHopeful = org.up.size > 0 || org.unprobed.size > 0
    const asked = isHopeful ? [...org.up, ...org.unprobed] : org.members()
    const asking = refresher.askEachOnMiss(upstreamsOf(asked))
    this.#misses.set(org, { atMs: clock.elapsed(), asking })
    await asking
  }

  /** Whether the gateway has just started and an upstream of the org was not heard of since: it may have any model. */
  isAwaited(orgId: string): boolean {
    return this.#isAwaited(this.#options.registry.inOrg(orgId))
  }

  #isAwaited(org: OrgUpstreams): boolean {
    return org.awaited.size > 0 && this.#options.clock.elapsed() - this.#startedAtMs < AWAITED_MS
  }

  #whyNone(org: OrgUpstreams, wanted: Wanted): PunkuError {
    return whyNone(org, wanted, wanted.pinned === undefined && this.#isAwaited(org))
  }

  async #leaseAnew(wanted: Wanted): Promise<Lease> {
    await this.#askOnMiss(wanted)
    const org = this.#options.registry.inOrg(wanted.orgId)
    const lease = this.#choose(org, wanted)
    if (lease === undefined) throw this.#whyNone(org, wanted)
    return lease
  }

  async #askOnMiss({ orgId, pinned }: Wanted): Promise<void> {
    if (pinned === undefined) return await this.askAgain(orgId)
    const member = this.#options.registry.inOrg(orgId).get(pinned)
    if (member !== undefined) await this.#options.refresher.askOnMiss(member.upstream)
  }

  #choose(org: OrgUpstreams, wanted: Wanted): Lease | undefined {
    const member = this.#chooser.choose(org, wanted)
    if (member !== undefined) return this.#leaseOn(member, wanted.route)
    for (const route of wanted.otherRoutes ?? []) {
      const other = this.#chooser.choose(org, { ...wanted, route })
      if (other !== undefined) return this.#leaseOn(other, route)
    }
    return undefined
  }

  #leaseOn(member: RegisteredUpstream, route: ServedRoute): Lease {
    return new Lease(member, route, route.class === 'manage' ? this.#managed : this.#ended)
  }

  readonly #managed = (upstream: Upstream, end: LeaseEnd | undefined): void => {
    if (end !== undefined && end.error === undefined) void this.#options.refresher.renew(upstream)
    else this.#ended(upstream, end)
  }

  readonly #ended = (upstream: Upstream, end: LeaseEnd | undefined): void => {
    const code = end?.error?.code
    if (code !== 'upstream_refused' && code !== 'upstream_unreachable') return
    void this.#options.refresher.askOnMiss(upstream)
  }
}

function* upstreamsOf(members: Iterable<{ readonly upstream: Upstream }>): Iterable<Upstream> {
  for (const { upstream } of members) yield upstream
}
