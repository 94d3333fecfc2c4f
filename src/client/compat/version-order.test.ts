import { expect, test } from 'vitest'
import { versionOrder } from './version-order.ts'

test.each([
  ['0.9.0', '0.10.0', -1],
  ['2.1.38', '2.1.4', 1],
  ['1.2', '1.2.0', 0],
  ['v1.0.0', '1.0.0', 0],
  ['1.0.0-rc.1', '1.0.0', -1],
  ['1.0.0-rc.2', '1.0.0-rc.10', -1],
  ['1.0rc1', '1.0', -1],
  ['0.86.2.dev3', '0.86.2', -1],
  ['b6123', 'b10488', -1],
  ['0.33.0-rc2', '0.33.0', -1],
])('%s beside %s', (a, b, expected) => {
  expect(versionOrder(a, b)).toBe(expected)
  expect(versionOrder(b, a)).toBe(-expected + 0)
})

test('what is no version has no order', () => {
  expect(versionOrder('latest', '1.0.0')).toBeUndefined()
  expect(versionOrder('1.0.0', '')).toBeUndefined()
})
