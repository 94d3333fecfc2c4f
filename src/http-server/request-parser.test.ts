import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrokenRequest } from './broken-request.ts'
import type { ArrivedHead } from './request-head.ts'
import { RequestParser } from './request-parser.ts'

interface Parsed {
  heads: ArrivedHead[]
  bodies: string[]
  /** Bytes that had come when each request was whole. */
  ends: number[]
  /** Where the parser stopped for good. */
  stoppedAt: number | undefined
  failure: string | undefined
}

interface Options {
  readonly headBytes?: number
  readonly headerCount?: number
  readonly isEnded?: boolean
  readonly stops?: (head: ArrivedHead) => boolean
}

/** Feeds the pieces, one request after the other. */
function parse(pieces: readonly string[], options: Options = {}): Parsed {
  const parsed: Parsed = { heads: [], bodies: [], ends: [], stoppedAt: undefined, failure: undefined }
  let isStopped = false
  let fed = 0
  const parser: RequestParser = new RequestParser(
    {
      onHead(head) {
        parsed.heads.push(head)
        parsed.bodies.push('')
        if (options.stops?.(head) !== true) return
        isStopped = true
        parser.stop()
      },
      onBody(bytes, start, end) {
        parsed.bodies[parsed.bodies.length - 1] += bytes.toString('latin1', start, end)
      },
      onEnd: () => parsed.ends.push(parsed.heads.length),
    },
    { headBytes: options.headBytes ?? 65_536, headerCount: options.headerCount ?? 100 },
  )
  try {
    for (const piece of pieces) {
      // A longer buffer than the piece, as the shared read buffer is: the parser must not look past the end.
      const buffer = Buffer.from(`JUNK${piece}\r\n\r\nGARBAGE`, 'latin1')
      const end = 4 + piece.length
      let at = 4
      while (at < end) {
        const next = parser.execute(buffer, at, end)
        if (isStopped) {
          parsed.stoppedAt = fed + next - 4
          expect(parser.execute(buffer, next, end)).toBe(next)
          return parsed
        }
        if (next < end) expect(parser.isIdle).toBe(true)
        at = next
      }
      fed += piece.length
      buffer.fill(0x5a)
    }
    if (options.isEnded) parser.finish()
  } catch (thrown) {
    if (!(thrown instanceof BrokenRequest)) throw thrown
    parsed.failure = thrown.kind
  }
  return parsed
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (field: string, body = ''): string => `POST /a HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n${body}`
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body)
const LENGTH = post('Content-Length: 11', 'hello world')
const CHUNKED = chunked('5;a="b \\" c";d\r\nhello\r\n6\r\n world\r\n00\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n')

test.each([
  ['a length', LENGTH],
  ['chunks with extensions and trailers', CHUNKED],
  ['an empty line before', `\r\n${LENGTH}`],
])('reads the same however it is cut: %s', (_name, text) => {
  const whole = parse([text])
  expect(whole).toMatchObject({ bodies: ['hello world'], ends: [1], failure: undefined })
  for (let at = 1; at < text.length; at++) expect(parse([text.slice(0, at), text.slice(at)])).toEqual(whole)
  expect(parse(text.split(''))).toEqual(whole)
})

test('reads requests that were sent ahead, and stops behind each', () => {
  const text = GET + LENGTH + CHUNKED + post('Content-Length: 0') + GET
  const whole = parse([text])
  expect(whole.bodies).toEqual(['', 'hello world', 'hello world', '', ''])
  expect(whole.ends).toEqual([1, 2, 3, 4, 5])
  for (let at = 1; at < text.length; at++) expect(parse([text.slice(0, at), text.slice(at)])).toEqual(whole)
})

describe('a head of the same bytes as the last', () => {
  test('is the same value', () => {
    const { heads } = parse([GET + GET, GET])
    expect(heads[1]).toBe(heads[0])
    expect(heads[2]).toBe(heads[0])
  })

  test('is read anew where one byte differs, wherever that is', () => {
    for (let at = 0; at < GET.length; at++) {
      const other = `${GET.slice(0, at)}${GET[at] === 'x' ? 'y' : 'x'}${GET.slice(at + 1)}`
      const { heads, failure } = parse([GET, other])
      if (failure === undefined && heads.length === 2) expect(heads[1]).not.toBe(heads[0])
      else expect(heads).toHaveLength(1)
    }
  })

  test('is read anew where a shorter or longer one begins so', () => {
    const longer = 'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n'
    expect(parse([GET, longer, GET, longer]).heads.map(({ rawHeaders }) => rawHeaders.length)).toEqual([2, 4, 2, 4])
  })

  test('is not one that was refused', () => {
    const two = 'GET / HTTP/1.1\r\nA: a\r\nB: b\r\n\r\n'
    expect(parse([GET, two], { headerCount: 1 })).toMatchObject({ ends: [1], failure: 'too_many_headers' })
  })

  test('frames its body anew', () => {
    expect(parse([LENGTH + LENGTH, CHUNKED + CHUNKED]).bodies).toEqual(Array(4).fill('hello world'))
  })

  test('is read anew when it comes in pieces, and reused after', () => {
    const { heads } = parse([GET, GET.slice(0, 5), GET.slice(5), GET])
    expect(heads[1]).not.toBe(heads[0])
    expect(heads[2]).toBe(heads[0])
  })
})

