import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smallFields } from './small-fields.ts'

const LARGE = 'x'.repeat(5_000)
const read = (text: string) => smallFields(Buffer.from(text))

describe('smallFields', () => {
  it('gives all of a small object', () => {
    expect(read('{"model":"m","usage":{"a":[1,{"b":2}]},"x":null}')).toEqual({
      model: 'm',
      usage: { a: [1, { b: 2 }] },
      x: null,
    })
  })

  it.each([
    ['a long text', LARGE],
    ['a long text of quotes, brackets and backslashes', `\\"]}{[,\\\\"${LARGE}\\`],
    ['vectors', [{ embedding: Array.from({ length: 3_000 }, (_, at) => at / 7) }]],
    ['a long object', { deep: { deeper: [LARGE] } }],
  ])('steps over %s, wherever it stands', (_, large) => {
    const facts = { model: 'é"\\', usage: { prompt_tokens: 3 } }
    for (const answer of [
      { large, ...facts },
      { ...facts, large },
      { model: facts.model, large, usage: facts.usage },
    ]) {
      for (const indent of [undefined, 2]) expect(read(JSON.stringify(answer, null, indent))).toEqual(facts)
    }
  })

  it.each([
    '',
    LARGE,
    `[${JSON.stringify(LARGE)}]`,
    `{"a":${JSON.stringify(LARGE)}`,
    `{"a":"${LARGE}`,
    '['.repeat(9_000),
  ])('gives nothing, or nothing wrong, of %.20s', (text) => {
    expect([undefined, {}]).toContainEqual(read(text))
  })

  it('agrees with JSON.parse on every field that is short', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(LARGE), fc.constant([LARGE, { a: [] }]))
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), value), (answer) => {
        const expected = Object.entries(answer).filter(([, one]) => JSON.stringify(one).length < 4_000)
        const text = JSON.stringify({ ...answer, pad: LARGE })
        expect(read(text)).toEqual(
          JSON.parse(JSON.stringify(Object.fromEntries(expected.filter(([name]) => name !== 'pad')))),
        )
      }),
      { numRuns: 300 },
    )
  })
})
