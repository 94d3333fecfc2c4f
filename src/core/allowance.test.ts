import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { Allowance } from './allowance.ts'

test('lets so many through at once, and then as many as time gives back', () => {
  const clock = new ManualClock()
  const allowance = new Allowance({ burst: 10, perSecond: 4 }, clock)
  expect(allowance.take(10)).toBe(true)
  expect(allowance.debtMs).toBe(0)
  expect(allowance.take(1)).toBe(false)
  expect(allowance.debtMs).toBe(250)
  clock.advance(500)
  expect(allowance.take(1)).toBe(true)
  expect(allowance.take(1)).toBe(false)
})

test('saves up no more than its burst', () => {
  const clock = new ManualClock()
  const allowance = new Allowance({ burst: 2, perSecond: 1_000 }, clock)
  clock.advance(60_000)
  expect(allowance.take(2)).toBe(true)
  expect(allowance.take(1)).toBe(false)
})
