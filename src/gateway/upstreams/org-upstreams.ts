import { IndexedSet } from '../../core/indexed-set.ts'
import type { ServerName } from '../../servers/known/model-servers.ts'
import { factsOf, type IndexedFacts, isSame, type RegisteredUpstream } from './registered-upstream.ts'

/** Upstreams that can stand for each other, those that are up apart from the others. */
export class UpstreamPool {
  readonly up = new IndexedSet<RegisteredUpstream>()
  readonly others = new IndexedSet<RegisteredUpstream>()

  get isEmpty(): boolean {
    return this.up.size === 0 && this.others.size === 0
  }

  add(member: RegisteredUpstream, isUp: boolean): void {
    if (isUp) this.up.add(member)
    else this.others.add(member)
  }

  delete(member: RegisteredUpstream): void {
    if (!this.up.delete(member)) this.others.delete(member)
  }
}

/** All servers of one name, and those of them that have a model. */
interface ServerPools {
  readonly all: UpstreamPool
  readonly byModel: Map<string, UpstreamPool>
}

/**
 * The upstreams of one org, found by server, model and label without looking at each: an org may have thousands of
 * tunnels. `refile` keeps it true, at a cost of the models of the one upstream that changed.
 */
export class OrgUpstreams {
  readonly #members = new Map<string, RegisteredUpstream>()
  readonly #facts = new Map<RegisteredUpstream, IndexedFacts>()
  readonly #byServer = new Map<ServerName, ServerPools>()
  readonly #byLabel = new Map<string, RegisteredUpstream>()
  readonly #byLowerLabel = new Map<string, RegisteredUpstream>()
  /** Servers that never answered: nobody knows what they would be asked to do. */
  readonly #unknown = new IndexedSet<RegisteredUpstream>()
  /** Those of them that may come any moment: all but those whose agent has never connected. */
  readonly #awaited = new IndexedSet<RegisteredUpstream>()
  /** Those that answered their last question. */
  readonly #up = new IndexedSet<RegisteredUpstream>()
  /** Those to which there is a new way, and which are asked at this moment. */
  readonly #unprobed = new IndexedSet<RegisteredUpstream>()

  get size(): number {
    return this.#members.size
  }

  /** How many have never answered. */
  get unknownCount(): number {
    return this.#unknown.size
  }

  /** Those that have never answered, but for those whose agent has never connected. */
  get awaited(): Iterable<RegisteredUpstream> & { readonly size: number } {
    return this.#awaited
  }

  /** Those that answered their last question. */
  get up(): Iterable<RegisteredUpstream> & { readonly size: number } {
    return this.#up
  }

  /** Those to which there is a new way, and which are asked at this moment. */
  get unprobed(): Iterable<RegisteredUpstream> & { readonly size: number } {
    return this.#unprobed
  }

  /** In the order they were added. */
  members(): Iterable<RegisteredUpstream> {
    return this.#members.values()
  }

  get(id: string): RegisteredUpstream | undefined {
    return this.#members.get(id)
  }

  /** By id, else by label. */
  named(idOrLabel: string): RegisteredUpstream | undefined {
    return this.#members.get(idOrLabel) ?? this.#byLabel.get(idOrLabel)
  }

  /** The same, else by label in whatever letter case: names of hosts have none. */
  namedInAnyCase(idOrLabel: string): RegisteredUpstream | undefined {
    return this.named(idOrLabel) ?? this.#byLowerLabel.get(idOrLabel.toLowerCase())
  }

  /** All servers of that name; `undefined`: none. */
  serversOf(server: ServerName): UpstreamPool | undefined {
    return this.#byServer.get(server)?.all
  }

  /** Those of them that have the model, by its canonical name. */
  holdersOf(server: ServerName, canonicalModel: string): UpstreamPool | undefined {
    return this.#byServer.get(server)?.byModel.get(canonicalModel)
  }

  add(member: RegisteredUpstream): void {
    this.#members.set(member.upstream.id, member)
    this.#file(member)
  }

  remove(member: RegisteredUpstream): void {
    this.#unfile(member)
    this.#members.delete(member.upstream.id)
  }

  /** Something else is known of the upstream now. */
  refile(member: RegisteredUpstream): void {
    const filed = this.#facts.get(member)
    const facts = factsOf(member.upstream)
    if (filed === undefined || isSame(filed, facts)) return
    // It may be another one now, or a newer.
    if (facts.state !== filed.state || facts.server !== filed.server) member.lacking.clear()
    this.#unfile(member)
    this.#file(member)
  }

  #file(member: RegisteredUpstream): void {
    const facts = factsOf(member.upstream)
    this.#facts.set(member, facts)
    const isUp = facts.state === 'up'
    if (isUp) this.#up.add(member)
    else if (facts.state === 'unprobed') this.#unprobed.add(member)
    if (!this.#byLabel.has(facts.label)) this.#byLabel.set(facts.label, member)
    const lower = facts.label.toLowerCase()
    if (!this.#byLowerLabel.has(lower)) this.#byLowerLabel.set(lower, member)
    if (facts.server === undefined) {
      this.#unknown.add(member)
      if (facts.failure !== 'unlinked') this.#awaited.add(member)
      return
    }
    let pools = this.#byServer.get(facts.server)
    if (pools === undefined) {
      pools = { all: new UpstreamPool(), byModel: new Map() }
      this.#byServer.set(facts.server, pools)
    }
    pools.all.add(member, isUp)
    for (const { canonical } of facts.models ?? []) {
      let holders = pools.byModel.get(canonical)
      if (holders === undefined) {
        holders = new UpstreamPool()
        pools.byModel.set(canonical, holders)
      }
      holders.add(member, isUp)
    }
  }

  #unfile(member: RegisteredUpstream): void {
    const facts = this.#facts.get(member)
    if (facts === undefined) return
    this.#facts.delete(member)
    this.#unknown.delete(member)
    this.#awaited.delete(member)
    this.#up.delete(member)
    this.#unprobed.delete(member)
    if (this.#byLabel.get(facts.label) === member) this.#byLabel.delete(facts.label)
    const lower = facts.label.toLowerCase()
    if (this.#byLowerLabel.get(lower) === member) this.#byLowerLabel.delete(lower)
    if (facts.server === undefined) return
    const pools = this.#byServer.get(facts.server)
    pools?.all.delete(member)
    for (const { canonical } of facts.models ?? []) {
      const holders = pools?.byModel.get(canonical)
      holders?.delete(member)
      if (holders?.isEmpty) pools?.byModel.delete(canonical)
    }
  }
}
