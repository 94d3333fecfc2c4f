// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface Request {
  /** Grows by time of recording; the cursor of this list. */
  readonly seq: number
  readonly id: string
  /** A time, ISO 8601 in UTC. */
  readonly at: string
  readonly keyId: string | null
  readonly keyName: string | null
  readonly personId: string | null
  readonly personName: string | null
  readonly upstream: string | null
  readonly dialect: string
  readonly route: string
  readonly modelAsked: string | null
  readonly modelUsed: string | null
  readonly status: number
  readonly errorCode: string | null
  readonly isStreamed: boolean
  /** From its arrival until it was sent to the upstream. */
  readonly sentMs: number | null
  /** What the model server says it took to load the model. */
  readonly loadMs: number | null
  readonly ttfbMs: number | null
  readonly durationMs: number
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly cachedTokens: number | null
  readonly isEstimated: boolean
  readonly requestBytes: number
  readonly responseBytes: number
  readonly clientName: string | null
  readonly clientVersion: string | null
  readonly sessionId: string | null
  /** What of its body the upstream was not sent. */
  readonly leftOut: string[]
  /** The wire format in which the upstream was asked, `openai-chat`; null: the client’s own. */
  readonly translated: string | null
  /** What `x-punku-label` said. */
  readonly sessionLabel: string | null
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  readonly toolCalls: {
    readonly name: string
    readonly count: number
  }[]
}

interface ShownRequest {
  /** Grows by time of recording; the cursor of this list. */
  readonly seq: number
  readonly id: string
  /** A time, ISO 8601 in UTC. */
  readonly at: string
  readonly keyId: string | null
  readonly keyName: string | null
  readonly personId: string | null
  readonly personName: string | null
  readonly upstream: string | null
  readonly dialect: string
  readonly route: string
  readonly modelAsked: string | null
  readonly modelUsed: string | null
  readonly status: number
  readonly errorCode: string | null
  readonly isStreamed: boolean
  /** From its arrival until it was sent to the upstream. */
  readonly sentMs: number | null
  /** What the model server says it took to load the model. */
  readonly loadMs: number | null
  readonly ttfbMs: number | null
  readonly durationMs: number
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly cachedTokens: number | null
  readonly isEstimated: boolean
  readonly requestBytes: number
  readonly responseBytes: number
  readonly clientName: string | null
  readonly clientVersion: string | null
  readonly sessionId: string | null
  /** What of its body the upstream was not sent. */
  readonly leftOut: string[]
  /** The wire format in which the upstream was asked, `openai-chat`; null: the client’s own. */
  readonly translated: string | null
  /** What `x-punku-label` said. */
  readonly sessionLabel: string | null
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  readonly toolCalls: {
    readonly name: string
    readonly count: number
  }[]
  /**
   * What the model server said of the error, bounded and cleaned. It is in the memory of the gateway that served it,
   * for an hour, and never stored.
   */
  readonly serverSaid: string | null
}

interface LiveRequest {
  readonly id: string
  /** A time, ISO 8601 in UTC. */
  readonly at: string
  readonly keyId: string | null
  readonly keyName: string | null
  readonly upstream: string | null
  readonly dialect: string
  readonly route: string
  readonly model: string | null
  readonly isStreamed: boolean
  /** Not yet sent on, sent and not yet answered, or being answered. */
  readonly phase: 'arriving' | 'waiting' | 'answering'
  readonly sentMs: number | null
  readonly ttfbMs: number | null
  readonly ageMs: number
  readonly responseBytes: number
}

interface UsageGroup {
  /**
   * What is summed: an id, a name, the day (`2026-01-31`) or the hour (`2026-01-31T12:00Z`) in UTC; null: none was
   * named.
   */
  readonly group: string | null
  /** Of a key or a person, while it is stored. */
  readonly name: string | null
  readonly requests: number
  readonly errors: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** Requests whose tokens are estimates. */
  readonly estimated: number
  readonly meanTtfbMs: number | null
  /** Time that models spent on them: from sending to the end, summed. */
  readonly busyMs: number
  /** At the org’s prices; 0 where none are set. */
  readonly cost: number
}

