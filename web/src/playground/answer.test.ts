import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../../../src/formats/answer-parts.ts'
import { type Answer, NO_ANSWER_YET, tokensPerSecond, withPart } from './answer.ts'

function answerOf(...parts: readonly (readonly [number, AnswerPart])[]): Answer {
  return parts.reduce((answer, [atMs, part]) => withPart(answer, part, atMs), NO_ANSWER_YET)
}

function usage(promptTokens: number | undefined, completionTokens: number | undefined): AnswerPart {
  return { kind: 'usage', usage: { promptTokens, completionTokens, cachedTokens: undefined } }
}

describe('withPart', () => {
  it('gathers what was said, and when', () => {
    const answer = answerOf(
      [90, usage(12, undefined)],
      [100, { kind: 'reasoning', text: 'Hm' }],
      [200, { kind: 'text', text: 'Hel' }],
      [300, { kind: 'text', text: 'lo' }],
      [310, { kind: 'stop', reason: 'stop' }],
      [310, usage(undefined, 6)],
      [320, { kind: 'end' }],
    )
    expect(answer).toMatchObject({ state: 'done', reasoning: 'Hm', text: 'Hello', firstMs: 100, lastMs: 320 })
    expect(answer).toMatchObject({ promptTokens: 12, completionTokens: 6, reason: 'stop', problem: undefined })
  })

  it('keeps what was said before it failed', () => {
    const answer = answerOf([100, { kind: 'text', text: 'Hel' }], [200, { kind: 'failed', message: 'Out of memory.' }])
    expect(answer).toMatchObject({ state: 'failed', text: 'Hel', problem: 'Out of memory.' })
  })
})

describe('tokensPerSecond', () => {
  const text = { kind: 'text', text: 'x' } as const

  it('counts from the first token to the end', () => {
    const answer = answerOf([500, text], [600, text], [1_500, usage(undefined, 21)], [1_500, { kind: 'end' }])
    expect(tokensPerSecond(answer)).toEqual({ value: 20, isEstimated: false })
  })

  it('goes by the pieces where the server does not count', () => {
    expect(tokensPerSecond(answerOf([500, text], [600, text], [700, text]))).toEqual({ value: 10, isEstimated: true })
  })

  it('says nothing of what has no length', () => {
    expect(tokensPerSecond(NO_ANSWER_YET)).toBeUndefined()
    expect(tokensPerSecond(answerOf([500, text]))).toBeUndefined()
    expect(tokensPerSecond(answerOf([500, text], [500, text]))).toBeUndefined()
  })
})
