import { describe, expect, it } from 'vitest'
import { labelEvery, ticksUpTo, totals } from './scale.ts'

describe('ticksUpTo', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [100, [0, 50, 100]],
    [1_234_567, [0, 500_000, 1_000_000, 1_500_000]],
  ])('gives round whole numbers up to %d', (max, ticks) => {
    expect(ticksUpTo(max, 4, true)).toEqual(ticks)
  })

  it('gives fractions without the dust of floating point', () => {
    expect(ticksUpTo(0.29, 4, false)).toEqual([0, 0.1, 0.2, 0.3])
  })

  it('has no axis of what cannot be measured', () => {
    expect(ticksUpTo(Number.NaN, 4, true)).toEqual([0, 1])
    expect(ticksUpTo(-5, 4, true)).toEqual([0, 1])
  })

  it('reaches the highest value, whatever it is', () => {
    for (const max of [0.001, 0.7, 1, 9.99, 10, 11, 99, 101, 8_191, 1e9, 123_456_789]) {
      const ticks = ticksUpTo(max, 4, false)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max)
      expect(ticks.length).toBeLessThanOrEqual(6)
    }
  })
})

it('sums all series at each point', () => {
  expect(totals([{ values: [1, null, 3] }, { values: [10, 20] }], 3)).toEqual([11, 20, 3])
})

describe('labelEvery', () => {
  it('labels every point where all fit', () => {
    expect(labelEvery(7, 700, 60)).toBe(1)
  })

  it('leaves labels out where they would run into each other', () => {
    expect(labelEvery(168, 300, 60)).toBe(34)
    expect(labelEvery(24, 10, 60)).toBe(24)
  })
})
