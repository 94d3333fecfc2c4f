import { describe, expect, test } from 'vitest'
import { BrokenRequest } from './broken-request.ts'
import { checkTrailers, parseRequestHead } from './request-head.ts'

const head = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join('')
const parse = (...lines: string[]) => parseRequestHead(head('POST /a HTTP/1.1', ...lines))

test('gives the request line and the fields as they came', () => {
  const read = parseRequestHead(head('GET /a?b=%20#c HTTP/1.0', 'Host: a', 'X-A: \t one  two\t ', 'x-a:', 'X-B: \xe9'))
  expect(read).toMatchObject({ method: 'GET', target: '/a?b=%20#c', version: '1.0', framing: 'none', bodyLength: 0 })
  expect(read.rawHeaders).toEqual(['Host', 'a', 'X-A', 'one  two', 'x-a', '', 'X-B', '\xe9'])
  expect(read.headers.all('x-a')).toEqual(['one  two', ''])
})

test.each([
  ['GET', '/'],
  ['M-SEARCH', '/'],
  ['OPTIONS', '*'],
  ['CONNECT', 'a:443'],
  ['CONNECT', '[::1]:443'],
  ['GET', 'http://a'],
  ['GET', 'http://u:p@a:80/b?c'],
  ['GET', '//a/\\"<>^`{|}'],
])('takes the target of %s %s', (method, target) => {
  expect(parseRequestHead(head(`${method} ${target} HTTP/1.1`))).toMatchObject({ method, target })
})

test.each([
  'get / HTTP/1.1',
  'FOO / HTTP/1.1',
  'GETX / HTTP/1.1',
  ' GET / HTTP/1.1',
  'GET  / HTTP/1.1',
  'GET /  HTTP/1.1',
  'GET / HTTP/1.1 ',
  'GET\t/ HTTP/1.1',
  'GET / HTTP/1.2',
  'GET / HTTP/0.9',
  'GET / HTTP/2.0',
  'GET / HTTP/1.10',
  'GET / http/1.1',
  'GET / ICE/1.0',
  'GET /',
  'GET',
  '',
  'GET  HTTP/1.1',
  'GET a HTTP/1.1',
  'GET ?a HTTP/1.1',
  'GET *a HTTP/1.1',
  'GET \\a HTTP/1.1',
  'GET http:// HTTP/1.1',
  'GET http://a@b@c HTTP/1.1',
  'GET a1://b HTTP/1.1',
  'CONNECT / HTTP/1.1',
  'CONNECT a:1/b HTTP/1.1',
  'GET /a b HTTP/1.1',
  'GET /\x7f HTTP/1.1',
  'GET /\xe9 HTTP/1.1',
  'GET /\0 HTTP/1.1',
  'GET / HTTP/1.1\r',
  'GET / HTTP/1.1\n',
])('refuses the request line %j', (line) => {
  expect(() => parseRequestHead(head(line))).toThrow(BrokenRequest)
})

