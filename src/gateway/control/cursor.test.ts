import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partOf, placeByName, placeInTime } from './cursor.ts'

const cursorOf = <Place extends Parameters<typeof partOf<unknown>>[2]>(place: ReturnType<Place>) =>
  partOf([1, 2], 1, () => place).next ?? undefined

test('a part is what was asked for, and has a next one only if there is more', () => {
  const placeOf = (at: number) => ({ at, id: `id${at}` })
  expect(partOf([], 2, placeOf)).toEqual({ items: [], next: null })
  expect(partOf([1, 2], 2, placeOf)).toEqual({ items: [1, 2], next: null })
  const { items, next } = partOf([1, 2, 3], 2, placeOf)
  expect(items).toEqual([1, 2])
  expect(placeInTime(next ?? undefined)).toEqual({ at: 2, id: 'id2' })
  expect(placeInTime(undefined)).toBeUndefined()
  expect(placeByName(undefined)).toBeUndefined()
})

test('a cursor names its place, whatever the name, in characters that a URL leaves alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (name, id) => {
      fc.pre(!`${name}${id}`.includes('\0'))
      const cursor = cursorOf({ name, id })
      expect(cursor).toMatch(/^[\w-]+$/)
      expect(placeByName(cursor)).toEqual({ name, id })
    }),
  )
})

test('a cursor of the other kind of list is none', () => {
  expect(() => placeInTime(cursorOf({ name: 'a', id: 'b' }))).toThrow('no cursor')
  expect(() => placeByName(cursorOf({ at: 1, id: 'b' }))).toThrow('no cursor')
})

const encoded = (text: string) => Buffer.from(text).toString('base64url')
test.each([
  '',
  '!',
  'null',
  '[]',
  '[1]',
  '[1,2]',
  '[1,"a","b"]',
  '{"0":1,"1":"a"}',
  '[1e400,"a"]',
  '[0.5,"a"]',
  '["\\u0000","a"]',
])('%s is no cursor', (text) => {
  for (const read of [placeInTime, placeByName]) expect(() => read(encoded(text))).toThrow('no cursor')
})
