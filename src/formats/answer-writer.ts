/** What is known of an answer when it begins. */
export interface AnswerHead {
  /** Unique among answers; the format puts its own prefix before it. */
  readonly id: string
  readonly model: string
  /** When the answer was begun, milliseconds since the epoch. */
  readonly atMs: number
  readonly promptTokens: number
}

/** What is known of an answer when it is over. */
export interface AnswerTail {
  readonly completionTokens: number
  /** How long it took, milliseconds. */
  readonly durationMs: number
}

/** Writes one answer of a model that spoke to its end: in frames `begin`, `text` …, `end`, or `whole`. */
export interface AnswerWriter {
  /** The frames before the first text; may be empty. */
  begin(): string
  /** A piece of text as one frame. */
  text(piece: string): string
  /** The frames after the last text, the terminator too. */
  end(tail: AnswerTail): string
  /** The same answer as one JSON body. */
  whole(text: string, tail: AnswerTail): string
}

/** One event with JSON as its data; without a name where its format has none. */
export function eventFrame(data: object, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
}
