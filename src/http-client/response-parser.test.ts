import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldMap, ReceivedHead } from './response-head.ts'
import { ResponseParser } from './response-parser.ts'

interface Parsed {
  heads: ReceivedHead[]
  body: string
  ends: { trailers: FieldMap; isClean: boolean }[]
  failure: string | undefined
}

/** Feeds the pieces, then the end of the connection when `isEnded`. */
function parse(pieces: readonly string[], options: { isHead?: boolean; isEnded?: boolean; max?: number } = {}): Parsed {
  const parsed: Parsed = { heads: [], body: '', ends: [], failure: undefined }
  const parser = new ResponseParser(
    {
      onHead: (head) => parsed.heads.push(head),
      onBody: (bytes, start, end) => {
        parsed.body += bytes.toString('latin1', start, end)
      },
      onEnd: (trailers, isClean) => parsed.ends.push({ trailers: { ...trailers }, isClean }),
    },
    options.max ?? 65_536,
  )
  parser.begin(options.isHead ?? false)
  try {
    for (const piece of pieces) {
      if (piece === '') continue
      // A longer buffer than the piece, as the shared read buffer is: the parser must not look past the length.
      const buffer = Buffer.from(`${piece}\r\n\r\nGARBAGE`, 'latin1')
      parser.execute(buffer, piece.length)
      buffer.fill(0x5a)
    }
    if (options.isEnded) parser.finish()
  } catch (thrown) {
    parsed.failure = (thrown as { code: string }).code
  }
  return parsed
}

const WHOLE = {
  'content-length': 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world',
  'chunked with extensions and trailers':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '5;a="b c"\r\nhello\r\n6\r\n world\r\n00\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n',
  'interim responses before':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
    'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world',
  'no reason, odd spaces': 'HTTP/1.0 200\r\nA:\r\nB: \t x y\t \r\nContent-Length:11\r\n\r\nhello world',
}

test.each(Object.entries(WHOLE))('reads the same however it is cut: %s', (_name, text) => {
  const whole = parse([text])
  expect(whole.body).toBe('hello world')
  expect(whole.ends).toHaveLength(1)
  expect(whole.failure).toBeUndefined()
  for (let at = 1; at < text.length; at++) {
    expect(parse([text.slice(0, at), text.slice(at)])).toEqual(whole)
  }
  expect(parse(text.split(''))).toEqual(whole)
})

test('reads a body that ends with the connection, however it is cut', () => {
  const text = 'HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello world'
  const whole = parse([text], { isEnded: true })
  expect(whole).toMatchObject({ body: 'hello world', ends: [{ isClean: true }], failure: undefined })
  for (let at = 1; at < text.length; at++) {
    expect(parse([text.slice(0, at), text.slice(at)], { isEnded: true })).toEqual(whole)
  }
  expect(parse([text]).ends).toEqual([])
})

test('gives names in lower case, values without their edges, and lists for repeated names', () => {
  const { heads } = parse([
    'HTTP/1.1 201 Well Done\r\nX-A:  one \r\nx-a: two\r\nX-A: three\r\n__proto__: p\r\nconstructor: c\r\n' +
      'Content-Length: 0\r\n\r\n',
  ])
  const [head] = heads
  expect(head).toMatchObject({ statusCode: 201, statusMessage: 'Well Done', framing: 'length', bodyLength: 0 })
  expect(Object.entries(head?.headers ?? {})).toEqual([
    ['x-a', ['one', 'two', 'three']],
    ['__proto__', 'p'],
    ['constructor', 'c'],
    ['content-length', '0'],
  ])
})

