import { expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { readCredential } from './credential.ts'

const KEY = `pk_0123456789_${'s'.repeat(52)}`
const OTHER = `pk_9876543210_${'t'.repeat(52)}`

function refusal(rawHeaders: readonly string[], pathKey?: string): PunkuError {
  try {
    readCredential(rawHeaders, pathKey)
  } catch (error) {
    if (error instanceof PunkuError) return error
    throw error
  }
  throw new Error('the credential was accepted')
}

test.each<[string, string[], string?]>([
  ['a bearer token', ['Authorization', `Bearer ${KEY}`]],
  ['a scheme in small letters', ['authorization', `bearer ${KEY}`]],
  ['a scheme in capitals', ['AUTHORIZATION', `BEARER ${KEY}`]],
  ['several spaces', ['authorization', `Bearer    ${KEY}`]],
  ['an API key', ['x-api-key', KEY]],
  ['an API key in other letters', ['X-Api-Key', KEY]],
  ['the path', [], KEY],
  ['the same key in two headers', ['x-api-key', KEY, 'authorization', `Bearer ${KEY}`]],
  ['the same key everywhere', ['x-api-key', KEY, 'authorization', `Bearer ${KEY}`], KEY],
  ['other headers around it', ['host', 'x', 'content-type', 'a/b', 'x-api-key', KEY, 'x-api-kez', OTHER]],
])('a key is read from %s', (_, rawHeaders, pathKey) => {
  expect(readCredential(rawHeaders, pathKey)).toBe(KEY)
})

test.each<[string, string[]]>([
  ['there are no headers', []],
  ['no header carries one', ['host', 'x', 'cookie', KEY, 'proxy-authorization', `Bearer ${KEY}`]],
])('a key is missing when %s', (_, rawHeaders) => {
  expect(refusal(rawHeaders).code).toBe('key_missing')
})

test.each<[string, string[], string?]>([
  ['an empty Authorization', ['authorization', '']],
  ['a scheme alone', ['authorization', 'Bearer']],
  ['a scheme and a space', ['authorization', 'Bearer ']],
  ['an empty API key', ['x-api-key', '']],
  ['an empty key in the path', [], ''],
  ['another scheme', ['authorization', `Basic ${KEY}`]],
  ['a scheme that only begins like Bearer', ['authorization', `BearerToken ${KEY}`]],
  ['a tab after the scheme', ['authorization', `Bearer\t${KEY}`]],
  ['no scheme', ['authorization', KEY]],
  ['two tokens', ['authorization', `Bearer ${KEY} ${KEY}`]],
  ['a list', ['authorization', `Bearer ${KEY},Bearer ${KEY}`]],
  ['a list of API keys', ['x-api-key', `${KEY},${KEY}`]],
  ['two Authorization headers', ['authorization', `Bearer ${KEY}`, 'Authorization', `Bearer ${KEY}`]],
  ['two API keys', ['x-api-key', KEY, 'X-API-Key', KEY]],
  ['a letter beyond ASCII', ['authorization', `Bearer ${KEY}é`]],
  ['a control character', ['x-api-key', `${KEY}\x7f`]],
  ['a broken header beside a good one', ['x-api-key', KEY, 'authorization', 'Basic abc']],
])('%s is malformed', (_, rawHeaders, pathKey) => {
  const error = refusal(rawHeaders, pathKey)
  expect(error.code).toBe('key_malformed')
  expect(error.message).toMatch(/Bearer/)
})

test('a signature by Ollama’s client is answered with the way to use a key', () => {
  const error = refusal(['authorization', 'AAAAC3NzaC1lZDI1NTE5AAAA:c2lnbmF0dXJl'])
  expect(error.code).toBe('key_malformed')
  expect(error.message).toMatch(/Ollama/)
})

test.each<[string, string[], string?]>([
  ['two headers', ['authorization', `Bearer ${KEY}`, 'x-api-key', OTHER]],
  ['a header and the path', ['authorization', `Bearer ${KEY}`], OTHER],
  ['the other header and the path', ['x-api-key', KEY], OTHER],
  ['two headers, one of them as the path', ['authorization', `Bearer ${KEY}`, 'x-api-key', OTHER], KEY],
])('different keys in %s conflict', (_, rawHeaders, pathKey) => {
  expect(refusal(rawHeaders, pathKey).code).toBe('conflicting_credentials')
})

test('no refusal shows anything of what was sent', () => {
  const secret = 'Zq7'.repeat(20)
  const refusals = [
    refusal(['authorization', secret]),
    refusal(['authorization', `${secret} ${secret}`]),
    refusal(['authorization', `Bearer ${secret},`]),
    refusal(['x-api-key', `${secret}é`]),
    refusal(['x-api-key', secret, 'x-api-key', secret]),
    refusal(['x-api-key', secret, 'authorization', `Bearer ${secret}2`]),
    refusal([], `${secret} `),
  ]
  for (const error of refusals) {
    const { message, detail, cause } = error
    expect(JSON.stringify({ message, detail, cause })).not.toContain('Zq7')
  }
})
