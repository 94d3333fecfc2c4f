import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { ServerName } from '../dialects/dialect.ts'
import { ServerKnowledge } from './server-knowledge.ts'
import type { CatalogueModel, Upstream, UpstreamHealth, UpstreamKind } from './upstream.ts'

export interface TunnelledUpstreamOptions {
  /** The tunnel's id. */
  readonly id: string
  /** The tunnel's org. */
  readonly orgId: string
  /** The tunnel's label. */
  readonly label: string
  /** Sends through the tunnel, whatever link it has; the upstream closes it. */
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly log: Logger
}

const NEVER_CONNECTED: UpstreamHealth = {
  state: 'down',
  checkedAt: 0,
  reason: 'its agent has not connected yet',
  failure: 'unreachable',
}

/**
 * An upstream that the gateway reaches through a tunnel: there whenever the tunnel has a link, down as soon as it has
 * none. What is known of its server outlives the link.
 */
export class TunnelledUpstream implements Upstream {
  readonly id: string
  readonly orgId: string
  readonly via = 'tunnel'
  readonly dispatcher: Dispatcher
  /** Its agent knows where the server is, and goes nowhere else whatever it is asked. */
  readonly origin = 'http://agent.invalid'
  readonly basePath = ''
  /** The server's credential, if it wants one, is the agent's. */
  readonly credential = undefined
  whenChanged = (): void => {}
  readonly #knowledge: ServerKnowledge
  #label: string
  #hasLink = false

  constructor({ id, orgId, label, dispatcher, clock, log }: TunnelledUpstreamOptions) {
    this.id = id
    this.orgId = orgId
    this.dispatcher = dispatcher
    this.#label = label
    this.#knowledge = new ServerKnowledge({
      upstreamId: id,
      way: this,
      kind: 'unknown',
      health: NEVER_CONNECTED,
      onChange: () => this.whenChanged(),
      clock,
      log,
    })
  }

  get label(): string {
    return this.#label
  }

  get kind(): UpstreamKind {
    return this.#knowledge.kind
  }

  get server(): ServerName | undefined {
    return this.#knowledge.server
  }

  get version(): string | undefined {
    return this.#knowledge.version
  }

  get health(): UpstreamHealth {
    return this.#knowledge.health
  }

  get models(): readonly CatalogueModel[] | undefined {
    return this.#knowledge.models
  }

  relabel(label: string): void {
    if (this.#label === label) return
    this.#label = label
    this.whenChanged()
  }

  /** The tunnel has a link, or another one: its server is asked at once. Resolves when it was; never rejects. */
  linkUp(): Promise<void> {
    this.#hasLink = true
    return this.#knowledge.renew()
  }

  /** The tunnel has no link any more. `reason` is for people and follows on the upstream's name: no address. */
  linkDown(reason: string): void {
    this.#hasLink = false
    this.#knowledge.lose(reason)
  }

  /** Resolves at once while there is no link. */
  refresh(): Promise<void> {
    return this.#hasLink ? this.#knowledge.refresh() : Promise.resolve()
  }

  async close(): Promise<void> {
    this.#hasLink = false
    this.#knowledge.drop()
    await this.dispatcher.destroy()
  }
}
