import type { Dispatcher } from 'undici'
import type { Clock } from '../../core/clock.ts'
import type { UpstreamKind } from '../../core/dialect-name.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import type { ServerWay, UpstreamCredential } from '../../servers/server.ts'
import { ServerKnowledge } from '../../servers/server-knowledge.ts'
import { parseUpstreamUrl } from '../../servers/server-url.ts'
import type { Upstream } from './upstream.ts'

export interface DirectUpstreamOptions {
  readonly orgId: string
  /** Default: host, port and base path. */
  readonly id?: string
  /** Default: its id. */
  readonly label?: string
  /** As in `http://127.0.0.1:11434`; a path is put before every route, a `/v1` at its end is cut. */
  readonly url: string
  /** What its owner says it is. Default: found out. */
  readonly kind?: Exclude<UpstreamKind, 'unknown'>
  readonly credential?: UpstreamCredential
  /** Makes the way to `origin`; the upstream closes it. */
  readonly createDispatcher: (origin: string) => Dispatcher
  readonly clock: Clock
  readonly log: Logger
}

/** An upstream that the gateway reaches by its URL. */
export class DirectUpstream implements Upstream {
  readonly id: string
  readonly orgId: string
  readonly via = 'direct'
  readonly way: ServerWay
  readonly known: ServerKnowledge
  whenChanged = (): void => {}
  #label: string

  /** @throws PunkuError `invalid_request` when the URL is none that an upstream can have. */
  constructor(options: DirectUpstreamOptions) {
    const { origin, basePath, place } = parseUpstreamUrl(options.url)
    const { id = place, label = id, orgId, kind = 'unknown', clock, log } = options
    this.id = id
    this.orgId = orgId
    this.#label = label
    const { createDispatcher, credential } = options
    this.way = { dispatcher: createDispatcher(origin), base: { origin, basePath }, credential }
    const onChange = () => this.whenChanged()
    this.known = new ServerKnowledge({ upstreamId: id, way: this.way, kind, onChange, clock, log })
  }

  get label(): string {
    return this.#label
  }

  relabel(label: string): void {
    if (this.#label === label) return
    this.#label = label
    this.whenChanged()
  }

  refresh(): Promise<void> {
    return this.known.refresh()
  }

  async close(): Promise<void> {
    this.known.drop()
    // What runs is told that its upstream went, and not that the gateway failed.
    await this.way.dispatcher.destroy(new UpstreamFailure('interrupted', 'the upstream was removed'))
  }
}

/** A server's own key as its kind of server reads it. */
export function credentialFor(kind: DirectUpstreamOptions['kind'], key: Secret): UpstreamCredential {
  return { header: DIALECTS[kind ?? 'openai'].credentialHeader, reveal: () => key.reveal() }
}
