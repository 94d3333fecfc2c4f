import type { Usage } from './format.ts'
import { asObject, type JsonObject } from './json-facts.ts'

/** What a frame says to whoever reads the answer, in one shape for all formats. */
export type AnswerPart =
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  /** The model begins to call a tool. `index` tells its calls apart. */
  | { readonly kind: 'call'; readonly index: number; readonly id: string; readonly name: string }
  /** A piece of that call's arguments, which are JSON text of an object in the end. */
  | { readonly kind: 'arguments'; readonly index: number; readonly text: string }
  /** As far as this frame counts; the counts of an earlier one stay where it has none. */
  | { readonly kind: 'usage'; readonly usage: Usage }
  /** How likely the tokens of the text were that is told beside it. */
  | { readonly kind: 'logprobs'; readonly tokens: readonly TokenLogprob[] }
  /** Why the model stopped, in the format's own word. `sequence`: the stop sequence that it wrote, where the server says which. */
  | { readonly kind: 'stop'; readonly reason: string; readonly sequence?: string }
  /** `undefined`: the server did not say what went wrong. */
  | { readonly kind: 'failed'; readonly message: string | undefined }
  /** The answer is complete. A stream that ends without it was cut off. */
  | { readonly kind: 'end' }

/** A token, and how likely it was: the natural logarithm. `bytes`: its UTF-8, where the server tells it. */
export interface Logprob {
  readonly token: string
  readonly logprob: number
  readonly bytes?: readonly number[]
}

/** A token of the answer, and those that were as likely. */
export interface TokenLogprob extends Logprob {
  readonly top: readonly Logprob[]
}

/** A text or reasoning part; none for what is no text, or an empty one. */
export function said(kind: 'text' | 'reasoning', value: unknown): AnswerPart[] {
  return typeof value === 'string' && value !== '' ? [{ kind, text: value }] : []
}

/** The reason of the end, where there is one. */
export function stopped(reason: unknown): AnswerPart[] {
  return typeof reason === 'string' && reason !== '' ? [{ kind: 'stop', reason }] : []
}

/** The usage, where something was counted. */
export function counted(usage: Usage | undefined): AnswerPart[] {
  const isKnown = usage?.promptTokens !== undefined || usage?.completionTokens !== undefined
  return usage !== undefined && isKnown ? [{ kind: 'usage', usage }] : []
}

/**
 * The error at the top of a frame or of a whole answer; `undefined` when there is none. It is one in every format:
 * llama-server sends OpenAI's shape in all of them. A null is none.
 */
export function errorOf(frame: JsonObject): string | JsonObject | undefined {
  const error = frame['error']
  if (typeof error === 'string') return error
  return typeof error === 'object' && error !== null ? (asObject(error) ?? {}) : undefined
}

/** The words of an error in any format's shape: a bare text, or an object with a `message`. `undefined`: it has none. */
export function errorMessage(error: string | JsonObject): string | undefined {
  const message = typeof error === 'string' ? error : error['message']
  return typeof message === 'string' && message !== '' ? message : undefined
}
