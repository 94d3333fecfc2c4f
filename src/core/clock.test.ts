import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

const DAY_MS = 86_400_000

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe.each<[name: string, ms: number]>([
  ['a second', 1_000],
  ['the longest that Node counts', 2 ** 31 - 1],
  ['one millisecond more', 2 ** 31],
  ['90 days', 90 * DAY_MS],
  ['more than one piece to the millisecond', 3 * (2 ** 31 - 1)],
])('%s', (_, ms) => {
  test('passes once, at its end and not before', () => {
    let calls = 0
    systemClock.after(ms, () => calls++)
    vi.advanceTimersByTime(ms - 1)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
    vi.advanceTimersByTime(3 * ms)
    expect([calls, vi.getTimerCount()]).toEqual([1, 0])
  })

  test('passes again and again, as often as was said', () => {
    let calls = 0
    // One that runs wild ends, so that the test does.
    using timer = systemClock.every(ms, () => ++calls > 9 && timer[Symbol.dispose]())
    vi.advanceTimersByTime(ms - 1)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1 + 3 * ms)
    expect(calls).toBe(4)
    timer[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is given up in each of its pieces', () => {
    for (const atMs of [0, ms / 2, ms - 1]) {
      let calls = 0
      const timer = systemClock.after(ms, () => calls++)
      vi.advanceTimersByTime(atMs)
      timer[Symbol.dispose]()
      vi.advanceTimersByTime(2 * ms)
      expect([calls, vi.getTimerCount()]).toEqual([0, 0])
    }
  })
})

test('a time that no clock sees the end of is none that has passed', () => {
  let calls = 0
  const timer = systemClock.after(Number.MAX_SAFE_INTEGER, () => calls++)
  vi.advanceTimersByTime(365 * DAY_MS)
  timer[Symbol.dispose]()
  expect(calls).toBe(0)
})
