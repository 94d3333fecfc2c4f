import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64OfFloats, floatsOfBase64 } from './float-base64.ts'

const LONG = 20_000

describe('numbers as base64', () => {
  test.each<[numbers: readonly number[], base64: string]>([
    [[], ''],
    [[0], 'AAAAAA=='],
    [[1], 'AACAPw=='],
    [[1, -2], 'AACAPwAAAMA='],
    [[0.5, -0, 3], 'AAAAPwAAAIAAAEBA'],
  ])('%j', (numbers, base64) => {
    expect(base64OfFloats(numbers)).toBe(base64)
    expect(floatsOfBase64(base64)).toEqual(numbers)
  })

  test('are read again as they are rounded to float32, and as Node writes and reads them', () => {
    const numbers = fc.oneof(
      fc.array(fc.oneof(fc.float(), fc.double({ noDefaultInfinity: true }), fc.nat())),
      fc.constantFrom(1, 3_071, 3_072, 3_073, LONG).map((length) => Array.from({ length }, (_, at) => at / 7)),
    )
    fc.assert(
      fc.property(numbers, (numbers) => {
        const floats = Float32Array.from(numbers)
        const base64 = Buffer.from(floats.buffer).toString('base64')
        expect(base64OfFloats(numbers)).toBe(base64)
        expect(floatsOfBase64(base64)).toEqual([...floats])
      }),
    )
  })

  test.each(['A', '!', 'AACAPw==AACAPw==', 'AACAP', 'AACA', 'é'])('are not %j', (base64) => {
    expect(floatsOfBase64(base64)).toBeUndefined()
  })
})
