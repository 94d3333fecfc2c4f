// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface UpstreamStatus {
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
}

interface Trouble {
  readonly kind:
    | 'connections_refused'
    | 'connection_share_taken'
    | 'commands_refused'
    | 'pairings_full'
    | 'files_exhausted'
    | 'loop_late'
    | 'database_away'
    | 'database_file_lost'
    | 'requests_unwritten'
    | 'revocations_unstored'
  /** What it is and what to do. */
  readonly text: string
  /** A time, ISO 8601 in UTC. */
  readonly since: string
  /** How often it has happened since then. */
  readonly count: number
}

interface Status {
  readonly pid: number
  readonly version: string
  /** A time, ISO 8601 in UTC. */
  readonly startedAt: string
  /** Where clients reach the gateway, as URLs. */
  readonly addresses: string[]
  /** Where it is reached from elsewhere, if that was set. */
  readonly publicUrl: string | null
  readonly upstreams: UpstreamStatus[]
  /** Upstreams that others can reach around the gateway. */
  readonly exposures: {
    readonly upstreamId: string
    readonly address: string
  }[]
  readonly tunnels: {
    /** Tunnels that are not revoked. */
    readonly live: number
    /** Those with a link. */
    readonly connected: number
  }
  readonly liveExchanges: number
  readonly connections: {
    /** Connections of clients. */
    readonly open: number
    /** `limits.connections`, or fewer where the system allows too few open files. */
    readonly limit: number
    /** Clients turned away at the limit since the start. */
    readonly refused: number
  }
  readonly rows: {
    /** Rows of requests that are not in the database yet. */
    readonly unwritten: number
    /** Rows given up since the start, as too many waited. */
    readonly dropped: number
  }
  /** What is wrong with the gateway itself, or was in the last minute; the oldest first. */
  readonly troubles: Trouble[]
}

interface Attention {
  readonly kind:
    | 'upstream_exposed'
    | 'upstream_down'
    | 'agent_away'
    | 'key_expiring'
    | 'no_upstream'
    | 'no_key'
    | 'connections_refused'
    | 'connection_share_taken'
    | 'commands_refused'
    | 'pairings_full'
    | 'files_exhausted'
    | 'loop_late'
    | 'database_away'
    | 'database_file_lost'
    | 'requests_unwritten'
    | 'revocations_unstored'
  readonly severity: 'danger' | 'warning' | 'info'
  /** What it is and what to do. */
  readonly text: string
  /** The upstream, tunnel or key. */
  readonly targetId: string | null
  /** A time, ISO 8601 in UTC. */
  readonly since: string | null
}

interface Health {
  readonly upstreams: {
    readonly all: number
    readonly up: number
  }
  readonly tunnels: {
    readonly live: number
    readonly connected: number
  }
  readonly models: number
  readonly liveRequests: number
  /** Active ones. */
  readonly keys: number
  /** Whether a request was ever made in this org. */
  readonly hasRequests: boolean
  readonly attention: Attention[]
}

interface Price {
  /** A glob on model names. The first that matches counts. */
  readonly models: string
  readonly promptPerMillion: number
  readonly completionPerMillion: number
  /** Default: as the prompt. */
  readonly cachedPerMillion?: number | undefined
}

interface StoredSettings {
  readonly currency: string
  readonly prices: Price[]
  /** What members may give keys of their own. Admins are not held to it. */
  readonly memberKeys: {
    /** Active keys a member may have; 0: members make none. */
    readonly max: number
    /** Globs: what members’ keys may use at most. */
    readonly models: string[]
    /** Milliseconds; null: for ever. */
    readonly maxLifeMs: number | null
    readonly allowsManage: boolean
    readonly allowsCloud: boolean
  }
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  readonly version: number
}

/** A part of `ControlCalls`. */
export interface StatusCalls {
  /** `GET /control/v1/status`: The running gateway. */
  readonly status: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: Status
  }
  /** `GET /control/v1/health`: What runs in the org, and what needs attention. */
  readonly showHealth: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: Health
  }
  /** `GET /control/v1/events`: What changes in the org, as it does. */
  readonly listenToEvents: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: string
  }
  /** `GET /control/v1/settings`: The settings of the org. */
  readonly showSettings: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: StoredSettings
  }
  /** `PUT /control/v1/settings`: The settings, changed. */
  readonly changeSettings: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: StoredSettings
      },
    ]
    readonly answer: StoredSettings
  }
}
