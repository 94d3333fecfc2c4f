import type { Running, WrittenRequest } from '../conversation/conversation.ts'

/** What one request wants vectors of, in one shape for all formats. */
export interface EmbeddingRequest {
  readonly model: string
  /** One at least, each of which gets a vector. */
  readonly inputs: readonly string[]
  /** It came as a text, and not as a list of one. */
  readonly isSingle: boolean
  /** So many numbers a vector. Default: as many as the model makes. */
  readonly dimensions?: number
  /** Whether an input that is too long is cut, or else an error. Default: the server decides. */
  readonly truncates?: boolean
  /** Default: as its server runs the model. */
  readonly running?: Omit<Running, 'truncates'>
  /** What the request says and nothing here carries: the names of its fields, each once. */
  readonly dropped: readonly string[]
}

/** One that came to OpenAI's `/v1/embeddings`. */
export interface OpenaiEmbeddingRequest extends EmbeddingRequest {
  /** The vectors go back as base64 of little-endian float32, as OpenAI's own Node client asks by default. */
  readonly wantsBase64: boolean
}

/** The vectors of one request. */
export interface EmbeddingAnswer {
  /** In the order of the inputs. Their numbers are finite as float32 too. */
  readonly vectors: readonly (readonly number[])[]
  /** Of all inputs; absent: the server did not say. */
  readonly promptTokens?: number
}

/** Writes the body of a request for vectors, with the names of what it has no place for in it. */
export type EmbeddingWriter = (request: EmbeddingRequest) => WrittenRequest
