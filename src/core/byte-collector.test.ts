import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteCollector } from './byte-collector.ts'

/** A view of so many bytes in a buffer of 64 KiB, as messages and sockets give them. */
function view(bytes: Buffer): Buffer {
  const whole = Buffer.allocUnsafeSlow(65_536)
  bytes.copy(whole, 100)
  return whole.subarray(100, 100 + bytes.length)
}

describe('what was collected', () => {
  test('comes out whole, in its order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 5_000 })),
        fc.boolean(),
        fc.boolean(),
        (pieces, asParts, isSaid) => {
          const collector = new ByteCollector(isSaid ? 1_048_576 : 0)
          const buffers = pieces.map((piece) => Buffer.from(piece))
          for (const [at, buffer] of buffers.entries()) collector.add(at % 3 === 0 ? buffer : view(buffer))
          const whole = Buffer.concat(buffers)
          expect(collector.length).toBe(whole.length)
          expect(asParts ? Buffer.concat(collector.takeParts()) : collector.take()).toEqual(whole)
          expect([collector.length, collector.heldBytes]).toEqual([0, 0])
          expect(collector.take()).toHaveLength(0)
        },
      ),
    )
  })

  test('does not change with the buffers that it came in', () => {
    const collector = new ByteCollector()
    const piece = view(Buffer.from('abc'))
    collector.add(piece)
    piece.fill(0)
    expect(collector.take().toString()).toBe('abc')
  })
})

describe('what is held', () => {
  test('of a million bytes, each in a buffer of 64 KiB, is about two million', () => {
    const collector = new ByteCollector()
    const piece = view(Buffer.from('a'))
    for (let at = 0; at < 1_000_000; at++) collector.add(piece)
    expect(collector.length).toBe(1_000_000)
    expect(collector.heldBytes).toBeLessThan(2_100_000)
    expect(collector.takeParts().length).toBeLessThan(20)
  })

  test('of a piece that fills its buffer is the piece itself', () => {
    const collector = new ByteCollector()
    const piece = Buffer.allocUnsafeSlow(50_000)
    collector.add(piece)
    expect(collector.heldBytes).toBe(50_000)
    expect(collector.take().buffer).toBe(piece.buffer)
  })

  test('of a body whose length was said is what has come of it, in the buffer that it ends in', () => {
    const collector = new ByteCollector(2_000_000)
    const piece = view(Buffer.alloc(50_000, 0x61))
    for (let at = 1; at <= 40; at++) {
      collector.add(piece)
      expect(collector.heldBytes).toBe(at * 50_000)
    }
    expect(collector.first(3).toString()).toBe('aaa')
    const whole = collector.take()
    expect([whole.length, whole.buffer.byteLength]).toEqual([2_000_000, 2_000_000])
  })

  test('of one that was given up is given back at once, and of one that was taken it is not', () => {
    const givenUp = new ByteCollector(8_000_000)
    const taken = new ByteCollector(8_000_000)
    const piece = Buffer.alloc(4_000_000, 0x61)
    for (const collector of [givenUp, taken, taken]) collector.add(piece)
    const first = givenUp.first(3)
    const before = process.memoryUsage().arrayBuffers
    givenUp.clear()
    // No collection of garbage runs in between.
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(8_000_000)
    const whole = taken.take()
    taken.clear()
    expect([first.toString(), whole.length, whole.toString('latin1', 7_999_997)]).toEqual(['aaa', 8_000_000, 'aaa'])
  })

  test('of one that is longer than was said is as of any other', () => {
    const collector = new ByteCollector(1_048_576)
    for (let at = 0; at < 30; at++) collector.add(view(Buffer.alloc(50_000, at)))
    expect(collector.length).toBe(1_500_000)
    const whole = collector.take()
    expect([whole[0], whole[1_499_999], whole.length]).toEqual([0, 29, 1_500_000])
  })

  test('is told at each step', () => {
    const collector = new ByteCollector()
    collector.add(view(Buffer.alloc(10)))
    expect(collector.heldBytes).toBe(10)
    collector.add(view(Buffer.alloc(10)))
    expect(collector.heldBytes).toBe(10 + 4_096)
    collector.clear()
    expect(collector.heldBytes).toBe(0)
  })
})
