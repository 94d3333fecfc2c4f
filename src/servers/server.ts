import type { Dispatcher } from 'undici'
import type { FailureCode } from '../core/upstream-failure.ts'
import type { ModelFacts } from './model-facts.ts'

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
export interface ServerHealth {
  readonly state: 'unprobed' | 'up' | 'down'
  /** Wall time of the last probe, milliseconds since the epoch; 0 before the first. */
  readonly checkedAt: number
  /** Why it is down, for people. Empty when up. */
  readonly reason: string
  /**
   * Present when there was no connection to it: it is down for that, or nothing is known of it yet. `away`: there is no way
   * to it until its agent is back. `unlinked`: no agent has ever connected.
   */
  readonly failure?: FailureCode | 'away' | 'unlinked'
}

/** What the gateway proves itself with to an upstream, in place of the caller's credential, which never goes there. */
export interface UpstreamCredential {
  /** `authorization` is sent as a bearer token. */
  readonly header: 'authorization' | 'x-api-key'
  reveal(): string
}

/** Where a server's routes begin. */
export interface ServerBase {
  /** Scheme and authority of the server, as in `http://127.0.0.1:11434`. */
  readonly origin: string
  /** Put before every route's path; empty or starts with `/` and does not end with one. */
  readonly basePath: string
}

/** The way to a model server: what it takes to ask it something. */
export interface ServerWay {
  readonly dispatcher: Dispatcher
  readonly base: ServerBase
  readonly credential: UpstreamCredential | undefined
}
