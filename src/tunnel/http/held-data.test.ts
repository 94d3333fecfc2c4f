import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeldData } from './held-data.ts'

test('gives back every byte, in order, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.constantFrom(1, 16_383, 16_384, 16_385), fc.constant('take')),
      ),
      (steps) => {
        const held = new HeldData()
        const put: Buffer[] = []
        const taken: Buffer[] = []
        for (const [at, step] of steps.entries()) {
          if (step === 'take') {
            const isEmpty = held.isEmpty
            const bytes = held.take()
            expect(bytes === undefined).toBe(isEmpty)
            if (bytes !== undefined) taken.push(bytes)
          } else {
            const piece = Buffer.alloc(Number(step), at + 1)
            held.add(piece)
            put.push(Buffer.from(piece))
            // Whoever gave it may use it again.
            piece.fill(0)
          }
        }
        for (let bytes = held.take(); bytes !== undefined; bytes = held.take()) taken.push(bytes)
        expect(Buffer.concat(taken).equals(Buffer.concat(put))).toBe(true)
        expect(held.isEmpty).toBe(true)
      },
    ),
  )
})

test('keeps no more than the bytes it was given, however large the messages they came in', () => {
  const held = new HeldData()
  for (let at = 0; at < 65_536; at++) held.add(Buffer.allocUnsafeSlow(1_000).subarray(at % 1_000, (at % 1_000) + 1))
  const kept = new Set<ArrayBufferLike>()
  for (let bytes = held.take(); bytes !== undefined; bytes = held.take()) kept.add(bytes.buffer)
  let bytes = 0
  for (const { byteLength } of kept) bytes += byteLength
  expect(bytes).toBeLessThanOrEqual(65_536)
})

test('forgets what was cleared', () => {
  const held = new HeldData()
  held.add(Buffer.alloc(20_000, 1))
  held.clear()
  expect(held.isEmpty).toBe(true)
  held.add(Buffer.from('b'))
  expect(held.take()?.toString()).toBe('b')
})