test.each([
  ['folded line', 'A: b', ' c'],
  ['folded line with a tab', 'A: b', '\tc'],
  ['space before the first field', ' A: b'],
  ['space before the colon', 'A : b'],
  ['no colon', 'A'],
  ['empty name', ': b'],
  ['name that is no token', 'A(b): c'],
  ['name beyond ASCII', '\xe4: c'],
  ['NUL in a name', 'A\0: c'],
  ['NUL in a value', 'A: b\0c'],
  ['bare CR in a value', 'A: b\rc'],
  ['bare CR at the end of a value', 'A: b\r'],
  ['bare LF in a value', 'A: b\nc: d'],
  ['DEL in a value', 'A: b\x7fc'],
  ['both lengths', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['both lengths, the other way', 'Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['a length beside a coding that is not read', 'Transfer-Encoding: gzip', 'Content-Length: 5'],
  ['two differing lengths', 'Content-Length: 5', 'Content-Length: 6'],
  ['two equal lengths', 'Content-Length: 5', 'content-length: 5'],
  ['a list of lengths', 'Content-Length: 5, 5'],
  ['signed length', 'Content-Length: +5'],
  ['negative length', 'Content-Length: -5'],
  ['hexadecimal length', 'Content-Length: 0x5'],
  ['length with a space', 'Content-Length: 5 5'],
  ['empty length', 'Content-Length:'],
  ['unsafe length', 'Content-Length: 9007199254740992'],
  ['endless length', `Content-Length: ${'0'.repeat(17)}5`],
  ['no coding', 'Transfer-Encoding:'],
  ['chunked twice', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['chunked twice in one line', 'Transfer-Encoding: chunked, chunked'],
  ['a coding over the chunks', 'Transfer-Encoding: chunked, gzip'],
  ['an empty coding over the chunks', 'Transfer-Encoding: chunked,'],
  ['a tab before the coding', 'Transfer-Encoding:\tchunked'],
  ['a tab behind the coding', 'Transfer-Encoding: chunked \t'],
])('refuses: %s', (_name, ...lines) => {
  expect(() => parse(...lines)).toThrow(BrokenRequest)
})

describe('how the body ends', () => {
  test.each([
    ['none', 0, []],
    ['length', 5, ['Content-Length: 5']],
    ['length', 5, ['content-length:005 \t']],
    ['length', 0, ['Content-Length: 0']],
    ['length', Number.MAX_SAFE_INTEGER, ['Content-Length: 9007199254740991']],
    ['chunked', 0, ['Transfer-Encoding: chunked']],
    ['chunked', 0, ['transfer-encoding:  CHUNKED ', 'X-Tab: a\tb']],
    ['unclear', 0, ['Transfer-Encoding: identity']],
    ['unclear', 0, ['Transfer-Encoding: xchunked']],
    ['unclear', 0, ['Transfer-Encoding: "chunked"']],
    ['unclear', 0, ['Transfer-Encoding: gzip, chunked']],
    ['unclear', 0, ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked']],
    ['unclear', 0, ['Transfer-Encoding: ,chunked']],
  ])('%s, %d: %j', (framing, bodyLength, lines) => {
    expect(parse(...lines)).toMatchObject({ framing, bodyLength })
  })

  test('a coding in HTTP/1.0 is unclear', () => {
    expect(parseRequestHead(head('POST / HTTP/1.0', 'Transfer-Encoding: chunked')).framing).toBe('unclear')
  })
})

test.each([
  ['1.1', [], true],
  ['1.1', ['Connection: close'], false],
  ['1.1', ['Connection: Keep-Alive \t,\tCLOSE'], false],
  ['1.1', ['Connection: keep-alive', 'Connection: close'], false],
  ['1.1', ['Connection: closed'], true],
  ['1.1', ['Connection: x close'], true],
  ['1.0', [], false],
  ['1.0', ['Connection: keep-alive'], true],
  ['1.0', ['Connection: close, keep-alive'], false],
])('HTTP/%s with %j stays open: %s', (version, lines, staysOpen) => {
  expect(parseRequestHead(head(`GET / HTTP/${version}`, ...lines)).staysOpen).toBe(staysOpen)
})

test.each([
  [true, ['Upgrade: websocket', 'Connection: Upgrade']],
  [true, ['Connection: keep-alive', 'Connection: x, upgrade', 'Upgrade: h2c']],
  [false, ['Upgrade: websocket']],
  [false, ['Connection: upgrade']],
  [false, ['Upgrade: websocket', 'Connection: upgraded']],
])('offers another protocol: %s, with %j', (offersUpgrade, lines) => {
  expect(parse(...lines).offersUpgrade).toBe(offersUpgrade)
})

test('refuses trailers that decide how a request is read, and takes others', () => {
  for (const name of ['Content-Length', 'transfer-encoding', 'Connection', 'Upgrade', 'Host']) {
    expect(() => checkTrailers(`X: a\r\n${name}: 5\r\n`)).toThrow(BrokenRequest)
  }
  expect(() => checkTrailers(' X: a\r\n')).toThrow(BrokenRequest)
  checkTrailers('X: a\r\nX-Sum: 1\r\n')
})
