import { expect, test } from 'vitest'
import { Secret } from '../../core/secret.ts'
import { CliTokens, signInSecret } from './sign-in-secret.ts'

const SESSION = 'a1B2'.repeat(8)
const tokens = (pepper: string) => new CliTokens(signInSecret(new Secret(pepper)))

test('the secret is made of the pepper, always the same, and is not it', () => {
  const secret = signInSecret(new Secret('pepper')).reveal()
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(signInSecret(new Secret('pepper')).reveal()).toBe(secret)
  expect(signInSecret(new Secret('another')).reveal()).not.toBe(secret)
})

test('a token opens to the session it was sealed for, and only under the same pepper', () => {
  const token = tokens('pepper').seal(SESSION)
  expect(token).toMatch(/^pc_\w{32}_[\w-]{43}$/)
  expect(tokens('pepper').open(token)).toBe(SESSION)
  expect(tokens('another').open(token)).toBeUndefined()
})

test('nothing else is a token', () => {
  const token = tokens('pepper').seal(SESSION)
  const [, , mac = ''] = token.split('_')
  const others = [
    '',
    SESSION,
    `pc_${SESSION}`,
    `pc_${SESSION}_`,
    `pc_${SESSION}_${'A'.repeat(43)}`,
    `pc_${'b'.repeat(32)}_${mac}`,
    `pd_${SESSION}_${mac}`,
    ` ${token}`,
    `${token}A`,
    token.slice(0, -1),
    token.toUpperCase(),
  ]
  for (const text of others) expect(tokens('pepper').open(text)).toBeUndefined()
})
