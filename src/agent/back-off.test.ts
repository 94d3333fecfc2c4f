import { expect, test } from 'vitest'
import { BackOff } from './back-off.ts'

const waits = (backOff: BackOff, count: number) => Array.from({ length: count }, () => backOff.next())

test('doubles from 1 s to 30 s, and stays there', () => {
  const backOff = new BackOff(() => 0)
  expect(waits(backOff, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('takes a random part of up to one half off', () => {
  let random = 0.5
  const backOff = new BackOff(() => random)
  expect(waits(backOff, 2)).toEqual([750, 1_500])
  random = 1
  expect(waits(backOff, 1)).toEqual([2_000])
})

test('begins anew after a link that held', () => {
  const backOff = new BackOff(() => 0)
  waits(backOff, 4)
  backOff.reset()
  expect(waits(backOff, 2)).toEqual([1_000, 2_000])
})
