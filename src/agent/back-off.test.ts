import { beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { seededRandom } from '../../test/support/virtual-clock.ts'
import { BackOff, type Waiting } from './back-off.ts'

let clock: ManualClock
let backOff: BackOff
beforeEach(() => {
  clock = new ManualClock()
  clock.random = () => 0
  backOff = new BackOff(clock)
})

/** The next waits, each of which passes. */
function waits(count: number, waiting?: Waiting): number[] {
  return Array.from({ length: count }, () => {
    const ms = backOff.next(waiting)
    clock.advance(ms)
    return ms
  })
}

/** Waits for as long as they are short; how many there were. */
function promptWaits(): number {
  let count = 0
  while (clock.elapsed() < 300_000) {
    expect(waits(1)[0]).toBeLessThanOrEqual(2_000)
    count++
  }
  return count
}

test('doubles from 0.5 s to 2 s, stays there for 5 minutes, and only then goes on to 30 s', () => {
  expect(waits(5)).toEqual([500, 1_000, 2_000, 2_000, 2_000])
  expect(promptWaits()).toBeGreaterThan(100)
  expect(waits(6)).toEqual([4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('stays at 2 s while streams wait to be resumed, however long no link has held', () => {
  expect(waits(1_000, { isAwaited: true }).slice(2)).toEqual(Array(998).fill(2_000))
  expect(waits(2)).toEqual([4_000, 8_000])
  expect(waits(1, { isAwaited: true })).toEqual([2_000])
})

test('takes a random part of up to one half off', () => {
  clock.random = () => 0.5
  expect(waits(2)).toEqual([375, 750])
  clock.random = () => 1
  expect(waits(1)).toEqual([1_000])
})

test('begins anew, with 5 minutes more, after a link that held', () => {
  waits(3)
  promptWaits()
  expect(waits(2)).toEqual([4_000, 8_000])
  backOff.reset()
  expect(waits(3)).toEqual([500, 1_000, 2_000])
})

test('is never near the resume window, whatever chance says, for links that are cut each 20 s', () => {
  clock.random = seededRandom(11)
  for (let cut = 0; cut < 1_000; cut++) {
    expect(waits(1, { isAwaited: true })[0]).toBeLessThanOrEqual(500)
    clock.advance(20_000)
    backOff.reset()
  }
})

test('what is to happen at once is spread over half a second', () => {
  clock.random = seededRandom(12)
  const spread = Array.from({ length: 1_000 }, () => backOff.spread())
  expect(Math.min(...spread)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...spread)).toBeLessThan(500)
  for (const from of [0, 100, 200, 300, 400])
    expect(spread.filter((ms) => ms >= from && ms < from + 100).length).toBeGreaterThan(150)
  expect(waits(1)[0]).toBeLessThanOrEqual(500)
})

describe('a gateway that says when to come again', () => {
  test('is obeyed, and agents that were told the same come apart', () => {
    expect(waits(1, { retryAfterMs: 10_000 })).toEqual([10_000])
    clock.random = () => 0.5
    expect(waits(1, { retryAfterMs: 10_000, isAwaited: true })).toEqual([10_250])
  })

  test('is not asked sooner than the back-off would', () => {
    expect(waits(4, { retryAfterMs: 1_500 })).toEqual([1_500, 1_500, 2_000, 2_000])
  })

  test('is asked again within 5 minutes, whatever it says', () => {
    expect(waits(1, { retryAfterMs: 86_400_000 })).toEqual([300_000])
  })
})
