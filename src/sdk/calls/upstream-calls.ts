// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface Upstream {
  readonly id: string
  /** What people call the upstream. */
  readonly label: string
  readonly via: 'direct' | 'tunnel'
  readonly kind: 'ollama' | 'openai' | 'anthropic' | 'unknown'
  readonly server: string | null
  readonly version: string | null
  readonly state: 'unprobed' | 'up' | 'down'
  /** Why it is down. Empty when up. */
  readonly reason: string
  /** A time, ISO 8601 in UTC. */
  readonly checkedAt: string | null
  readonly modelCount: number | null
  /** Only those that were `added` here can be changed or removed here. */
  readonly source: 'configuration' | 'added' | 'tunnel'
  /** Of a direct one, for whoever may change it; else null. */
  readonly url: string | null
  readonly hasCredential: boolean
  readonly liveExchanges: number
  /** The `version` to change it with; 0: it cannot be. */
  readonly revision: number
  /** Others on the network reach it around the gateway. */
  readonly isExposed: boolean
}

interface NewUpstream {
  readonly label: string
  readonly url: string
  readonly kind?: 'ollama' | 'openai' | 'anthropic' | undefined
  /** What the server itself asks for. It is never shown again. */
  readonly key?: string | undefined
}

interface UpstreamChange {
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
  readonly label?: string | undefined
  readonly url?: string | undefined
  readonly kind?: 'ollama' | 'openai' | 'anthropic' | null | undefined
  /** What the server itself asks for. It is never shown again. */
  readonly key?: string | null | undefined
}

interface Model {
  readonly id: string
  readonly canonical: string
  /** The id of the upstream that has it. */
  readonly upstream: string
  /** What people call the upstream. */
  readonly upstreamLabel: string
  readonly upstreamKind: 'ollama' | 'openai' | 'anthropic' | 'unknown'
  readonly isCloud: boolean
  /**
   * Tokens that the server gives one request: as the model runs now, else as it is set up. Null, here and below: not
   * known.
   */
  readonly contextLength: number | null
  /** Tokens that it was trained for. */
  readonly trainedContextLength: number | null
  readonly capabilities: string[] | null
  readonly sizeBytes: number | null
  readonly isLoaded: boolean | null
}

/** A part of `ControlCalls`. */
export interface UpstreamCalls {
  /** `GET /control/v1/upstreams`: Those of the org. */
  readonly listUpstreams: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly upstreams: Upstream[]
    }
  }
  /** `GET /control/v1/upstreams/{upstream}`: The upstream. */
  readonly showUpstream: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of an upstream. */
          readonly upstream: string
        }
      },
    ]
    readonly answer: Upstream
  }
  /**
   * `POST /control/v1/upstreams`: A direct upstream of the org. The gateway connects from where it stands, so that only
   * a system admin adds one; others pair an agent.
   */
  readonly createUpstream: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewUpstream
      },
    ]
    readonly answer: Upstream
  }
  /**
   * `PATCH /control/v1/upstreams/{upstream}`: The upstream. With another URL, kind or key its live requests end; with
   * another URL its key is forgotten unless given again.
   */
  readonly changeUpstream: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of an upstream. */
          readonly upstream: string
        }
        readonly body: UpstreamChange
      },
    ]
    readonly answer: Upstream
  }
  /** `DELETE /control/v1/upstreams/{upstream}`: It is gone; its live requests have ended. */
  readonly removeUpstream: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of an upstream. */
          readonly upstream: string
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /** `POST /control/v1/upstreams/{upstream}/discover`: What the server has now: it was just asked. */
  readonly discoverModels: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          /** The id or the label of an upstream. */
          readonly upstream: string
        }
      },
    ]
    readonly answer: {
      readonly upstream: Upstream
      readonly models: Model[]
    }
  }
  /** `GET /control/v1/models`: All models of all upstreams of the org. */
  readonly listModels: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly models: Model[]
    }
  }
}
