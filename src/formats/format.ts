import type { PunkuError } from '../core/error.ts'
import type { AnswerPart, PartsReader } from './answer-parts.ts'
import type { AnswerHead, AnswerWriter } from './answer-writer.ts'
import type { JsonObject } from './json-facts.ts'
import type { Framing } from './line-watcher.ts'
import type { TextOf } from './text.ts'
import type { ToolCalls } from './tool-calls.ts'

/**
 * Every wire format there is: how the answers of one kind of route are written, whole and streamed.
 * - `ollama-chat`, `ollama-generate`: NDJSON; a line with `"done":true` is the last.
 * - `ollama-embed`: vectors, whole.
 * - `ollama-progress`: NDJSON of `/api/pull` and the like; a line with `"status":"success"` is the last.
 * - `openai-chat`, `openai-completions`, `openai-transcription`: SSE; `data: [DONE]` is the last.
 * - `openai-responses`: SSE; an event `response.completed`, `response.incomplete` or `response.failed` is the last.
 * - `openai-embeddings`: vectors, whole.
 * - `openai-other`: any other whole answer that may hold a `usage` as OpenAI spells it: ranks, scores, tokens.
 * - `anthropic-messages`: SSE; an event `message_stop` is the last.
 * - `anthropic-count`: the count of a prompt's tokens, whole.
 * - `llama-completion`: SSE of llama-server's own `/completion`; a frame with `"stop":true` is the last.
 */
export const FORMAT_NAMES = [
  'ollama-chat',
  'ollama-generate',
  'ollama-embed',
  'ollama-progress',
  'openai-chat',
  'openai-completions',
  'openai-transcription',
  'openai-responses',
  'openai-embeddings',
  'openai-other',
  'anthropic-messages',
  'anthropic-count',
  'llama-completion',
] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

/** All that is to know of one wire format. `FORMATS` has each by its name. */
export interface WireFormat {
  readonly name: FormatName
  /** `undefined`: its answers are always whole. */
  readonly stream: StreamForm | undefined
  /** Reads a whole JSON answer of at most a few MiB. Never throws: facts it cannot find are `undefined`. */
  readAnswer(body: Uint8Array): AnswerFacts
  /**
   * What a whole answer that is no error says, in the order in which a stream would, its end too. What is no answer in the
   * format has no end. For all answers,
   * `partsOfWhole` is asked. Absent: nobody has to translate from this format yet.
   */
  readonly partsOfAnswer?: (answer: JsonObject) => readonly AnswerPart[]
  /** Begins to write one answer. Absent: nobody has to write this format yet. */
  readonly write?: (head: AnswerHead) => AnswerWriter
}

/** A wire format whose answers can be streamed. */
export interface StreamedFormat extends WireFormat {
  readonly stream: StreamForm
}

/** A wire format's streamed answer. */
export interface StreamForm {
  readonly framing: Framing
  /** What the `Content-Type` of such a stream begins with. */
  readonly contentType: 'text/event-stream' | 'application/x-ndjson'
  /** Says "still here" between two frames; `undefined` where nothing may stand there. */
  readonly keepAlive: string | undefined
  /**
   * A new observer of one stream.
   *
   * @param textOf how bytes become text for a first look; a platform may have a faster one. Default `utf8TextOf`.
   */
  observe(textOf?: TextOf): StreamObserver
  /** The data of the last event where that is no JSON. */
  readonly endData: string | undefined
  /** Begins to read one stream, of whose frames it gets those that are no error. For all frames, `frameReader` is asked. */
  reader(): PartsReader
  /**
   * The error as the last bytes of a stream that has begun. No terminator follows it. `isBetweenFrames` false: the
   * stream broke inside a frame, which is ended first.
   */
  renderError(error: PunkuError, requestId: string, isBetweenFrames: boolean): string
}

/** Token counts of one exchange; a count nobody gave is `undefined`. */
export interface Usage {
  /** All tokens of the prompt, cached ones included, whatever the format's own convention. */
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  readonly cachedTokens: number | undefined
  /** Those of the answer that the model thought with; they are among `completionTokens`. Default: not told. */
  readonly reasoningTokens?: number | undefined
  /** What the server says it took to load the model, milliseconds. Default: it does not say. */
  readonly loadMs?: number | undefined
}

/** Watches one streamed response as it passes. It never changes or keeps a chunk; its memory is bounded. */
export interface StreamObserver {
  push(chunk: Uint8Array): void
  /** Nothing more comes: a last frame counts also where its end is missing, as with servers that close after `[DONE]`. */
  end(): void
  /** `open` until the format's terminator (`complete`) or its error frame (`failed`) has passed. */
  readonly outcome: 'open' | 'complete' | 'failed'
  /** What the error of a stream that `failed` says, as the server wrote it; `undefined`: nothing. */
  readonly failure: string | undefined
  /** Whether the bytes so far end where a keep-alive may stand: at the start, or after a whole frame. */
  readonly isBetweenFrames: boolean
  /** What the stream's own frames said so far. */
  readonly usage: Usage
  /** The model the stream named, as it spelled it. */
  readonly model: string | undefined
  /** Frames that carried content: about one a token. For an estimate when the stream named no usage. */
  readonly contentFrames: number
  /** The tools that the stream called so far. */
  readonly toolCalls: ToolCalls
}

/** What a whole JSON answer says of itself. */
export interface AnswerFacts {
  readonly usage: Usage
  readonly model: string | undefined
  /** The tools it calls; of an answer of more than 1 MiB none are known. */
  readonly toolCalls: ToolCalls
}
