import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conversation, Turn } from './conversation/conversation.ts'
import { estimateTokens } from './token-estimate.ts'

const user = (text: string): Turn => ({ role: 'user', parts: [{ kind: 'text', text }] })
const ask = (turns: readonly Turn[], more: Partial<Conversation> = {}): number =>
  estimateTokens({ model: 'tiny', turns, tools: [], sampling: {}, wantsStream: false, dropped: [], ...more })
const TEXT = fc.string({ unit: 'binary', maxLength: 40 })
const FRAME = ask([user('')])

const ENGLISH =
  'All happy families are alike; each unhappy family is unhappy in its own way. Everything was in confusion in the house.'
const CODE = `export function sumOf(...counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0)
}
`
const CHINESE =
  '人工智能是计算机科学的一个分支,它企图了解智能的实质,并生产出一种新的能以人类智能相似的方式做出反应的智能机器。'
const JAPANESE = '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。'
const KOREAN = '대한민국은 동아시아의 한반도 남부에 위치한 나라이다.'

describe('of a text', () => {
  test.each([
    ['English', ENGLISH, 24, 24],
    ['Code', CODE, 58, 58],
    ['Chinese', CHINESE, 42, 62],
    ['Japanese', JAPANESE, 32, 39],
    ['Korean', KOREAN, 18, 28],
  ])('%s: near what two tokenizers count', (_name, text, least, most) => {
    const tokens = ask([user(text)]) - FRAME
    expect(tokens).toBeGreaterThanOrEqual(least * 0.75)
    expect(tokens).toBeLessThanOrEqual(most * 1.25)
  })

  test('it grows with the text, and never by more than a token a character', () => {
    fc.assert(
      fc.property(TEXT, TEXT, (text, more) => {
        const before = ask([user(text)])
        const after = ask([user(text + more)])
        expect(after).toBeGreaterThanOrEqual(before)
        expect(after - before).toBeLessThanOrEqual(more.length + 1)
      }),
    )
  })
})

test('every place where something is said counts', () => {
  const text = 'x'.repeat(400)
  const picture = { kind: 'image' as const, mediaType: 'image/png', data: 'A'.repeat(100_000) }
  const call = { kind: 'call' as const, id: 'a', name: text, arguments: text }
  const result = {
    role: 'tool' as const,
    callId: 'a',
    name: text,
    isError: false,
    parts: [{ kind: 'text', text }] as const,
  }
  const tool = { name: text, description: text, parameters: { type: 'object', title: text } }
  const counts = [
    ask([{ role: 'system', text }]),
    ask([user(text)]),
    ask([{ role: 'user', parts: [picture] }]),
    ask([{ role: 'assistant', parts: [{ kind: 'thinking', text }] }]),
    ask([{ role: 'assistant', parts: [call] }]),
    ask([result]),
    ask([], { tools: [tool] }),
  ]
  expect(counts).toEqual([104, 104, 772, 104, 208, 204, 311])
  expect(ask([user(text), user(text)])).toBe(208)
})

test('of nothing it is one', () => {
  expect(ask([])).toBe(1)
})

test('a hundred thousand turns are counted at once', () => {
  const began = performance.now()
  const turns = Array.from({ length: 100_000 }, () => user('x'.repeat(40)))
  expect(ask(turns)).toBe(100_000 * 14)
  expect(performance.now() - began).toBeLessThan(5_000)
})
