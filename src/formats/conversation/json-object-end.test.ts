import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonObjectEnd } from './json-object-end.ts'

function reaches(...pieces: readonly string[]): boolean {
  const end = new JsonObjectEnd()
  for (const piece of pieces) end.push(piece)
  return end.isReached
}

it.each([
  ['{}', true],
  [' \n{"a":{"b":[{}]}}', true],
  ['{"a":"}"}', true],
  ['{"a":"\\"}"}', true],
  ['{"a":"\\\\"}', true],
  ['{} more', true],
  ['{}}', true],
  ['', false],
  ['  ', false],
  ['{', false],
  ['{"a":"}', false],
  ['{"a":"\\"}', false],
  ['{"a":{}', false],
  ['[{}]', false],
  ['"{}"', false],
  ['null', false],
])('%j ends its object: %s', (text, isReached) => {
  expect(reaches(text)).toBe(isReached)
  expect(reaches(...text)).toBe(isReached)
})

it('finds the end of every object, and not before it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (object, cut) => {
      const text = JSON.stringify(object)
      const at = cut % text.length
      expect(reaches(text.slice(0, at))).toBe(false)
      expect(reaches(text.slice(0, at), text.slice(at))).toBe(true)
    }),
    { numRuns: 300 },
  )
})
