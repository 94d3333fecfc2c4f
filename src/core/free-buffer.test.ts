import { expect, test } from 'vitest'
import { freeBuffer } from './free-buffer.ts'

test('a large buffer is empty afterwards, and so is every view of it', () => {
  const whole = Buffer.alloc(2_000_000)
  const view = whole.subarray(0, 1_500_000)
  freeBuffer(view)
  expect([whole.length, view.length]).toEqual([0, 0])
})

test('a small one is left to the collector: others may be in the same memory', () => {
  const small = Buffer.from('abc')
  freeBuffer(small)
  expect(small.toString()).toBe('abc')
})
