import type { Usage } from './format.ts'
import { asObject, asText, type JsonObject } from './json-facts.ts'

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
  /**
   * `undefined`: the server did not say what went wrong. `isUnreadable`: it did not fail, but sent what cannot be read, and
   * the words are the gateway's own. Default: it failed.
   */
  | { readonly kind: 'failed'; readonly message: string | undefined; readonly isUnreadable?: true }
  /** The answer is complete. A stream that ends without it was cut off. */
  | { readonly kind: 'end' }

/** What is told of an answer of which a piece cannot be read. */
export const UNREADABLE_WORDS = 'The model server sent something in its answer that cannot be read.'

/** Said in the place of such a piece: the answer without it would look complete. */
export const UNREADABLE_PART: AnswerPart = {
  kind: 'failed',
  message: UNREADABLE_WORDS,
  isUnreadable: true,
}

/** Reads the frames of one answer in their order: what each says. It may keep state of its answer, within limits. */
export type PartsReader = (frame: JsonObject) => readonly AnswerPart[]

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

/** The reason of the end, where there is one. `sequence`: the stop sequence that was met, where it is a text. */
export function stopped(reason: unknown, sequence?: unknown): AnswerPart[] {
  if (typeof reason !== 'string' || reason === '') return []
  const isMet = typeof sequence === 'string' && sequence !== ''
  return [isMet ? { kind: 'stop', reason, sequence } : { kind: 'stop', reason }]
}

/**
 * A call that is told whole, its arguments as JSON text or as what that text means; none where it has no name. A name that
 * is longer than any tool's cannot be read.
 */
export function called(index: number, id: unknown, name: unknown, given: unknown): AnswerPart[] {
  const known = asText(name)
  if (known === undefined) return isNamed(name) ? [UNREADABLE_PART] : []
  return [{ kind: 'call', index, id: asText(id) ?? '', name: known }, ...argued(index, given)]
}

/** Whether a call has a name, however long. */
export function isNamed(name: unknown): name is string {
  return typeof name === 'string' && name !== ''
}

/** A piece of a call's arguments, or all of them as what their text means; none where there are none. */
export function argued(index: number, given: unknown): AnswerPart[] {
  const text = typeof given === 'object' && given !== null ? JSON.stringify(given) : given
  return typeof text === 'string' && text !== '' ? [{ kind: 'arguments', index, text }] : []
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
