import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { parseForm } from './form-body.ts'

test.each<[string, Record<string, string>]>([
  ['', {}],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a=1&&b=2&', { a: '1', b: '2' }],
  ['a+b=c+d', { 'a b': 'c d' }],
  ['a%2Bb=c%2Bd', { 'a+b': 'c+d' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=%C3%A9', { a: 'é' }],
  ['a=é', { a: 'é' }],
  ['a&b=', {}],
  ['__proto__=x&constructor=y', { ['__proto__']: 'x', constructor: 'y' }],
])('%j is read', (text, fields) => {
  expect([...parseForm(text)]).toEqual(Object.entries(fields))
})

test.each([
  'a=1&a=1',
  'a=1&b=2&a=3',
  'a=&a=1',
  'a&a',
  'a=1&%61=2',
  'a+b=1&a%20b=2',
  '=1&=2',
  'a=%',
  'a=%4',
  'a=%zz',
  'a=%ff',
  'a=%C3',
  '%C3=a',
])('%j is refused: other readers could take another value', (text) => {
  expect(() => parseForm(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})

test('what a browser writes is read as it was meant', () => {
  const field = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }))
  fc.assert(
    fc.property(fc.uniqueArray(field, { selector: ([name]) => name }), (fields) => {
      expect([...parseForm(new URLSearchParams(fields).toString())]).toEqual(fields)
    }),
  )
})

test('any other text is read, or refused with a code', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', '%', '4', '1', '+', 'é') }), (text) => {
      try {
        const form = parseForm(text)
        for (const [name, value] of form) expect(new URLSearchParams(text).getAll(name)).toEqual([value])
      } catch (error) {
        expect(error).toBeInstanceOf(PunkuError)
      }
    }),
  )
})
