import type { Dispatcher } from 'undici'
import type { FailureCode } from '../core/upstream-failure.ts'
import type { DialectName, ServerName } from '../dialects/dialect.ts'
import type { ModelFacts } from './model-facts.ts'

/** What kind of API an upstream speaks; `unknown` until it has answered once. */
export type UpstreamKind = 'ollama' | 'openai' | 'anthropic' | 'unknown'

/** One model of an upstream, as its own listing told, and what else is known of it. */
export interface CatalogueModel extends ModelFacts {
  /** As the upstream spells it. */
  readonly id: string
  /** The canonical name, on which keys and choice match. */
  readonly canonical: string
  /** It runs on somebody else's machine: its name says so, or its listing names a remote host. */
  readonly isCloud: boolean
  /** The upstream's own listing entry, passed on to whoever may see the model. */
  readonly entry: Readonly<Record<string, unknown>>
}

/** The last end-to-end probe of an upstream. */
export interface UpstreamHealth {
  readonly state: 'unprobed' | 'up' | 'down'
  /** Wall time of the last probe, milliseconds since the epoch; 0 before the first. */
  readonly checkedAt: number
  /** Why it is down, for people. Empty when up. */
  readonly reason: string
  /** Present when it is down because of the connection to it. */
  readonly failure?: FailureCode
}

/** What the gateway proves itself with to an upstream, in place of the caller's credential, which never goes there. */
export interface UpstreamCredential {
  /** `authorization` is sent as a bearer token. */
  readonly header: 'authorization' | 'x-api-key'
  reveal(): string
}

/** The way to a model server: what it takes to ask it something. */
export interface ServerWay {
  readonly dispatcher: Dispatcher
  /** Scheme and authority of the server, as in `http://127.0.0.1:11434`. */
  readonly origin: string
  /** Put before every route's path; empty or starts with `/` and does not end with one. */
  readonly basePath: string
  readonly credential: UpstreamCredential | undefined
}

/**
 * A place where models can be reached. To the gateway a direct and a tunnelled one are the same thing: an undici
 * `Dispatcher` and what is known of the server behind it.
 */
export interface Upstream extends ServerWay {
  /** Stable for its life, unique in the gateway, safe in logs, metrics and headers: no credentials. */
  readonly id: string
  /** Whose it is: no request of another org ever comes to it. */
  readonly orgId: string
  readonly via: 'direct' | 'tunnel'
  /** What people call it; may change. */
  readonly label: string
  readonly kind: UpstreamKind
  readonly server: ServerName | undefined
  readonly version: string | undefined
  readonly health: UpstreamHealth
  /**
   * `undefined` until a listing has been read; then the newest one. Each time more is known of a model it is a new
   * array.
   */
  readonly models: readonly CatalogueModel[] | undefined
  /** For the registry to set: called when its label, or what is known of its server, has changed. */
  whenChanged: () => void
  /**
   * Asks the server again (kind, version, models); resolves when the listing is there, never rejects. Overlapping calls
   * share one. What the listing does not tell of its models is asked after it.
   */
  refresh(): Promise<void>
  /** Ends every connection. */
  close(): Promise<void>
}

/** Which dialects a server speaks at all; the route table says which routes of them. */
export type DialectSupport = Readonly<Record<ServerName, readonly DialectName[]>>
