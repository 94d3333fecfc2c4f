import type { AnswerPart } from '../answer-parts.ts'
import type { AnswerRenderer } from './answer-renderer.ts'

/** So much of what cannot be written yet is held of one answer, in characters. */
export const MAX_HELD_LENGTH = 4 * 1024 * 1024

/** Said of an answer that failed where its server had no words. */
export const FAILED_WITHOUT_WORDS = 'The model server failed and did not say why.'

const OVERFULL = 'The answer calls so many tools, or with so long arguments, that the gateway cannot hold them.'

/** A part that goes before the end of an answer. */
export type SaidPart = Exclude<AnswerPart, { readonly kind: 'end' } | { readonly kind: 'failed' }>

/** Writes the frames of one answer, part by part. After `end` or `fail` it is asked for nothing more. */
export interface PartWriter {
  /** About how many characters it holds. */
  readonly heldLength: number
  /** The frames of a part; often none. */
  write(part: SaidPart): string
  /** The last frames of an answer that is complete. */
  end(): string
  /** The last frame of one that failed. */
  fail(message: string): string
}

/** Writes frames by a writer. What comes behind the end is passed over; what holds more than `MAX_HELD_LENGTH` fails. */
export function framesBy(writer: PartWriter): AnswerRenderer['frames'] {
  let isOver = false
  const next = (part: AnswerPart): string => {
    if (isOver) return ''
    isOver = part.kind === 'end' || part.kind === 'failed'
    if (part.kind === 'end') return writer.end()
    if (part.kind === 'failed') return writer.fail(part.message ?? FAILED_WITHOUT_WORDS)
    const frames = writer.write(part)
    isOver = writer.heldLength > MAX_HELD_LENGTH
    return isOver ? frames + writer.fail(OVERFULL) : frames
  }
  return (parts) => {
    let frames = ''
    for (const part of parts) frames += next(part)
    return frames
  }
}
