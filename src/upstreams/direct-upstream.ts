import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import type { Secret } from '../core/secret.ts'
import type { ServerName } from '../dialects/dialect.ts'
import { ServerKnowledge } from './server-knowledge.ts'
import type { CatalogueModel, Upstream, UpstreamCredential, UpstreamHealth, UpstreamKind } from './upstream.ts'

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
  readonly origin: string
  readonly basePath: string
  readonly dispatcher: Dispatcher
  readonly credential: UpstreamCredential | undefined
  whenChanged = (): void => {}
  readonly #knowledge: ServerKnowledge
  #label: string

  /** @throws PunkuError `invalid_request` when the URL is none that an upstream can have. */
  constructor(options: DirectUpstreamOptions) {
    const { origin, basePath, place } = parseUpstreamUrl(options.url)
    const { id = place, label = id, orgId, kind = 'unknown', clock, log } = options
    this.id = id
    this.orgId = orgId
    this.#label = label
    this.origin = origin
    this.basePath = basePath
    this.dispatcher = options.createDispatcher(origin)
    this.credential = options.credential
    const onChange = () => this.whenChanged()
    this.#knowledge = new ServerKnowledge({ upstreamId: id, way: this, kind, onChange, clock, log })
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

  refresh(): Promise<void> {
    return this.#knowledge.refresh()
  }

  async close(): Promise<void> {
    this.#knowledge.drop()
    await this.dispatcher.destroy()
  }
}

/** A server's own key as its kind of server reads it. */
export function credentialFor(kind: DirectUpstreamOptions['kind'], key: Secret): UpstreamCredential {
  return { header: kind === 'anthropic' ? 'x-api-key' : 'authorization', reveal: () => key.reveal() }
}

/** Where a URL of an upstream leads. */
export interface UpstreamPlace extends Pick<Upstream, 'origin' | 'basePath'> {
  /** Host, port and base path: of two URLs that mean one server the same. */
  readonly place: string
}

/**
 * Reads an upstream's URL. Messages do not repeat it: it may hold a password by mistake.
 * @throws PunkuError `invalid_request` when it is none that an upstream can have.
 */
export function parseUpstreamUrl(text: string): UpstreamPlace {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalidUrl('An upstream must be a URL that begins with http:// or https://, as in http://127.0.0.1:11434.')
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidUrl('An upstream URL must not hold a user or a password. Put the credential into a key file instead.')
  }
  if (text.includes('?') || text.includes('#')) {
    throw invalidUrl('An upstream URL must end with its path: leave out the query and the fragment.')
  }
  const basePath = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return { place: `${url.hostname}:${port}${basePath}`, origin: url.origin, basePath }
}

function invalidUrl(message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param: 'url' })
}
