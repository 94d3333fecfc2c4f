import { describe, expect, it } from 'vitest'
import type { RequestBody } from '../../../src/contract/requests.ts'
import { ERRORS } from '../../../src/core/error.ts'
import { errorWords } from './error-words.ts'
import { MAX_FIRST_PAGE_ROWS, withNew } from './request-pages.ts'
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

describe('withNew', () => {
  const rows = (...seqs: number[]) => seqs.map((seq) => ({ seq }) as RequestBody)
  const seqs = (pages: { readonly pages: readonly { readonly requests: readonly RequestBody[] }[] }) =>
    pages.pages.map(({ requests }) => requests.map(({ seq }) => seq))

  it('puts what came since before what was there, newest first', () => {
    const before = { pages: [{ requests: rows(5, 4) }, { requests: rows(3, 2) }], pageParams: [undefined, 4] }
    expect(seqs(withNew(before, rows(6, 7)))).toEqual([
      [7, 6, 5, 4],
      [3, 2],
    ])
  })

  it('shows no row twice, though it was told of twice', () => {
    expect(seqs(withNew({ pages: [{ requests: rows(5) }], pageParams: [undefined] }, rows(5, 6)))).toEqual([[6, 5]])
  })

  it('does not grow for ever: older pages are read again from where the first now ends', () => {
    const full = Array.from({ length: MAX_FIRST_PAGE_ROWS }, (_, index) => MAX_FIRST_PAGE_ROWS + 10 - index)
    const before = { pages: [{ requests: rows(...full) }, { requests: rows(10, 9) }], pageParams: [undefined, 11] }
    const after = withNew(before, rows(511))
    expect(after.pages).toHaveLength(1)
    expect(after.pageParams).toEqual([undefined])
    expect(seqs(after)[0]?.[0]).toBe(511)
    expect(seqs(after)[0]).toHaveLength(MAX_FIRST_PAGE_ROWS)
  })
})
