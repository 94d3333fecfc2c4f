import { expect, test, vi } from 'vitest'
import { UsageError } from './exit.ts'
import { durationFlag, listFlag, numberFlag, timeAgo } from './parse.ts'

test('durations have a unit', () => {
  expect(durationFlag('--x', '30d')).toBe(2_592_000_000)
  for (const text of ['', '30', '-1h', 'soon', '0s']) expect(() => durationFlag('--x', text)).toThrow(UsageError)
})

test('lists are repeated, or separated by commas, or both', () => {
  expect(listFlag(undefined)).toBeUndefined()
  expect(listFlag(['a,b', 'c', ',d,'])).toEqual(['a', 'b', 'c', 'd'])
})

test('numbers are whole and within their range', () => {
  expect([numberFlag('--x', '1', 1, 10), numberFlag('--x', '10', 1, 10)]).toEqual([1, 10])
  for (const text of ['0', '11', '1.5', '-1', '1e1', '', ' 5']) {
    expect(() => numberFlag('--x', text, 1, 10)).toThrow('--x takes a whole number from 1 to 10')
  }
})

test('a time back is told as the API takes it', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_767_225_600_000 })
  expect(timeAgo(1_000)).toBe('2025-12-31T23:59:59.000Z')
})
