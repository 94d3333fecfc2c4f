import type { AnswerPart } from '../../../src/formats/answer-parts.ts'

/** An answer as far as it has come. */
export interface Answer {
  /** `stopped`: by whoever asked. */
  readonly state: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed'
  readonly reasoning: string
  readonly text: string
  /** Milliseconds from the request to the first piece of text or reasoning. */
  readonly firstMs: number | undefined
  /** Milliseconds from the request to the last piece, or to the end. */
  readonly lastMs: number | undefined
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  /** Pieces of text or reasoning: about one a token, where the server does not count. */
  readonly pieces: number
  /** Why the model stopped, in the dialect's own word. */
  readonly reason: string | undefined
  /** What went wrong, in words. */
  readonly problem: string | undefined
}

const NAMELESS = 'The model server reported an error and did not say which.'

export const NO_ANSWER_YET: Answer = {
  state: 'waiting',
  reasoning: '',
  text: '',
  firstMs: undefined,
  lastMs: undefined,
  promptTokens: undefined,
  completionTokens: undefined,
  pieces: 0,
  reason: undefined,
  problem: undefined,
}

/** The answer with one more part. @param atMs milliseconds since the request */
export function withPart(answer: Answer, part: AnswerPart, atMs: number): Answer {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return {
        ...answer,
        state: 'answering',
        [part.kind]: answer[part.kind] + part.text,
        firstMs: answer.firstMs ?? atMs,
        lastMs: atMs,
        pieces: answer.pieces + 1,
      }
    case 'usage':
      return {
        ...answer,
        promptTokens: part.usage.promptTokens ?? answer.promptTokens,
        completionTokens: part.usage.completionTokens ?? answer.completionTokens,
      }
    // The playground offers no tools; a model that calls one all the same has begun to answer.
    case 'call':
    case 'arguments':
      return { ...answer, state: 'answering', firstMs: answer.firstMs ?? atMs, lastMs: atMs, pieces: answer.pieces + 1 }
    case 'logprobs':
      return answer
    case 'stop':
      return { ...answer, reason: part.reason }
    case 'failed':
      return { ...answer, state: 'failed', problem: part.message ?? NAMELESS }
    case 'end':
      return { ...answer, state: 'done', lastMs: atMs }
  }
}

/** How fast it came, from the first piece to the last; `undefined` while that cannot be told. */
export function tokensPerSecond(answer: Answer): { readonly value: number; readonly isEstimated: boolean } | undefined {
  const { firstMs, lastMs, completionTokens, pieces } = answer
  if (firstMs === undefined || lastMs === undefined || lastMs <= firstMs || pieces < 2) return undefined
  const tokens = completionTokens ?? pieces
  // The first token came at the beginning of the time that is measured.
  return { value: ((tokens - 1) * 1_000) / (lastMs - firstMs), isEstimated: completionTokens === undefined }
}
