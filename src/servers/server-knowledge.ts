import type { Clock } from '../core/clock.ts'
import type { UpstreamKind } from '../core/dialect-name.ts'
import type { Logger } from '../core/log.ts'
import { type Detected, probe } from './detect.ts'
import type { ServerName } from './known/model-servers.ts'
import type { KnownServer } from './known-server.ts'
import { ModelDetails } from './model-details.ts'
import type { CatalogueModel, ServerHealth, ServerWay } from './server.ts'

export interface ServerKnowledgeOptions {
  /** The id of the upstream, for the log. */
  readonly upstreamId: string
  readonly way: ServerWay
  /** What its owner says it is. `unknown`: found out. */
  readonly kind: UpstreamKind
  /** Until the first probe. Default: unprobed. */
  readonly health?: ServerHealth
  /** Called after a question that told something new of the server or its models, and when it is lost. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly log: Logger
}

/**
 * What is known of the server behind an upstream: what it said of itself when last asked, and whether it answers. Its
 * being found and lost is logged. Whatever fails, what it last said stays: it is most likely to be the same server when
 * it is back.
 */
export class ServerKnowledge implements KnownServer {
  readonly #options: ServerKnowledgeOptions
  readonly #details: ModelDetails
  #kind: UpstreamKind
  #server: ServerName | undefined
  #version: string | undefined
  #health: ServerHealth
  #listed: readonly CatalogueModel[] | undefined
  /** The listed ones with all that is known of them; `undefined`: to be made anew. */
  #models: readonly CatalogueModel[] | undefined
  /** The models that `#byName` was made from. */
  #named: readonly CatalogueModel[] | undefined
  #byName: ReadonlyMap<string, CatalogueModel> = new Map()
  /** Ends what is being asked. */
  #asking = new AbortController()
  #refreshing: Promise<void> | undefined
  #isReadingDetails = false
  /** What was known when `onChange` was last called. */
  #told = ''

  constructor(options: ServerKnowledgeOptions) {
    this.#options = options
    this.#kind = options.kind
    this.#health = options.health ?? { state: 'unprobed', checkedAt: 0, reason: '' }
    this.#details = new ModelDetails({
      way: options.way,
      clock: options.clock,
      onChange: () => {
        this.#models = undefined
      },
    })
    this.#told = this.#facts()
  }

  get kind(): UpstreamKind {
    return this.#kind
  }

  get server(): ServerName | undefined {
    return this.#server
  }

  get version(): string | undefined {
    return this.#version
  }

  get health(): ServerHealth {
    return this.#health
  }

  /** As of `KnownServer`. */
  get models(): readonly CatalogueModel[] | undefined {
    this.#models ??= this.#listed && this.#details.complete(this.#listed)
    return this.#models
  }

  /** As of `KnownServer`. */
  modelOf(canonicalName: string): CatalogueModel | undefined {
    const { models } = this
    if (models !== this.#named) {
      this.#named = models
      this.#byName = new Map((models ?? []).map((model) => [model.canonical, model]))
    }
    return this.#byName.get(canonicalName)
  }

  /** As of `Upstream`: resolves when the listing is there; overlapping calls share one. */
  refresh(): Promise<void> {
    if (this.#refreshing === undefined) {
      const refreshing = this.#probe(this.#asking.signal).finally(() => {
        if (this.#refreshing === refreshing) this.#refreshing = undefined
      })
      this.#refreshing = refreshing
    }
    return this.#refreshing
  }

  /** The way to the server is a new one: what was asked on the old one counts no more, and all is asked anew. */
  renew(): Promise<void> {
    this.drop()
    this.#health = { state: 'unprobed', checkedAt: this.#health.checkedAt, reason: '' }
    this.#tellChange()
    return this.refresh()
  }

  /** There is no way to the server: it is down from now on, for this reason. @param failure default: `away` */
  lose(reason: string, failure: 'away' | 'unlinked' = 'away'): void {
    this.drop()
    this.#setDown({ reason, failure })
  }

  /** Ends what is being asked; answers that still come change nothing. */
  drop(): void {
    this.#asking.abort()
    this.#asking = new AbortController()
    this.#refreshing = undefined
    this.#isReadingDetails = false
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { way, kind, clock } = this.#options
    const answer = await probe({ way, kind, clock, signal })
    if (signal.aborted) return
    if ('reason' in answer) this.#setFailed(answer)
    else this.#setUp(answer, signal)
  }

  /** What could not be asked for want of an open file says nothing of the server: what was known stays. */
  #setFailed(failed: Pick<ServerHealth, 'reason' | 'failure'>): void {
    if (failed.failure !== 'exhausted') this.#setDown(failed)
    else if (this.#health.state === 'unprobed') this.#health = { ...this.#health, ...failed }
  }

  #setDown(failed: Pick<ServerHealth, 'reason' | 'failure'>): void {
    const { upstreamId, clock, log } = this.#options
    const before = this.#health.state
    this.#health = { state: 'down', checkedAt: clock.now(), ...failed }
    if (before !== 'down') log.warn({ upstream: upstreamId, reason: failed.reason }, 'upstream.lost')
    this.#tellChange()
  }

  #setUp({ kind, server, version, models }: Detected, signal: AbortSignal): void {
    const { upstreamId, clock, log } = this.#options
    const before = this.#health.state
    this.#kind = kind
    this.#server = server
    this.#version = version
    this.#listed = models
    this.#models = undefined
    this.#health = { state: 'up', checkedAt: clock.now(), reason: '' }
    if (before !== 'up')
      log.info({ upstream: upstreamId, server, version, modelCount: models.length }, 'upstream.found')
    this.#tellChange()
    void this.#readDetails(server, models, signal)
  }

  /** One round at a time: what a listing brings meanwhile is asked with the next. */
  async #readDetails(server: ServerName, models: readonly CatalogueModel[], signal: AbortSignal): Promise<void> {
    if (this.#isReadingDetails) return
    this.#isReadingDetails = true
    await this.#details.read(server, models, signal)
    if (signal.aborted) return
    this.#isReadingDetails = false
    this.#tellChange()
  }

  #tellChange(): void {
    const facts = this.#facts()
    if (facts === this.#told) return
    this.#told = facts
    this.#options.onChange()
  }

  /** What people see of the server and its models, and neither times nor the listing itself, where some write the time. */
  #facts(): string {
    const { state, reason } = this.#health
    return JSON.stringify([this.#kind, this.#server, this.#version, state, reason, this.models?.map(visibleFacts)])
  }
}

function visibleFacts({ entry: _, ...facts }: CatalogueModel): object {
  return facts
}
