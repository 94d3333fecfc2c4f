import { createSecretKey, hkdfSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { Secret } from '../../core/secret.ts'
import { AccessTokens } from './access-tokens.ts'
import type { Tunnel } from './tunnel.ts'

const PEPPER = 'pepper'
const TUNNEL = { id: 'tun_0123456789ab', credentialVersion: 3 } as Tunnel

function partsWith(pepper = PEPPER, startedAt?: number) {
  const clock = new ManualClock(startedAt)
  return { clock, tokens: new AccessTokens({ pepper: new Secret(pepper), clock }) }
}

test('a token tells its tunnel, version and end, for 15 minutes', async () => {
  const { clock, tokens } = partsWith()
  const { token, expiresInMs } = await tokens.issue(TUNNEL)
  expect(expiresInMs).toBe(900_000)
  const grant = { tunnelId: TUNNEL.id, credentialVersion: 3, expiresAt: clock.now() + 900_000 }
  expect(await tokens.verify(token.reveal())).toEqual(grant)
  clock.advance(899_999)
  expect(await tokens.verify(token.reveal())).toEqual(grant)
  clock.advance(1)
  expect(await tokens.verify(token.reveal())).toBeUndefined()
})

test('a token is never good for less than was said', async () => {
  const { clock, tokens } = partsWith(PEPPER, 1_767_225_600_999)
  const { token, expiresInMs } = await tokens.issue(TUNNEL)
  clock.advance(expiresInMs - 1)
  expect(await tokens.verify(token.reveal())).toBeDefined()
})

test('gateways with one pepper take each other’s tokens, others do not', async () => {
  const { token } = await partsWith().tokens.issue(TUNNEL)
  expect(await partsWith().tokens.verify(token.reveal())).toBeDefined()
  expect(await partsWith('other pepper').tokens.verify(token.reveal())).toBeUndefined()
})

test('a token holds nothing of the pepper, and no more than it has to', async () => {
  const { token } = await partsWith().tokens.issue(TUNNEL)
  expect(decodeProtectedHeader(token.reveal())).toEqual({ alg: 'HS256' })
  expect(Object.keys(decodeJwt(token.reveal())).sort()).toEqual(['aud', 'exp', 'iss', 'sub', 'version'])
  expect(String(token)).toBe('[redacted]')
})

/** What the gateway itself signs with, so that only the claim under test is wrong. */
const key = createSecretKey(Buffer.from(hkdfSync('sha256', PEPPER, '', 'punku access token 1', 32)))
const claims = { iss: 'punku', aud: 'punku-link', sub: TUNNEL.id, exp: 4_102_444_800, version: 3 }
const signed = (given: object, algorithm = 'HS256', signer = key) =>
  new SignJWT({ ...claims, ...given }).setProtectedHeader({ alg: algorithm }).sign(signer)

test('what the gateway signs is taken', async () => {
  expect(await partsWith().tokens.verify(await signed({}))).toBeDefined()
})

test.each([
  ['for another audience', { aud: 'punku-control' }],
  ['without an audience', { aud: undefined }],
  ['of another issuer', { iss: 'else' }],
  ['without an issuer', { iss: undefined }],
  ['without an end', { exp: undefined }],
  ['without a tunnel', { sub: undefined }],
  ['without a version', { version: undefined }],
  ['with a version that is no number', { version: '3' }],
  ['not valid yet', { nbf: 4_102_444_000 }],
])('a token %s is refused', async (_, given) => {
  expect(await partsWith().tokens.verify(await signed(given))).toBeUndefined()
})

test('another algorithm, none, another key and a changed text are refused', async () => {
  const { tokens } = partsWith()
  const text = await signed({})
  const [header = '', payload = '', signature = ''] = text.split('.')
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  const another = Buffer.from(JSON.stringify({ ...claims, sub: 'tun_another' })).toString('base64url')
  const wrong = [
    await signed({}, 'HS512'),
    await signed({}, 'HS256', createSecretKey(Buffer.from(PEPPER.padEnd(32)))),
    `${unsigned}.${payload}.`,
    `${unsigned}.${payload}.${signature}`,
    `${header}.${another}.${signature}`,
    `${header}.${payload}`,
    `${text}.`,
    '',
    'x',
    '..',
    'ü.ü.ü',
    `${header}.${Buffer.from('[]').toString('base64url')}.${signature}`,
    `${text}${'A'.repeat(2_000)}`,
  ]
  for (const one of wrong) expect(await tokens.verify(one), one).toBeUndefined()
})
