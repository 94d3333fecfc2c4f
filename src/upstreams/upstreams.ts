import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Route } from '../dialects/dialect.ts'
import type { CatalogueModel, Upstream } from './upstream.ts'

/** An upstream that is down is asked this often; the others at every `UP_ROUNDS`th round. */
const ROUND_MS = 5_000
const UP_ROUNDS = 6
/** Requests for models nobody has must not become a stream of listings. */
const MISS_REFRESH_MS = 2_000

export interface UpstreamChoice {
  /** The org of whoever asks: only its upstreams can be chosen, and errors tell of no others. */
  readonly orgId: string
  readonly route: Route
  /** `undefined`: the request names no model, so that any upstream that serves the route will do. */
  readonly canonicalModel: string | undefined
  /** The model as the caller spelled it, for the answer when nobody has it. Default: the canonical name. */
  readonly askedModel?: string | undefined
  /** The one upstream, by id, that the caller wants. */
  readonly pinned?: string
}

interface Member {
  readonly upstream: Upstream
  liveCount: number
  refreshedAtMs: number
  refreshing: Promise<void> | undefined
  /** The listing that `byName` was made from. */
  models: readonly CatalogueModel[] | undefined
  byName: ReadonlyMap<string, CatalogueModel>
}

const NO_MEMBERS: readonly Member[] = []

interface Candidate {
  readonly upstream: Upstream
  /** The lower the better. */
  readonly rank: number
  readonly liveCount: number
  readonly isLoaded: boolean
}

/** Told of an upstream that was added or removed, or of which something else is known now. */
export type UpstreamListener = (upstream: Upstream) => void