test('gives trailers', () => {
  const { ends } = parse([WHOLE['chunked with extensions and trailers']])
  expect(ends).toEqual([{ trailers: { 'x-sum': ['1', '2'] }, isClean: true }])
})

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', true],
  ['HEAD, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', true],
  ['HEAD, no length', 'HTTP/1.1 200 OK\r\n\r\n', true],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', false],
  ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', false],
  ['length 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', false],
])('has no body: %s', (_name, text, isHead) => {
  expect(parse([text], { isHead })).toMatchObject({ body: '', ends: [{ isClean: true }], failure: undefined })
  expect(parse([`${text}hello`], { isHead })).toMatchObject({ body: '', ends: [{ isClean: false }] })
})

test.each(Object.values(WHOLE))('says so when bytes follow the response', (text) => {
  expect(parse([`${text}H`])).toMatchObject({ body: 'hello world', ends: [{ isClean: false }] })
  // Bytes in a later read belong to no response at all.
  expect(parse([text, 'H'])).toMatchObject({ ends: [{ isClean: true }], failure: 'invalid' })
})

const head = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const chunked = (body: string): string => head('Transfer-Encoding: chunked') + body

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
  ['HTTP/0.9', '<html>'],
  ['letter case of the protocol', 'http/1.1 200 OK\r\n\r\n'],
  ['a line before the status line', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['status of 2 digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['status of 4 digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
  ['status above 599', 'HTTP/1.1 600 OK\r\n\r\n'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['control character in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['folded line', head('A: b', ' c')],
  ['folded line with a tab', head('A: b', '\tc')],
  ['space before the colon', head('A : b')],
  ['no colon', head('A')],
  ['empty name', head(': b')],
  ['name that is no token', head('A(b): c')],
  ['name beyond ASCII', head('\xe4: c')],
  ['NUL in a value', head('A: b\0c')],
  ['bare CR in a value', head('A: b\rc')],
  ['bare CR at the end of a value', head('A: b\r')],
  ['bare LF in a value', head('A: b\nc: d')],
  ['DEL in a value', head('A: b\x7fc')],
  ['lines ended by LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['an empty line without CR', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n'],
  ['both lengths', head('Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['both lengths, the other way', head('Transfer-Encoding: chunked', 'Content-Length: 5')],
  ['two differing lengths', head('Content-Length: 5', 'Content-Length: 6')],
  ['two equal lengths', head('Content-Length: 5', 'Content-Length: 5')],
  ['a list of lengths', head('Content-Length: 5, 5')],
  ['signed length', head('Content-Length: +5')],
  ['negative length', head('Content-Length: -5')],
  ['hexadecimal length', head('Content-Length: 0x5')],
  ['empty length', head('Content-Length:')],
  ['unsafe length', head('Content-Length: 9007199254740992')],
  ['endless length', head(`Content-Length: ${'9'.repeat(400)}`)],
  ['another coding', head('Transfer-Encoding: gzip')],
  ['coding before chunked', head('Transfer-Encoding: gzip, chunked')],
  ['chunked twice', head('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['chunked misspelt', head('Transfer-Encoding: xchunked')],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['chunk without a size', chunked('\r\nhello')],
  ['chunk size not a number', chunked('g\r\n')],
  ['chunk size with a sign', chunked('+5\r\nhello\r\n')],
  ['chunk size with a prefix', chunked('0x5\r\nhello\r\n')],
  ['chunk size with a space', chunked('5 \r\nhello\r\n')],
  ['chunk size of 9 digits', chunked('000000005\r\nhello\r\n')],
  ['chunk size ended by LF', chunked('5\nhello\r\n')],
  ['chunk size ended by a lone CR', chunked('5\rhello\r\n')],
  ['chunk longer than its size', chunked('4\r\nhello\r\n')],
  ['chunk shorter than its size', chunked('6\r\nhello\r\n0\r\n\r\n')],
  ['chunk ended by LF', chunked('5\r\nhello\n0\r\n\r\n')],
  ['chunk ended by CR and more', chunked('5\r\nhello\rx')],
  ['control character in an extension', chunked('5;a=\0\r\n')],
  ['LF in an extension', chunked('5;a\n\r\n')],
  ['endless extension', chunked(`5;${'a'.repeat(1_025)}`)],
  ['folded trailer', chunked('0\r\nA: b\r\n c\r\n\r\n')],
  ['bare LF in trailers', chunked('0\r\nA: b\n\r\n')],
  ['endless trailers', chunked(`0\r\nA: ${'b'.repeat(16_384)}`)],
  ['endless interim responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
])('refuses: %s', (_name, text) => {
  expect(parse([text])).toMatchObject({ ends: [], failure: 'invalid' })
  expect(parse(text.split(''))).toMatchObject({ ends: [], failure: 'invalid' })
})

test.each([
  ['head', head(`A: ${'b'.repeat(200)}`)],
  ['interim head', `HTTP/1.1 100 Continue\r\nA: ${'b'.repeat(200)}\r\n\r\n`],
])('takes a %s of exactly the limit, and not one byte more', (_name, text) => {
  expect(parse([text], { max: text.length }).failure).toBeUndefined()
  expect(parse([text], { max: text.length - 1 }).failure).toBe('invalid')
  expect(parse(text.split(''), { max: text.length }).failure).toBeUndefined()
  expect(parse(text.split(''), { max: text.length - 1 }).failure).toBe('invalid')
})

test('takes limits of one less than what is refused', () => {
  expect(parse([chunked(`5;${'a'.repeat(1_024)}\r\nhello\r\n0\r\n\r\n`)]).ends).toHaveLength(1)
  expect(parse([chunked('00000005\r\nhello\r\n0\r\n\r\n')]).body).toBe('hello')
  expect(parse([`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)}${head('Content-Length: 0')}`]).ends).toHaveLength(1)
})

test.each([
  ['nothing', '', 'reset'],
  ['half a head', 'HTTP/1.1 200 OK\r\nA: b', 'reset'],
  ['an interim response', 'HTTP/1.1 100 Continue\r\n\r\n', 'reset'],
  ['half a body', `${head('Content-Length: 5')}hell`, 'interrupted'],
  ['a head alone', head('Content-Length: 5'), 'interrupted'],
  ['chunks without an end', chunked('5\r\nhello\r\n'), 'interrupted'],
  ['a last chunk without its empty line', chunked('0\r\n'), 'interrupted'],
])('tells what it means when the connection ends after %s', (_name, text, failure) => {
  expect(parse([text], { isEnded: true })).toMatchObject({ ends: [], failure })
})

test.each([
  ['HTTP/1.1 200 OK\r\n', undefined],
  ['HTTP/1.1 200 OK\r\nConnection: close\r\n', 0],
  ['HTTP/1.1 200 OK\r\nConnection: Keep-Alive, CLOSE\r\n', 0],
  ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=100\r\n', 5_000],
  ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: max=100,timeout=7\r\n', 7_000],
  ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3\r\n', 3_000],
  ['HTTP/1.0 200 OK\r\n', 0],
  ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n', undefined],
])('reads how long the connection may stay: %j', (text, keepAliveMs) => {
  expect(parse([`${text}Content-Length: 0\r\n\r\n`]).heads[0]?.keepAliveMs).toBe(keepAliveMs)
})

test('never fails in any other way than it says, on any bytes', () => {
  const soup = fc.array(
    fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'A: b\r\n',
      '\r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '3',
      '0',
      'abc',
      '\r',
      '\n',
      ';',
      '\0',
      'HTTP/1.1 100 C\r\n\r\n',
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(soup, fc.nat(200), (parts, cut) => {
      const text = parts.join('')
      const whole = parse([text], { isEnded: true })
      expect([undefined, 'invalid', 'reset', 'interrupted']).toContain(whole.failure)
      const { failure, body } = parse([text.slice(0, cut), text.slice(cut)], { isEnded: true })
      // What follows a whole response is told as unclean in one read, and as invalid in the next.
      if (whole.ends.length === 0) expect({ failure, body }).toEqual({ failure: whole.failure, body: whole.body })
    }),
  )
})
