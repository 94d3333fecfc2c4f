import type { AnswerPart } from '../answer-parts.ts'
import type { Usage } from '../format.ts'
import { mergeUsage, NO_USAGE } from '../usage.ts'
import { type StopReason, stopReasonOf } from './answer-renderer.ts'

/** What the parts so far told of an answer beside its content: what it took, and why it ended. */
export class AnswerTally {
  #usage = NO_USAGE
  #word: string | undefined
  #sequence: string | undefined

  /** Passes over parts of content. */
  add(part: AnswerPart): void {
    if (part.kind === 'usage') this.#usage = mergeUsage(this.#usage, part.usage)
    if (part.kind !== 'stop') return
    this.#word = part.reason
    this.#sequence = part.sequence
  }

  get usage(): Usage {
    return this.#usage
  }

  /** The stop sequence that the model wrote, where the server said which. */
  get stopSequence(): string | undefined {
    return this.#sequence
  }

  stopReason(hasCalls: boolean): StopReason {
    return stopReasonOf(this.#word, hasCalls)
  }
}