/** The upstreams of a gateway: keeps what is known of them fresh, and chooses one of its org for each request. */
export class Upstreams {
  readonly #clock: Clock
  /** By id, in the order they were added. */
  readonly #members = new Map<string, Member>()
  /** The same by org: whoever asks for one finds no other's. */
  readonly #byOrg = new Map<string, readonly Member[]>()
  readonly #listeners: UpstreamListener[] = []
  readonly #byUpstream = new Map<Upstream, Member>()
  #timer: Disposable | undefined
  #round = 0

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock
  }

  /** Asks all upstreams at once, then again every 30 s, those that are down every 5 s. Resolves after the first. */
  async start(): Promise<void> {
    this.#timer ??= this.#clock.every(ROUND_MS, () => this.#refreshDue())
    await Promise.all(Array.from(this.#members.values(), (member) => this.#refresh(member)))
  }

  /** Stops asking, and closes every upstream. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    await Promise.all(Array.from(this.#members.values(), ({ upstream }) => upstream.close()))
  }

  /** Adds a listener for whatever changes of the upstreams. */
  onChange(listener: UpstreamListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Adds an upstream; from now on it is closed from here. Resolves once it was asked, when `start` has run.
   * @throws PunkuError `invalid_request` when there is one with its id.
   */
  async add(upstream: Upstream): Promise<void> {
    if (this.get(upstream.id) !== undefined) {
      throw new PunkuError('invalid_request', 'This upstream is there already. Remove it first, or name another.')
    }
    const member: Member = {
      upstream,
      liveCount: 0,
      refreshedAtMs: Number.NEGATIVE_INFINITY,
      refreshing: undefined,
      models: undefined,
      byName: new Map(),
    }
    this.#members.set(upstream.id, member)
    this.#byOrg.set(upstream.orgId, [...this.#membersOf(upstream.orgId), member])
    this.#byUpstream.set(upstream, member)
    upstream.whenChanged = () => this.#tell(upstream)
    this.#tell(upstream)
    if (this.#timer !== undefined) await this.#refresh(member)
  }

  /** Takes it out and closes it; its live exchanges fail. `false` when there is none of that id. */
  async remove(id: string): Promise<boolean> {
    const member = this.#members.get(id)
    if (member === undefined) return false
    const { upstream } = member
    const others = this.#membersOf(upstream.orgId).filter((other) => other !== member)
    this.#members.delete(id)
    if (others.length > 0) this.#byOrg.set(upstream.orgId, others)
    else this.#byOrg.delete(upstream.orgId)
    this.#byUpstream.delete(upstream)
    upstream.whenChanged = () => {}
    this.#tell(upstream)
    await upstream.close()
    return true
  }

  /** Those of every org, in the order they were added: for the gateway's own use, never for who asks by a key. */
  all(): readonly Upstream[] {
    return Array.from(this.#members.values(), ({ upstream }) => upstream)
  }

  /** Those of an org, in the order they were added. */
  of(orgId: string): readonly Upstream[] {
    return this.#membersOf(orgId).map(({ upstream }) => upstream)
  }

  /** The one with that id, of whichever org. */
  get(id: string): Upstream | undefined {
    return this.#members.get(id)?.upstream
  }

  /** An exchange with the upstream begins; pair each with one `release`. */
  acquire(upstream: Upstream): void {
    const member = this.#byUpstream.get(upstream)
    if (member !== undefined) member.liveCount++
  }

  release(upstream: Upstream): void {
    const member = this.#byUpstream.get(upstream)
    if (member !== undefined) member.liveCount--
  }

  /** An exchange could not reach the upstream: it is asked at once how it is, at most every 2 s. */
  doubt(upstream: Upstream): void {
    const member = this.#byUpstream.get(upstream)
    if (member !== undefined) void this.#refreshOnMiss(member)
  }

  /** How many exchanges with the upstream are going on. */
  liveCount(upstream: Upstream): number {
    return this.#byUpstream.get(upstream)?.liveCount ?? 0
  }

  /** What the upstream's newest listing says of a model; `isCloud` there holds for aliases too. */
  modelOf(upstream: Upstream, canonicalModel: string): CatalogueModel | undefined {
    const member = this.#byUpstream.get(upstream)
    return member === undefined ? undefined : namesOf(member).get(canonicalModel)
  }

  /**
   * The upstream for a request: one of its org whose server serves the route and has the model, healthy before not, then the one
   * with the fewest live exchanges, then one that has the model loaded, then the one added first. At once when there is one. Otherwise the catalogues are
   * read anew, at most every 2 s, and the answer is a promise.
   *
   * An upstream that is down but once answered is still chosen when there is no better: the request then tells what is
   * wrong with it now. One that never answered is not: nobody knows what it would be asked to do. Routes of class
   * `manage` do not need the model to be there, for they may be about to make it.
   *
   * @throws PunkuError `route_not_served`, `model_not_found`, `upstream_refused`, `upstream_unreachable`, and
   * `invalid_request` when there is no such pinned upstream; as a rejection when the answer is a promise.
   */
  choose(choice: UpstreamChoice): Upstream | Promise<Upstream> {
    const known = this.#find(choice)
    if (known !== undefined) return known
    const candidates = this.#candidates(choice)
    const isOpen = candidates.some((member) => member.upstream.server === undefined || serves(member, choice.route))
    if (!isOpen) throw this.#whyNone(choice)
    return this.#chooseAnew(choice, candidates)
  }

  async #chooseAnew(choice: UpstreamChoice, candidates: readonly Member[]): Promise<Upstream> {
    // One that is down may take long to say so again; it is asked only when there is nobody else to ask.
    const hopeful = candidates.filter(({ upstream }) => upstream.health.state !== 'down')
    const asked = hopeful.length > 0 ? hopeful : candidates
    await Promise.all(asked.map((member) => this.#refreshOnMiss(member)))
    const found = this.#find(choice)
    if (found === undefined) throw this.#whyNone(choice)
    return found
  }

  #find({ orgId, route, canonicalModel, pinned }: UpstreamChoice): Upstream | undefined {
    let best: Candidate | undefined
    for (const member of this.#membersOf(orgId)) {
      const { upstream, liveCount } = member
      if (pinned !== undefined && upstream.id !== pinned) continue
      if (!serves(member, route)) continue
      const model = canonicalModel === undefined ? undefined : namesOf(member).get(canonicalModel)
      const isMissing = canonicalModel !== undefined && model === undefined
      if (isMissing && route.class !== 'manage') continue
      const rank = (isMissing ? 2 : 0) + (upstream.health.state === 'up' ? 0 : 1)
      const candidate = { upstream, rank, liveCount, isLoaded: model?.isLoaded === true }
      if (best === undefined || isBetter(candidate, best)) best = candidate
    }
    return best?.upstream
  }

  #candidates({ orgId, pinned }: UpstreamChoice): readonly Member[] {
    const members = this.#membersOf(orgId)
    return pinned === undefined ? members : members.filter(({ upstream }) => upstream.id === pinned)
  }

  #membersOf(orgId: string): readonly Member[] {
    return this.#byOrg.get(orgId) ?? NO_MEMBERS
  }

  #tell(upstream: Upstream): void {
    for (const listener of this.#listeners) listener(upstream)
  }

  #whyNone(choice: UpstreamChoice): PunkuError {
    const { route, canonicalModel, askedModel = canonicalModel, pinned } = choice
    const candidates = this.#candidates(choice)
    if (candidates.length === 0) {
      if (pinned !== undefined) return new PunkuError('invalid_request', 'There is no upstream of the name asked for.')
      return new PunkuError(
        'upstream_unreachable',
        'No model server is configured. Add one to the gateway, or pair an agent with it.',
      )
    }
    if (candidates.some((member) => serves(member, route))) {
      return new PunkuError('model_not_found', `model '${askedModel}' not found`, { param: 'model' })
    }
    const states = candidates.map(({ upstream }) => upstream.health)
    if (states.some((health) => health.state === 'up') || candidates.every(({ upstream }) => upstream.server)) {
      return new PunkuError(
        'route_not_served',
        `No model server here serves ${route.method} ${route.path} of the ${route.dialect} API. ` +
          `It takes one of: ${route.servers.join(', ')}.`,
      )
    }
    const options = { retryAfterMs: ROUND_MS, detail: { reason: states[0]?.reason ?? '' } }
    return states.every((health) => health.failure === 'refused')
      ? new PunkuError('upstream_refused', 'No model server is running where the gateway looks. Start it.', options)
      : new PunkuError(
          'upstream_unreachable',
          'No model server has answered the gateway yet. Check it, and behind a tunnel that its agent is connected.',
          options,
        )
  }

  #refreshDue(): void {
    this.#round++
    const isFullRound = this.#round % UP_ROUNDS === 0
    for (const member of this.#members.values()) {
      if (isFullRound || member.upstream.health.state !== 'up') void this.#refresh(member)
    }
  }

  #refreshOnMiss(member: Member): Promise<void> {
    // One that is unprobed has a new way to it since, and is being asked at this moment.
    const isUnprobed = member.upstream.health.state === 'unprobed'
    const isRecent = !isUnprobed && this.#clock.elapsed() - member.refreshedAtMs < MISS_REFRESH_MS
    return isRecent ? (member.refreshing ?? Promise.resolve()) : this.#refresh(member)
  }

  #refresh(member: Member): Promise<void> {
    if (member.refreshing !== undefined) return member.refreshing
    member.refreshedAtMs = this.#clock.elapsed()
    member.refreshing = member.upstream.refresh().finally(() => {
      member.refreshing = undefined
    })
    return member.refreshing
  }
}

function isBetter(one: Candidate, other: Candidate): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank
  if (one.liveCount !== other.liveCount) return one.liveCount < other.liveCount
  return one.isLoaded && !other.isLoaded
}

function serves({ upstream }: Member, route: Route): boolean {
  return upstream.server !== undefined && route.servers.includes(upstream.server)
}

/** The newest listing by canonical name. Whoever refreshed the upstream, a new listing is a new array. */
function namesOf(member: Member): ReadonlyMap<string, CatalogueModel> {
  const { models } = member.upstream
  if (models !== member.models) {
    member.models = models
    member.byName = new Map((models ?? []).map((model) => [model.canonical, model]))
  }
  return member.byName
}
