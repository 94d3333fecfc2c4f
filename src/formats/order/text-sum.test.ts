import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextSum, valueSum } from './text-sum.ts'

const LIMITS = { interruptAfterTimeLimit: 2_000, markInterruptAsFailure: false }

describe('the sum of a text', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', 'b', '\ud83d', '\ude00') }),
  )

  it('is of the text, wherever that was cut, and of no other', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.array(fc.nat(12)), (text, other, at) => {
        const cuts = [0, ...at.map((cut) => Math.min(cut, text.length)), text.length].toSorted((a, b) => a - b)
        const sum = new TextSum()
        for (const [index, end] of cuts.entries()) sum.add(text.slice(cuts[index - 1] ?? 0, end))
        expect(sum.isOf(text)).toBe(true)
        expect(sum.isOf(other)).toBe(other === text)
      }),
      LIMITS,
    )
  })
})

describe('the sum of a value', () => {
  it('knows an equal value, whatever the order of its fields, and tells it from others', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, one]) => [name, turned(one)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        expect(valueSum(turned(value))).toBe(valueSum(value))
        const isEqual = JSON.stringify(turned(turned(other))) === JSON.stringify(value)
        expect(valueSum([value, other]) === valueSum([other, value])).toBe(isEqual)
      }),
      {
        ...LIMITS,
        examples: [
          [
            { a: 1, b: [2] },
            { a: [2], b: 1 },
          ],
          [[], {}],
          ['1', 1],
          [null, 'null'],
        ],
      },
    )
  })

  it('is of the upper part alone where a value is deeper than any answer', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(valueSum(deep)).toBe(valueSum(JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`)))
  })
})
