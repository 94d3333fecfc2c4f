import type { AnswerPart } from '../answer-parts.ts'

/** What is known of an answer before it begins. */
export interface RenderedHead {
  /** Unique among answers, of letters and digits; the format puts its own prefix before it. */
  readonly id: string
  /** As the client named it. */
  readonly model: string
  /** When the answer was begun, milliseconds since the epoch. */
  readonly atMs: number
}

/**
 * Writes one answer in a format from the parts of another's: in frames as they come, or whole. It keeps what the format's
 * last frame tells again, and nothing more.
 */
export interface AnswerRenderer {
  /** The frames for parts in their order, the first ones too; may be empty. After the part `end` or `failed`: the last ones. */
  frames(parts: readonly AnswerPart[]): string
  /**
   * The same answer as one JSON body, of all its parts.
   * @throws PunkuError `upstream_failed` for one that is beyond the limits of the format, which ends as failed in frames
   */
  whole(parts: readonly AnswerPart[]): string
}

/** Why a model stopped, whatever word a format has for it. */
export type StopReason = 'end' | 'length' | 'calls' | 'filter'

const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_calls', 'calls'],
  ['tool_use', 'calls'],
  ['function_call', 'calls'],
  ['content_filter', 'filter'],
  ['refusal', 'filter'],
])

/** What the word of a format means; one that is not known is the end. `hasCalls`: it called tools, which Ollama has no word for. */
export function stopReasonOf(word: string | undefined, hasCalls: boolean): StopReason {
  const reason = REASONS.get(word ?? '') ?? 'end'
  return reason === 'end' && hasCalls ? 'calls' : reason
}
