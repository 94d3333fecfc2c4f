import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { Secret } from '../../core/secret.ts'
import { hashSecret, isMeantAsKey, KEY_LENGTH, newKeyId, newKeySecret, parseKey, renderKey } from './key-text.ts'

const ID = '0123456789'
const SECRET = 'abcdefghjkmnpqrstvwxyz'.repeat(3).slice(0, 52)

test('a new key reads back as its two halves', () => {
  const key = { id: newKeyId(), secret: newKeySecret() }
  expect(parseKey(renderKey(key))).toEqual(key)
  expect(newKeySecret()).not.toBe(newKeySecret())
})

test.each([
  ['nothing', ''],
  ['another service’s key', `sk-${SECRET}`],
  ['no secret', `pk_${ID}`],
  ['an empty secret', `pk_${ID}_`],
  ['a short secret', `pk_${ID}_${SECRET.slice(1)}`],
  ['a long secret', `pk_${ID}_${SECRET}a`],
  ['a short id', `pk_${ID.slice(1)}_${SECRET}`],
  ['capitals', `pk_${ID}_${SECRET.toUpperCase()}`],
  ['a capital prefix', `PK_${ID}_${SECRET}`],
  ['a letter outside the alphabet', `pk_${ID}_${SECRET.slice(1)}u`],
  ['a line break at the end', `pk_${ID}_${SECRET}\n`],
  ['a space before', ` pk_${ID}_${SECRET}`],
])('%s is no key', (_, text) => {
  expect(parseKey(text)).toBeUndefined()
})

test('what was meant as a key is told from what is none', () => {
  const text = renderKey({ id: ID, secret: SECRET })
  expect(text).toHaveLength(KEY_LENGTH)
  for (const meant of [text.slice(0, 17), 'pk_nonsense', text.toUpperCase(), `"${text}`])
    expect(isMeantAsKey(meant)).toBe(true)
  for (const none of ['', 'ollama', `sk-${SECRET}`]) expect(isMeantAsKey(none)).toBe(false)
})

test('a hash is HMAC-SHA-256 of the secret under the pepper', () => {
  const expected = createHmac('sha256', 'pepper').update(SECRET).digest()
  expect(hashSecret(new Secret('pepper'), SECRET)).toEqual(expected)
  expect(hashSecret(new Secret('other'), SECRET)).not.toEqual(expected)
})