interface UsageRest {
  /** How many they are. */
  readonly groups: number
  readonly requests: number
  readonly errors: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** Requests whose tokens are estimates. */
  readonly estimated: number
  readonly meanTtfbMs: number | null
  /** Time that models spent on them: from sending to the end, summed. */
  readonly busyMs: number
  /** At the org’s prices; 0 where none are set. */
  readonly cost: number
}

interface Usage {
  /** Most requests first; days and hours newest first. 1,000 at most. */
  readonly groups: UsageGroup[]
  /** What all other groups come to; null: there are none. */
  readonly rest: UsageRest | null
  readonly currency: string
}

/** A part of `ControlCalls`. */
export interface RequestCalls {
  /** `GET /control/v1/requests`: Rows, newest first; with `after`, oldest first. */
  readonly listRequests: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The id or the name of a key. */
          readonly key?: string | undefined
          /** The id of a person. */
          readonly person?: string | undefined
          /** The one asked for or the one that answered. */
          readonly model?: string | undefined
          readonly upstream?: string | undefined
          readonly client?: string | undefined
          readonly session?: string | undefined
          /** What `x-punku-label` said. */
          readonly label?: string | undefined
          readonly outcome?: 'ok' | 'error' | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Rows recorded after this `seq`, oldest first. */
          readonly after?: number | undefined
          /** Rows recorded before this `seq`. */
          readonly before?: number | undefined
          /** Default: 100. */
          readonly limit?: number | undefined
        }
      },
    ]
    readonly answer: {
      readonly requests: Request[]
    }
  }
  /** `GET /control/v1/requests/{request}`: The row. */
  readonly showRequest: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly request: string
        }
      },
    ]
    readonly answer: ShownRequest
  }
  /** `GET /control/v1/live`: What runs now, oldest first. */
  readonly listLiveRequests: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly live: LiveRequest[]
    }
  }
  /** `GET /control/v1/requests.ndjson`: A row a line, oldest first. */
  readonly exportRequests: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The id or the name of a key. */
          readonly key?: string | undefined
          /** The id of a person. */
          readonly person?: string | undefined
          /** The one asked for or the one that answered. */
          readonly model?: string | undefined
          readonly upstream?: string | undefined
          readonly client?: string | undefined
          readonly session?: string | undefined
          /** What `x-punku-label` said. */
          readonly label?: string | undefined
          readonly outcome?: 'ok' | 'error' | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
        }
      },
    ]
    readonly answer: string
  }
  /** `GET /control/v1/usage`: Sums. */
  readonly usage: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The id or the name of a key. */
          readonly key?: string | undefined
          /** The id of a person. */
          readonly person?: string | undefined
          /** The one asked for or the one that answered. */
          readonly model?: string | undefined
          readonly upstream?: string | undefined
          readonly client?: string | undefined
          readonly session?: string | undefined
          /** What `x-punku-label` said. */
          readonly label?: string | undefined
          readonly outcome?: 'ok' | 'error' | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Default: "key". */
          readonly by?: 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream' | undefined
        }
      },
    ]
    readonly answer: Usage
  }
  /**
   * `GET /control/v1/usage.csv`: The same sums, for a spreadsheet; the last line may be what the other groups come to.
   */
  readonly exportUsage: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** The id or the name of a key. */
          readonly key?: string | undefined
          /** The id of a person. */
          readonly person?: string | undefined
          /** The one asked for or the one that answered. */
          readonly model?: string | undefined
          readonly upstream?: string | undefined
          readonly client?: string | undefined
          readonly session?: string | undefined
          /** What `x-punku-label` said. */
          readonly label?: string | undefined
          readonly outcome?: 'ok' | 'error' | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Default: "key". */
          readonly by?: 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream' | undefined
        }
      },
    ]
    readonly answer: string
  }
}
