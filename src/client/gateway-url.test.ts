import { expect, test } from 'vitest'
import { parseGatewayUrl } from './gateway-url.ts'

const parse = (text: string, allowPlainHttp = false) => parseGatewayUrl(text, { allowPlainHttp })

test.each([
  ['https://gateway.example.org', 'https://gateway.example.org'],
  ['https://gateway.example.org:8443///', 'https://gateway.example.org:8443'],
  ['HTTPS://Gateway.Example.org/punku/', 'https://gateway.example.org/punku'],
  ['wss://gateway.example.org/', 'https://gateway.example.org'],
  ['ws://127.0.0.1:11435', 'http://127.0.0.1:11435'],
  ['http://127.8.0.1:1', 'http://127.8.0.1:1'],
  ['http://[::1]:1/', 'http://[::1]:1'],
  ['http://localhost:1', 'http://localhost:1'],
  ['http://gateway.localhost', 'http://gateway.localhost'],
  ['http://127.0.0.1:11435/ui/', 'http://127.0.0.1:11435'],
  ['https://gateway.example.org/punku/ui/keys', 'https://gateway.example.org/punku'],
  // As tools are given it.
  ['https://gateway.example.org/v1', 'https://gateway.example.org'],
  ['https://gateway.example.org/punku/api/', 'https://gateway.example.org/punku'],
  ['https://gateway.example.org/uis', 'https://gateway.example.org/uis'],
])('%s', (text, url) => expect(parse(text)).toEqual({ url, isReadable: false }))

test.each([
  'http://gateway.example.org',
  'ws://10.0.0.5:11435',
  'http://localhost.example.org',
  'http://127.example.org',
])('%s is readable on the way: only when that is allowed', (text) => {
  expect(() => parse(text)).toThrow('--allow-plain-http')
  expect(parse(text, true).isReadable).toBe(true)
})

test('what has no scheme is told both, as this machine needs no https', () => {
  expect(() => parse('127.0.0.1:11435')).toThrow(/https:\/\/.* http:\/\/127\.0\.0\.1/)
})

test.each([
  'gateway.example.org',
  '127.0.0.1:11435',
  'gateway.example.org:443',
  'ftp://gateway.example.org',
  'https://',
  'https://ana:secret@gateway.example.org',
  'https://gateway.example.org/?code=1',
  'https://gateway.example.org/#x',
  'https://gateway.example.org/?',
  '',
])('%j is refused, and not repeated', (text) => {
  expect(() => parse(text, true)).toThrow(/^The gateway's address/)
  expect(() => parse(text, true)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  expect(() => parse(text, true)).not.toThrow(/secret/)
})
