import type { JsonObject } from '../json-facts.ts'

/** A conversation as one request tells it, in one shape for all formats. */
export interface Conversation {
  readonly model: string
  readonly turns: readonly Turn[]
  readonly tools: readonly Tool[]
  /** Default: the model decides. */
  readonly toolChoice?: ToolChoice
  /** Whether it may call several tools at once. Default: the server decides. */
  readonly mayCallSeveral?: boolean
  readonly sampling: Sampling
  /** Default: the server decides. */
  readonly thinking?: Thinking
  /** What its answer must be. Default: text. */
  readonly output?: Output
  /** How likely each token was: of so many others too, beside each; 0: of the chosen ones alone. Default: not told. */
  readonly logprobs?: number
  /** Default: as its server runs the model. */
  readonly running?: Running
  readonly wantsStream: boolean
  /** What the request says and nothing here carries: the names of its fields, each once. */
  readonly dropped: readonly string[]
}

/** One turn. A tool's result is a turn of its own, right behind the one that called it. */
export type Turn =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly parts: readonly (TextPart | ImagePart)[] }
  | { readonly role: 'assistant'; readonly parts: readonly (TextPart | ThinkingPart | CallPart)[] }
  | ToolTurn

/** What a tool gave. */
export interface ToolTurn {
  readonly role: 'tool'
  readonly callId: string
  /** Of the tool; `undefined`: no turn before it called one by that id. */
  readonly name: string | undefined
  readonly isError: boolean
  readonly parts: readonly (TextPart | ImagePart)[]
}

export interface TextPart {
  readonly kind: 'text'
  readonly text: string
}

export type ImagePart = GivenImage | LinkedImage

/** A picture by its address, which the model server fetches: whether it may be made to is decided before. */
export interface LinkedImage {
  readonly kind: 'image'
  /** Over HTTP or HTTPS. */
  readonly url: string
}

/** A picture in the request itself. */
export interface GivenImage {
  readonly kind: 'image'
  /** `image/png` and the like. */
  readonly mediaType: string
  /** Base64, without a prefix. */
  readonly data: string
}

export interface ThinkingPart {
  readonly kind: 'thinking'
  readonly text: string
}

/** The model calls a tool. */
export interface CallPart {
  readonly kind: 'call'
  readonly id: string
  readonly name: string
  /** JSON text of an object, as the model wrote it. */
  readonly arguments: string
}

/** A function that the model may call. */
export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON Schema of its arguments. */
  readonly parameters: JsonObject
  readonly isStrict?: boolean
}

/** `any`: it must call one. */
export type ToolChoice = 'auto' | 'none' | 'any' | { readonly name: string }

/** What is absent is the server's to choose. */
export interface Sampling {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly typicalP?: number
  readonly repeatPenalty?: number
  readonly repeatLastN?: number
  /** By the number of a token, as text. */
  readonly logitBias?: JsonObject
}

/** How the server runs the model for a request; servers that load models on demand have a say in it. */
export interface Running {
  /** `num_ctx`, tokens. */
  readonly contextLength?: number
  /** `keep_alive`: how long it stays loaded afterwards, in seconds or as Go writes durations. */
  readonly keepAlive?: string | number
  /** `truncate`: whether the oldest turns are dropped where the prompt is too long. */
  readonly truncates?: boolean
  /** `shift`: whether the oldest tokens are dropped where the answer is too long. */
  readonly shifts?: boolean
  /** Ollama's `options` that have no other place in a conversation, as they were given. */
  readonly options?: JsonObject
}

export type Effort = 'low' | 'medium' | 'high' | 'max'

export interface Thinking {
  readonly isOn: boolean
  readonly effort?: Effort
}

export type Output =
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly name: string; readonly schema: JsonObject; readonly isStrict?: boolean }

/** Reads the body of a request. Throws PunkuError `invalid_request`, with the field as `param`, for what cannot be carried. */
export type ConversationReader = (body: JsonObject) => Conversation

/** Writes the body of a request, with the names of what it has no place for in it. */
export type ConversationWriter = (conversation: Conversation) => WrittenRequest

export interface WrittenRequest {
  readonly body: JsonObject
  readonly dropped: readonly string[]
}
