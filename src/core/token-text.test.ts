import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { isSameHash, newToken, tokenId } from './token-text.ts'

test('a token carries its kind and public id, and its text is a secret', () => {
  const { id, text } = newToken('pd')
  expect(text.reveal()).toMatch(new RegExp(`^pd_${id}_[0-9a-hjkmnp-tv-z]{52}$`))
  expect(tokenId(text.reveal(), ['pd', 'pt'])).toBe(id)
  expect(JSON.stringify({ text })).not.toContain(id)
  expect(newToken('pd').text.reveal()).not.toBe(text.reveal())
})

test.each(['pr', 'pi'] as const)('a token of another kind is none: %s', (kind) => {
  expect(tokenId(newToken(kind).text.reveal(), ['pd', 'pt'])).toBeUndefined()
})

const right = newToken('pr').text.reveal()
test.each([
  '',
  'pr_',
  right.toUpperCase(),
  `${right}0`,
  ` ${right}`,
  `${right}\n`,
  right.slice(0, -1),
  right.replace('pr', 'pk'),
])('%j is no token', (text) => expect(tokenId(text, ['pr'])).toBeUndefined())

test('a hash is like itself only, and like nothing where none is stored', () => {
  const hash = createHash('sha256').update('a').digest()
  const other = createHash('sha256').update('b').digest()
  expect(isSameHash(hash, hash.toString('hex'))).toBe(true)
  expect(isSameHash(hash, other.toString('hex'))).toBe(false)
  expect(isSameHash(hash, undefined)).toBe(false)
  expect(isSameHash(hash, hash.toString('hex').slice(0, -2))).toBe(false)
})
