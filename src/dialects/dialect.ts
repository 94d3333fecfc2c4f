import type { PunkuError } from '../core/error.ts'

export const DIALECT_NAMES = ['ollama', 'openai', 'anthropic'] as const
export type DialectName = (typeof DIALECT_NAMES)[number]

/** What a key may be granted. `never` routes cannot be granted to anyone. */
export const ROUTE_CLASSES = ['inference', 'metadata', 'manage', 'never'] as const
export type RouteClass = (typeof ROUTE_CLASSES)[number]

/** The servers whose routes the table knows. A route is sent only to upstreams run by one of its `servers`. */
export const SERVER_NAMES = ['ollama', 'llama-server', 'vllm', 'lm-studio', 'openai', 'anthropic'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

/**
 * Where a route carries the model's name.
 * - `body`: top-level JSON fields, any of which may hold it; two that are given must name the same model, but for
 *   `source` and `destination`, which are two.
 * - `optional-body`: likewise, but the server has a default when none is given.
 * - `form`: the multipart field `model`.
 * - `path`: the path's `{model...}` part.
 * - `none`: the route concerns no one model.
 */
export type ModelPlace =
  | { readonly in: 'body' | 'optional-body'; readonly fields: readonly string[] }
  | { readonly in: 'form' | 'path' | 'none' }

/**
 * How a streamed answer is framed and how it says that it is complete.
 * - `ollama-done`: NDJSON, a line with `"done":true`.
 * - `ollama-status`: NDJSON progress, a line with `"status":"success"`.
 * - `openai-done`: SSE, `data: [DONE]`.
 * - `openai-responses`: SSE, an event `response.completed`, `response.incomplete` or `response.failed`.
 * - `anthropic`: SSE, an event `message_stop`.
 * - `llama-stop`: SSE of llama-server's own `/completion`, a frame with `"stop":true`.
 */
export type StreamFormat =
  | 'ollama-done'
  | 'ollama-status'
  | 'openai-done'
  | 'openai-responses'
  | 'anthropic'
  | 'llama-stop'

/** What the gateway answers from its own catalogue, filtered to the key, instead of passing the request on. */
export type Listing = 'ollama-tags' | 'ollama-ps' | 'models' | 'model' | 'root'

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** Exact path, but for its end: `{digest}` stands for one segment, `{model...}` and `{rest...}` for all that is left. */
  readonly path: string
  readonly dialect: DialectName
  readonly class: RouteClass
  readonly model: ModelPlace
  readonly servers: readonly ServerName[]
  /** Absent: the route never streams. */
  readonly stream?: { readonly format: StreamFormat; readonly isDefault: boolean }
  readonly listing?: Listing
  /** The query parameters passed on; all others are dropped. */
  readonly query?: readonly string[]
  /** It makes the server call out on its owner's account: the key needs the cloud grant too. */
  readonly isOutbound?: true
  /** The request body is raw bytes of any size (a model blob): passed on as it comes, never read into memory. */
  readonly isRawUpload?: true
  /** The `Content-Type` a request body must have. Default `json`. */
  readonly body?: 'json' | 'form' | 'raw' | 'none'
}

/** Token counts of one exchange; a count nobody gave is `undefined`. */
export interface Usage {
  /** All tokens of the prompt, cached ones included, whatever the dialect's own convention. */
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  readonly cachedTokens: number | undefined
  /** What the server says it took to load the model, milliseconds. Default: it does not say. */
  readonly loadMs?: number | undefined
}

/** Watches one streamed response as it passes. It never changes or keeps a chunk; its memory is bounded. */
export interface StreamObserver {
  push(chunk: Buffer): void
  /** `open` until the dialect's terminator (`complete`) or its error frame (`failed`) has passed. */
  readonly outcome: 'open' | 'complete' | 'failed'
  /** Whether the bytes so far end where a keep-alive may stand: at the start, or after a whole frame. */
  readonly isBetweenFrames: boolean
  /** What the stream's own frames said so far. */
  readonly usage: Usage
  /** The model the stream named, as it spelled it. */
  readonly model: string | undefined
  /** Frames that carried content: about one a token. For an estimate when the stream named no usage. */
  readonly contentFrames: number
}

/** What a whole JSON answer says of itself. */
export interface AnswerFacts {
  readonly usage: Usage
  readonly model: string | undefined
}

/** What differs between the three APIs. Everything outside `src/dialects` is dialect-agnostic. */
export interface Dialect {
  readonly name: DialectName
  /** The error as a whole JSON body in the dialect's shape. */
  renderError(error: PunkuError, requestId: string): string
  /**
   * The error as the last bytes of a stream of `format` that has already begun; no terminator follows it.
   * `isBetweenFrames` false: the stream broke inside a frame, which is closed first.
   */
  renderStreamError(error: PunkuError, requestId: string, format: StreamFormat, isBetweenFrames: boolean): string
  /** Bytes that say "still here" between frames of `format`; `undefined` where the dialect allows none. */
  keepAlive(format: StreamFormat): string | undefined
  /** The observer of one streamed response. */
  observe(format: StreamFormat): StreamObserver
  /** Reads a whole, unstreamed JSON answer of at most a few MiB. Never throws: facts it cannot find are `undefined`. */
  readAnswer(route: Route, body: Buffer): AnswerFacts
}
