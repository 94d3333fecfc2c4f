import type { AnswerPart, TokenLogprob } from '../answer-parts.ts'
import { AnswerTally } from './answer-tally.ts'
import { type BookedCall, CallBook } from './call-book.ts'
import { FAILED_WITHOUT_WORDS } from './part-writer.ts'
import { TextPile } from './text-pile.ts'

/** A call with all its arguments, as the model wrote them. */
export interface GatheredCall extends BookedCall {
  readonly name: string
  readonly arguments: string
}

/** All that an answer says, each kind by itself. */
export interface GatheredAnswer {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly GatheredCall[]
  readonly logprobs: readonly TokenLogprob[]
  readonly tally: AnswerTally
  /** Why it failed; `undefined`: it did not. */
  readonly failure: string | undefined
}

/** Puts together what the parts say up to their end. `headId`: of the answer, for calls without an id. */
export function gatherAnswer(headId: string, parts: readonly AnswerPart[]): GatheredAnswer {
  const text = new TextPile()
  const reasoning = new TextPile()
  const book = new CallBook(headId)
  const calls: (BookedCall & { readonly name: string; readonly pile: TextPile })[] = []
  const logprobs: TokenLogprob[] = []
  const tally = new AnswerTally()
  let failure: string | undefined
  for (const part of parts) {
    if (part.kind === 'end') break
    if (part.kind === 'failed') {
      failure = part.message ?? FAILED_WITHOUT_WORDS
      break
    }
    if (part.kind === 'text') text.add(part.text)
    else if (part.kind === 'reasoning') reasoning.add(part.text)
    else if (part.kind === 'call') {
      const call = book.enter(part.index, part.id)
      if (call !== undefined) calls.push({ ...call, name: part.name, pile: new TextPile() })
    } else if (part.kind === 'arguments') {
      const call = book.get(part.index)
      if (call !== undefined) calls[call.at]?.pile.add(part.text)
    } else if (part.kind === 'logprobs') {
      for (const token of part.tokens) logprobs.push(token)
    } else tally.add(part)
  }
  return {
    text: `${text}`,
    reasoning: `${reasoning}`,
    calls: calls.map(({ at, id, name, pile }) => ({ at, id, name, arguments: `${pile}` })),
    logprobs,
    tally,
    failure,
  }
}
