import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PunkuError } from '../../core/error.ts'
import { freeLabel, labelFrom, requireLabel } from './label.ts'

const isLabel = (text: string) => {
  try {
    return requireLabel(text) === text
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_request', param: 'label' })
    return false
  }
}

test.each(['a', '9', 'gpu-box', 'Ada.s_Mac', 'a'.repeat(64)])('%j is a label', (text) => {
  expect(isLabel(text)).toBe(true)
})

test.each([
  '',
  '-a',
  '.a',
  '_a',
  'a b',
  'a/b',
  'ä',
  'a\n',
  'a'.repeat(65),
  'tun_0123456789ab',
  'pt_0123456789',
  'pr_x',
])('%j is no label', (text) => expect(isLabel(text)).toBe(false))

test('a refused label is not repeated: it may be a token', () => {
  const text = `pt_0123456789_${'0'.repeat(52)}`
  try {
    requireLabel(text)
    expect.unreachable()
  } catch (error) {
    expect((error as PunkuError).message).not.toContain('0123456789')
  }
})

test.each([
  ['gpu', 'gpu'],
  ['Ada’s MacBook Pro.local', 'Ada-s-MacBook-Pro.local'],
  ['..hidden', 'hidden'],
  ['端末', 'tunnel'],
  ['', 'tunnel'],
  ['tun_0123456789ab', 'tunnel'],
  [`${'a'.repeat(63)}-b`, 'a'.repeat(63)],
])('a machine named %j is labelled %s', (name, label) => expect(labelFrom(name)).toBe(label))

test('any name of a machine gives a label, and any label a free one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 90 }), fc.nat(12), (name, others) => {
      const label = labelFrom(name)
      const taken = new Set<string>()
      for (let count = 0; count <= others; count++) {
        const free = freeLabel(label, taken)
        expect(taken.has(free)).toBe(false)
        expect(isLabel(free)).toBe(true)
        taken.add(free)
      }
    }),
  )
})

test('a label that is taken gets the first number that is free', () => {
  expect(freeLabel('gpu', new Set())).toBe('gpu')
  expect(freeLabel('gpu', new Set(['gpu']))).toBe('gpu-2')
  expect(freeLabel('gpu', new Set(['gpu', 'gpu-2', 'gpu-3']))).toBe('gpu-4')
  const long = 'a'.repeat(64)
  expect(freeLabel(long, new Set([long]))).toBe(`${'a'.repeat(62)}-2`)
})
