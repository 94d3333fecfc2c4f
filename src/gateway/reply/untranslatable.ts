import type { IncomingHttpHeaders } from 'node:http'
import { PunkuError } from '../../core/error.ts'
import { UNREADABLE_WORDS } from '../../formats/answer-parts.ts'
import { unusableAnswer } from './unusable-answer.ts'
import { cleanWords } from './upstream-words.ts'

/**
 * Whether what begins with this is a success of which nothing can be read, where it is not known for what is read. What
 * `unusableAnswer` knows is not among that: it says better what is wrong.
 */
export function isUntranslatable(status: number, headers: IncomingHttpHeaders): boolean {
  return status >= 200 && status < 300 && unusableAnswer(status, headers) === undefined
}

/** What a server sent is no answer in its own format. */
export const noAnswer = () =>
  new PunkuError('upstream_invalid', 'The model server answered with something that is no answer in its own format.')

/** A piece of the answer is. */
export const unreadableAnswer = () => new PunkuError('upstream_invalid', UNREADABLE_WORDS)

/** A whole answer is longer than is held of one, or finds no memory. */
export const tooLarge = () =>
  new PunkuError('upstream_invalid', 'The answer is too large to be put into the format that was asked for.')

/** A stream that was to become a whole answer was cut off. */
export const endlessAnswer = () =>
  new PunkuError('upstream_interrupted', 'The answer ended before the model server said that it was complete.')

/** The server says in its answer that it failed. `said`: in its words; `undefined`: it has none */
export const errorInAnswer = (said: string | undefined) =>
  new PunkuError('upstream_failed', 'The model server reported an error inside its answer.', {
    said: said === undefined ? undefined : cleanWords(said),
  })
