import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../../src/core/error.ts'
import { errorWords } from './error-words.ts'
import { phasesOf, tokensPerSecond } from './timeline.ts'

describe('phasesOf', () => {
  it('divides the whole time, without a gap', () => {
    expect(phasesOf({ sentMs: 2, loadMs: 1_000, ttfbMs: 1_500, durationMs: 4_000 })).toEqual([
      { name: 'gateway', fromMs: 0, untilMs: 2 },
      { name: 'load', fromMs: 2, untilMs: 1_002 },
      { name: 'prompt', fromMs: 1_002, untilMs: 1_500 },
      { name: 'answer', fromMs: 1_500, untilMs: 4_000 },
    ])
  })

  it('has only the gateway where nothing was sent', () => {
    expect(phasesOf({ sentMs: null, loadMs: null, ttfbMs: null, durationMs: 3 })).toEqual([
      { name: 'gateway', fromMs: 0, untilMs: 3 },
    ])
  })

  it('ends where no answer came', () => {
    expect(phasesOf({ sentMs: 1, loadMs: null, ttfbMs: null, durationMs: 60_000 }).map(({ name }) => name)).toEqual([
      'gateway',
      'prompt',
    ])
  })

  it('believes no server that loaded for longer than the request took', () => {
    expect(phasesOf({ sentMs: 1, loadMs: 99_999, ttfbMs: 50, durationMs: 60 })).toEqual([
      { name: 'gateway', fromMs: 0, untilMs: 1 },
      { name: 'load', fromMs: 1, untilMs: 50 },
      { name: 'answer', fromMs: 50, untilMs: 60 },
    ])
  })

  it('has no phase that ends before it begins, whatever the numbers are', () => {
    const phases = phasesOf({ sentMs: 10, loadMs: 5, ttfbMs: 4, durationMs: 8 })
    for (const { fromMs, untilMs } of phases) expect(untilMs).toBeGreaterThan(fromMs)
    expect(phases.at(-1)?.untilMs).toBe(8)
  })
})

describe('tokensPerSecond', () => {
  const streamed = { sentMs: 1, loadMs: null, ttfbMs: 1_000, durationMs: 3_000, isStreamed: true }

  it('counts from the first token to the last', () => {
    expect(tokensPerSecond({ ...streamed, completionTokens: 101 })).toBe(50)
  })

  it('says nothing of an answer in one piece, of one token, or of none', () => {
    expect(tokensPerSecond({ ...streamed, completionTokens: 101, isStreamed: false })).toBeNull()
    expect(tokensPerSecond({ ...streamed, completionTokens: 1 })).toBeNull()
    expect(tokensPerSecond({ ...streamed, completionTokens: null })).toBeNull()
    expect(tokensPerSecond({ ...streamed, completionTokens: 5, durationMs: 1_000 })).toBeNull()
  })
})

describe('errorWords', () => {
  it.each(Object.keys(ERRORS))('has the words of the docs for %s', (code) => {
    const words = errorWords(code)
    expect(words?.happened.length).toBeGreaterThan(10)
    expect(words?.advice).toBeTruthy()
  })

  it('leaves no links, which would lead nowhere here', () => {
    expect(errorWords('route_not_found')?.happened).toBe('The path is not in the table.')
  })

  it('makes no words of a table head or of another table', () => {
    for (const no of ['code', '---', 'openai-done', '']) expect(errorWords(no)).toBeUndefined()
  })
})