test.each([
  ['chunk without a size', '\r\nhello'],
  ['chunk size not a number', 'g\r\n'],
  ['chunk size with a sign', '+5\r\nhello\r\n'],
  ['chunk size with a prefix', '0x5\r\nhello\r\n'],
  ['chunk size with a space', '5 \r\nhello\r\n'],
  ['chunk size of 9 digits', '000000005\r\nhello\r\n'],
  ['chunk size ended by LF', '5\nhello\r\n'],
  ['chunk size ended by a lone CR', '5\rhello\r\n'],
  ['chunk longer than its size', '4\r\nhello\r\n'],
  ['chunk shorter than its size', '6\r\nhello\r\n0\r\n\r\n'],
  ['chunk ended by LF', '5\r\nhello\n0\r\n\r\n'],
  ['chunk ended by CR and more', '5\r\nhello\rx'],
  ['extension without a name', '5;\r\n'],
  ['extension with a space', '5; a\r\n'],
  ['extension without a value', '5;a=\r\n'],
  ['extension with two values', '5;a=b=c\r\n'],
  ['line end in a quoted extension', '5;a="b\r\n"\r\n'],
  ['bytes behind a quoted extension', '5;a="b"c\r\n'],
  ['control character in an extension', '5;a=\0\r\n'],
  ['LF in an extension', '5;a\n\r\n'],
  ['folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
  ['bare LF in trailers', '0\r\nA: b\n\r\n'],
  ['bare LF for trailers', '0\r\n\n\r\n\r\n'],
  ['bare CR for trailers', '0\r\n\rX'],
  ['trailer that frames the body', '0\r\nContent-Length: 5\r\n\r\n'],
])('refuses: %s', (_name, body) => {
  expect(parse([chunked(body)])).toMatchObject({ ends: [], failure: 'syntax' })
  expect(parse(chunked(body).split(''))).toMatchObject({ ends: [], failure: 'syntax' })
})

test.each([
  ['lines ended by LF', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['an empty line without CR', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  ['lines ended by CR', 'GET / HTTP/1.1\rHost: a\r\r'],
  ['an empty line with two CR', 'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n'],
  ['a bare LF before the request', `\n${GET}`],
  ['a bare CR before the request', `\r${GET}`],
  ['a bare CR and one byte more before the request', `\rG${GET}`],
  ['five empty lines before the request', `${'\r\n'.repeat(5)}${GET}`],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
])('refuses: %s', (_name, text) => {
  expect(parse([text])).toMatchObject({ heads: [], failure: 'syntax' })
  expect(parse(text.split(''))).toMatchObject({ heads: [], failure: 'syntax' })
})

test('takes four empty lines before each request', () => {
  expect(parse([`${'\r\n'.repeat(4)}${GET}`.repeat(3)]).ends).toEqual([1, 2, 3])
})

describe('what cannot become a request', () => {
  test.each([
    ["TLS's hello", '\x16'],
    ['small letters', 'g'],
    ['a method that nobody knows', 'GEX'],
    ['a longer method', 'GETS'],
    ['half a method', 'GE '],
    ['a space', ' '],
  ])('is refused at its first wrong byte: %s', (_name, text) => {
    expect(parse([text])).toMatchObject({ failure: 'syntax' })
    expect(parse(text.split(''))).toMatchObject({ failure: 'syntax' })
    if (text.length > 1) expect(parse(text.slice(0, -1).split('')).failure).toBeUndefined()
  })

  test('tells what it began with', () => {
    const parser = new RequestParser({ onHead() {}, onBody() {}, onEnd() {} }, { headBytes: 100, headerCount: 1 })
    expect(parser.firstByte).toBe(-1)
    expect(() => parser.execute(Buffer.from('\r\n\x16\x03'), 0, 4)).toThrow(BrokenRequest)
    expect(parser.firstByte).toBe(0x16)
  })
})

describe('limits', () => {
  const long = `GET / HTTP/1.1\r\nA: ${'b'.repeat(200)}\r\n\r\n`

  test.each([
    ['whole', [long]],
    ['byte by byte', long.split('')],
  ])('a head of exactly the limit is taken, and not one byte more: %s', (_name, pieces) => {
    expect(parse(pieces, { headBytes: long.length })).toMatchObject({ ends: [1], failure: undefined })
    expect(parse(pieces, { headBytes: long.length - 1 })).toMatchObject({ heads: [], failure: 'head_too_large' })
  })

  test('a head that does not end is refused at the limit', () => {
    expect(parse([long.slice(0, 101)], { headBytes: 100 }).failure).toBe('head_too_large')
  })

  test('fields are counted', () => {
    const text = `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(3)}\r\n`
    expect(parse([text], { headerCount: 3 }).failure).toBeUndefined()
    expect(parse([text], { headerCount: 2 }).failure).toBe('too_many_headers')
  })

  test('extensions and trailers', () => {
    const extended = (count: number) => chunked(`5;${'a'.repeat(count)}\r\nhello\r\n0\r\n\r\n`)
    expect(parse([extended(1_024)]).ends).toEqual([1])
    expect(parse([extended(1_025)]).failure).toBe('chunk_extensions')
    const trailed = (count: number) => chunked(`0\r\nA: ${'b'.repeat(count)}\r\n\r\n`)
    expect(parse([trailed(16_377)]).ends).toEqual([1])
    expect(parse([trailed(16_378)]).failure).toBe('head_too_large')
  })
})

test('reads nothing behind a head whose end is unclear', () => {
  const text = post('Transfer-Encoding: gzip, chunked', `5\r\nhello\r\n0\r\n\r\n${GET}`)
  expect(parse([text])).toMatchObject({ heads: [{ framing: 'unclear' }], bodies: [''], ends: [], failure: undefined })
  expect(parse(text.split(''), { isEnded: true })).toMatchObject({ bodies: [''], ends: [], failure: undefined })
})

describe('a head whose sink stops', () => {
  const offer = 'GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'
  const stops = (head: ArrivedHead) => head.offersUpgrade || head.method === 'CONNECT'

  test.each([
    ['an offer', GET, offer],
    ['an offer again', offer.replace('upgrade', 'closing'), offer],
    ['CONNECT', '', 'CONNECT a:443 HTTP/1.1\r\n\r\n'],
    ['an offer with a body', '', `${offer.slice(0, -2)}Content-Length: 5\r\n\r\n`],
    ['an offer with chunks', '', `${offer.slice(0, -2)}Transfer-Encoding: chunked\r\n\r\n`],
    ['one whose end is unclear', '', `${offer.slice(0, -2)}Transfer-Encoding: gzip\r\n\r\n`],
  ])('leaves the bytes behind it: %s', (_name, before, text) => {
    const at = before.length + text.length
    expect(parse([`${before}${text}\x81\x05hello`], { stops })).toMatchObject({ stoppedAt: at, failure: undefined })
    expect(parse(`${before}${text}\x81`.split(''), { stops })).toMatchObject({ stoppedAt: at, failure: undefined })
  })

  test('is an ordinary request where it does not', () => {
    expect(parse([offer + GET])).toMatchObject({ ends: [1, 2], failure: undefined })
  })
})

test('tells between which bytes it is', () => {
  const parser = new RequestParser({ onHead() {}, onBody() {}, onEnd() {} }, { headBytes: 1_000, headerCount: 9 })
  const states: string[] = []
  for (const byte of Buffer.from(`\r\n${post('Content-Length: 2', 'ab')}\r`, 'latin1')) {
    states.push(parser.isIdle ? 'idle' : parser.isInHead ? 'head' : 'body')
    parser.execute(Buffer.of(byte), 0, 1)
  }
  const headBytes = post('Content-Length: 2').length
  // Before each byte: the first of a head is read while it is idle.
  expect(states).toEqual([...Array(3).fill('idle'), ...Array(headBytes - 1).fill('head'), 'body', 'body', 'idle'])
  expect(parser.isIdle).toBe(true)
})

test.each([
  ['nothing', '', undefined],
  ['a request', GET, undefined],
  ['an empty line', `${GET}\r\n`, undefined],
  ['half a head', 'GET / HT', 'incomplete'],
  ['a head alone', post('Content-Length: 5'), 'incomplete'],
  ['half a body', post('Content-Length: 5', 'hell'), 'incomplete'],
  ['chunks without an end', chunked('5\r\nhello\r\n'), 'incomplete'],
  ['a last chunk without its empty line', chunked('0\r\n'), 'incomplete'],
])('tells what it means when the connection ends after %s', (_name, text, failure) => {
  expect(parse([text], { isEnded: true }).failure).toBe(failure)
})

test('never fails in any other way than it says, on any bytes, and the same however they are cut', () => {
  const soup = fc.array(
    fc.constantFrom(
      ...['GET / HTTP/1.1\r\n', 'POST / HTTP/1.0\r\n', 'A: b\r\n', '\r\n', 'Content-Length: 3\r\n', '3', '0', 'abc'],
      ...['Transfer-Encoding: chunked\r\n', '\r', '\n', ';', '\0', GET, CHUNKED],
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(soup, fc.nat(200), (parts, cut) => {
      const text = parts.join('')
      const whole = parse([text], { isEnded: true })
      expect([undefined, 'syntax', 'incomplete']).toContain(whole.failure)
      const pieces = parse([text.slice(0, cut), text.slice(cut)], { isEnded: true })
      expect({ ...pieces, failure: 0 }).toEqual({ ...whole, failure: 0 })
      // A wrong method that does not end is told at once where it came in pieces.
      expect(pieces.failure === undefined).toBe(whole.failure === undefined)
    }),
  )
})
