import type { Dispatcher } from 'undici'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { ServerBase, ServerHealth, ServerWay } from '../../servers/server.ts'
import { ServerKnowledge } from '../../servers/server-knowledge.ts'
import type { Upstream } from './upstream.ts'

export interface TunnelledUpstreamOptions {
  /** The tunnel's id. */
  readonly id: string
  /** The tunnel's org. */
  readonly orgId: string
  /** The tunnel's label. */
  readonly label: string
  /** Sends through the tunnel, whatever link it has; the upstream closes it. */
  readonly dispatcher: Dispatcher
  /** Whether its agent was connected before, to whichever gateway: then it is one to wait for. */
  readonly wasLinked: boolean
  readonly clock: Clock
  readonly log: Logger
}

const NOT_CONNECTED: ServerHealth = { state: 'down', checkedAt: 0, reason: 'its agent has not connected yet' }

/**
 * Its agent knows where the server is, and goes nowhere else whatever it is asked. The server's credential, if it wants
 * one, is the agent's too.
 */
const AT_AGENT: ServerBase = { origin: 'http://agent.invalid', basePath: '' }

/**
 * An upstream that the gateway reaches through a tunnel: there whenever the tunnel has a link, down as soon as it has
 * none. What is known of its server outlives the link.
 */
export class TunnelledUpstream implements Upstream {
  readonly id: string
  readonly orgId: string
  readonly via = 'tunnel'
  readonly way: ServerWay
  readonly known: ServerKnowledge
  whenChanged = (): void => {}
  #label: string
  #hasLink = false
  #wasLinked: boolean

  constructor({ id, orgId, label, dispatcher, wasLinked, clock, log }: TunnelledUpstreamOptions) {
    this.id = id
    this.orgId = orgId
    this.way = { dispatcher, base: AT_AGENT, credential: undefined }
    this.#label = label
    this.#wasLinked = wasLinked
    this.known = new ServerKnowledge({
      upstreamId: id,
      way: this.way,
      kind: 'unknown',
      health: { ...NOT_CONNECTED, failure: wasLinked ? 'away' : 'unlinked' },
      onChange: () => this.whenChanged(),
      clock,
      log,
    })
  }

  get label(): string {
    return this.#label
  }

  relabel(label: string): void {
    if (this.#label === label) return
    this.#label = label
    this.whenChanged()
  }

  /** The tunnel has a link, or another one: its server is asked at once. Resolves when it was; never rejects. */
  linkUp(): Promise<void> {
    this.#hasLink = true
    this.#wasLinked = true
    return this.known.renew()
  }

  /** The tunnel has no link any more. `reason` is for people and follows on the upstream's name: no address. */
  linkDown(reason: string): void {
    this.#hasLink = false
    this.known.lose(reason, this.#wasLinked ? 'away' : 'unlinked')
  }

  /** Resolves at once while there is no link. */
  refresh(): Promise<void> {
    return this.#hasLink ? this.known.refresh() : Promise.resolve()
  }

  async close(): Promise<void> {
    this.#hasLink = false
    this.known.drop()
    await this.way.dispatcher.destroy()
  }
}
