import { expect, test } from 'vitest'
import { Secret } from '../../core/secret.ts'
import { ServerKeySeal } from './server-key-seal.ts'

const seal = new ServerKeySeal(new Secret('pepper'))
const PLACE = { id: 'up_1', url: 'http://box:1' }
const KEY = 'sk-of-the-server'

test('a sealed key opens again, under the same pepper, for its upstream and its URL', () => {
  const sealed = seal.seal(new Secret(KEY), PLACE)
  expect(new ServerKeySeal(new Secret('pepper')).open(sealed, PLACE).reveal()).toBe(KEY)
})

test('it is never the same text twice, and none of it shows', () => {
  const texts = [1, 2, 3].map(() => seal.seal(new Secret(KEY), PLACE))
  expect(new Set(texts).size).toBe(3)
  for (const text of texts) expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('sk-')
})

test.each([
  ['another upstream', { ...PLACE, id: 'up_2' }],
  ['another URL: whoever can write to the database cannot have it sent elsewhere', { ...PLACE, url: 'http://evil:1' }],
  ['a border moved between the two', { id: 'up_1","http:', url: '//box:1' }],
])('it does not open for %s', (_, place) => {
  const sealed = seal.seal(new Secret(KEY), PLACE)
  expect(() => seal.open(sealed, place)).toThrow()
})

test('it does not open under another pepper, nor when any byte of it was changed', () => {
  const sealed = seal.seal(new Secret(KEY), PLACE)
  expect(() => new ServerKeySeal(new Secret('other')).open(sealed, PLACE)).toThrow()
  const bytes = Buffer.from(sealed, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => seal.open(changed.toString('base64url'), PLACE)).toThrow()
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(() => seal.open(bytes.subarray(0, length).toString('base64url'), PLACE)).toThrow()
  }
})
