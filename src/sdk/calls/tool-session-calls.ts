// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface ToolSession {
  readonly id: string
  readonly label: string | null
  /** Of its last request; the cursor of this list. */
  readonly seq: number
  readonly requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  readonly turns: number
  /** Requests that failed, by status or in mid-stream. */
  readonly errors: number
  /** With those from the cache. */
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  readonly toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  readonly cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  readonly estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  readonly streams: number
  /** From their arrival to their first byte, summed. */
  readonly ttfbMs: number
  readonly meanTtfbMs: number | null
  readonly streamTokens: number
  /** From their first byte to their end, summed. */
  readonly streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  readonly tokensPerSecond: number | null
  /** When the first request arrived. */
  readonly firstAt: string
  /** When the last one ended. */
  readonly endedAt: string
  /** From the one to the other. */
  readonly wallMs: number
  /** At the org’s prices; 0 where none are set. */
  readonly cost: number
  readonly clients: string[]
  readonly models: string[]
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  readonly toolCalls: {
    readonly name: string
    readonly count: number
  }[]
}

interface ToolSessionPart {
  readonly clientName: string | null
  readonly clientVersion: string | null
  /** The one that answered, else the one asked for. */
  readonly model: string | null
  readonly requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  readonly turns: number
  /** Requests that failed, by status or in mid-stream. */
  readonly errors: number
  /** With those from the cache. */
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  readonly toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  readonly cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  readonly estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  readonly streams: number
  /** From their arrival to their first byte, summed. */
  readonly ttfbMs: number
  readonly meanTtfbMs: number | null
  readonly streamTokens: number
  /** From their first byte to their end, summed. */
  readonly streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  readonly tokensPerSecond: number | null
  /** When the first request arrived. */
  readonly firstAt: string
  /** When the last one ended. */
  readonly endedAt: string
  /** From the one to the other. */
  readonly wallMs: number
  /** At the org’s prices; 0 where none are set. */
  readonly cost: number
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  readonly toolCalls: {
    readonly name: string
    readonly count: number
  }[]
}

interface ShownToolSession {
  readonly id: string
  readonly label: string | null
  /** Of its last request; the cursor of this list. */
  readonly seq: number
  readonly requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  readonly turns: number
  /** Requests that failed, by status or in mid-stream. */
  readonly errors: number
  /** With those from the cache. */
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  readonly toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  readonly cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  readonly estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  readonly streams: number
  /** From their arrival to their first byte, summed. */
  readonly ttfbMs: number
  readonly meanTtfbMs: number | null
  readonly streamTokens: number
  /** From their first byte to their end, summed. */
  readonly streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  readonly tokensPerSecond: number | null
  /** When the first request arrived. */
  readonly firstAt: string
  /** When the last one ended. */
  readonly endedAt: string
  /** From the one to the other. */
  readonly wallMs: number
  /** At the org’s prices; 0 where none are set. */
  readonly cost: number
  readonly clients: string[]
  readonly models: string[]
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  readonly toolCalls: {
    readonly name: string
    readonly count: number
  }[]
  /** The same by tool and model, most requests first. 100 at most. */
  readonly parts: ToolSessionPart[]
  /** The failed ones by error code; where there is none, by status. */
  readonly errorCodes: {
    readonly code: string
    readonly count: number
  }[]
  readonly currency: string
}

/** A part of `ControlCalls`. */
export interface ToolSessionCalls {
  /**
   * `GET /control/v1/tool-sessions`: Those with the last request first. Without `since` those of 30 days; 366 days at
   * most.
   */
  readonly listToolSessions: {
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
          /** What `x-punku-label` said. */
          readonly label?: string | undefined
          readonly outcome?: 'ok' | 'error' | undefined
          readonly since?: string | undefined
          readonly until?: string | undefined
          /** Sessions whose last request is before this `seq`. */
          readonly before?: number | undefined
          /** Default: 50. */
          readonly limit?: number | undefined
        }
      },
    ]
    readonly answer: {
      readonly sessions: ToolSession[]
      readonly currency: string
    }
  }
  /** `GET /control/v1/tool-sessions/{session}`: All that is kept of it. */
  readonly showToolSession: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly params: {
          readonly session: string
        }
      },
    ]
    readonly answer: ShownToolSession
  }
}
