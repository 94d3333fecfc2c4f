import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRequestHead,
  decodeResponseHead,
  encodeRequestHead,
  encodeResponseHead,
  type RequestHead,
  type ResponseHead,
  UNCROSSED_REQUEST_FIELDS,
  UNCROSSED_RESPONSE_FIELDS,
} from './head.ts'
import { MAX_FIELDS, MAX_HEAD_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

const TOKEN_SYMBOLS = "!#$%&'*+-.^_`|~0123456789"
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()

/** Every byte as a character of ISO 8859-1. */
const CHARACTERS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
const VISIBLE = CHARACTERS.slice(0x21, 0x7f).join('')

/** Bytes of a head that the encoder may refuse to make. */
function raw(...parts: readonly (string | number | readonly string[])[]): Buffer {
  const number = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const text = (value: string) => Buffer.concat([number(value.length), Buffer.from(value, 'latin1')])
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return number(part)
      if (typeof part === 'string') return text(part)
      return Buffer.concat([number(part.length / 2), ...part.map(text)])
    }),
  )
}

function isRefused(decode: () => unknown): boolean {
  try {
    decode()
    return false
  } catch (error) {
    if (error instanceof ProtocolError) return true
    throw error
  }
}

/** Both directions must agree on what a head is: what is not decoded is not encoded. */
function expectRequest(head: RequestHead, isGood: boolean): void {
  expect(
    isRefused(() => decodeRequestHead(raw(head.method, head.target, head.fields))),
    JSON.stringify(head),
  ).toBe(!isGood)
  if (isGood) expect(decodeRequestHead(encodeRequestHead(head))).toEqual(head)
  else expect(() => encodeRequestHead(head), JSON.stringify(head)).toThrow(TypeError)
}

function expectResponse(head: ResponseHead, isGood: boolean): void {
  expect(
    isRefused(() => decodeResponseHead(raw(head.status, head.fields))),
    JSON.stringify(head),
  ).toBe(!isGood)
  if (isGood) expect(decodeResponseHead(encodeResponseHead(head))).toEqual(head)
  else expect(() => encodeResponseHead(head), JSON.stringify(head)).toThrow(TypeError)
}

const good: RequestHead = { method: 'POST', target: '/api/chat', fields: ['accept', '*/*'] }

describe('what a head may hold, every byte tried in every place', () => {
  test('method', () => {
    for (const character of CHARACTERS) {
      const isGood = (TOKEN_SYMBOLS + UPPER).includes(character)
      for (const method of [character, `GE${character}T`, `GET${character}`]) {
        expectRequest({ ...good, method }, isGood)
      }
    }
    expectRequest({ ...good, method: '' }, false)
  })

  test('target', () => {
    for (const character of CHARACTERS) {
      const isGood = VISIBLE.includes(character) && character !== '#'
      for (const target of [`/${character}`, `/a${character}b`, `/a?b=${character}`]) {
        expectRequest({ ...good, target }, isGood)
      }
    }
    for (const target of ['', '*', 'api/chat', 'http://127.0.0.1/', '@127.0.0.1/', '?a', ' /']) {
      expectRequest({ ...good, target }, false)
    }
  })

  test('names of fields', () => {
    for (const character of CHARACTERS) {
      const isGood = (TOKEN_SYMBOLS + LOWER).includes(character)
      for (const name of [character, `x-${character}y`, `x-y${character}`]) {
        expectRequest({ ...good, fields: [name, 'value'] }, isGood)
        expectResponse({ status: 200, fields: [name, 'value'] }, isGood)
      }
    }
    expectRequest({ ...good, fields: ['', 'value'] }, false)
  })

  test('values of fields', () => {
    for (const character of CHARACTERS) {
      const isGood = character === '\t' || character === ' ' || VISIBLE.includes(character) || character >= '\x80'
      for (const value of [character, `a${character}b`, `a${character}`]) {
        expectRequest({ ...good, fields: ['x-name', value] }, isGood)
        expectResponse({ status: 200, fields: ['x-name', value] }, isGood)
      }
    }
    expectRequest({ ...good, fields: ['x-name', ''] }, true)
  })

  test('nothing beyond ISO 8859-1 is encoded', () => {
    for (const character of ['\u0100', '\u010d', '\u020a', '€', '😀']) {
      for (const head of [
        { ...good, method: `GET${character}` },
        { ...good, target: `/${character}` },
        { ...good, fields: [character, ''] },
        { ...good, fields: ['x', character] },
      ]) {
        expect(() => encodeRequestHead(head)).toThrow(TypeError)
      }
      expect(() => encodeResponseHead({ status: 200, fields: ['x', character] })).toThrow(TypeError)
    }
  })

  test('status', () => {
    for (const status of [0, 99, 100, 101, 199, 600, 999, 65_535]) expectResponse({ status, fields: [] }, false)
    for (const status of [200, 299, 404, 599]) expectResponse({ status, fields: [] }, true)
    for (const status of [200.5, Number.NaN, -200, 65_736]) {
      expect(() => encodeResponseHead({ status, fields: [] })).toThrow(TypeError)
    }
  })
})

describe('fields that do not cross', () => {
  test.each([...UNCROSSED_RESPONSE_FIELDS])('%s, in either direction', (name) => {
    expectRequest({ ...good, fields: [name, 'close'] }, false)
    expectResponse({ status: 200, fields: ['date', 'x', name, 'close'] }, false)
  })

  const fromGateway = [...UNCROSSED_REQUEST_FIELDS].filter((name) => !UNCROSSED_RESPONSE_FIELDS.has(name))

  test.each(fromGateway)('%s, from the gateway only', (name) => {
    expectRequest({ ...good, fields: [name, 'x'] }, false)
    expectResponse({ status: 200, fields: [name, 'x'] }, true)
  })
})

describe('content-length', () => {
  test.each([
    [['0'], true],
    [['10'], true],
    [['999999999999999'], true],
    [['1000000000000000'], false],
    [[''], false],
    [['-1'], false],
    [['+1'], false],
    [['1 '], false],
    [['0x10'], false],
    [['1, 1'], false],
    [['1e3'], false],
    [['\xb2'], false],
    [['10', '10'], false],
    [['10', '11'], false],
  ] as const)('%j', (values, isGood) => {
    const fields = values.flatMap((value) => ['content-length', value])
    expectRequest({ ...good, fields }, isGood)
    expectResponse({ status: 200, fields: [...fields, 'x-last', ''] }, isGood)
  })
})

describe('limits', () => {
  test(`a head has at most ${MAX_FIELDS} fields`, () => {
    const fields = Array.from({ length: MAX_FIELDS }, () => ['a', '']).flat()
    expectRequest({ ...good, fields }, true)
    expectRequest({ ...good, fields: [...fields, 'a', ''] }, false)
    expectResponse({ status: 200, fields }, true)
    expectResponse({ status: 200, fields: [...fields, 'a', ''] }, false)
  })

  test(`a head has at most ${MAX_HEAD_BYTES} bytes`, () => {
    // All but the last value: POST, /api/chat and their lengths, a count, a name and two lengths.
    const size = MAX_HEAD_BYTES - (2 + 4 + 2 + 9 + 2 + 2 + 1 + 2)
    const sized = (length: number): RequestHead => ({ ...good, fields: ['a', 'v'.repeat(length)] })
    expect(encodeRequestHead(sized(size))).toHaveLength(MAX_HEAD_BYTES)
    expectRequest(sized(size), true)
    expectRequest(sized(size + 1), false)
    const answered = MAX_HEAD_BYTES - (2 + 2 + 2 + 1 + 2)
    expectResponse({ status: 200, fields: ['a', 'v'.repeat(answered)] }, true)
    expectResponse({ status: 200, fields: ['a', 'v'.repeat(answered + 1)] }, false)
  })

  test('a text that is too long for its length is not encoded as another', () => {
    expect(() => encodeRequestHead({ ...good, target: `/${'a'.repeat(65_540)}` })).toThrow(TypeError)
    expect(() => encodeRequestHead({ ...good, method: 'A'.repeat(65_537) })).toThrow(TypeError)
  })

  test('a field without a value is not encoded', () => {
    expect(() => encodeRequestHead({ ...good, fields: ['accept'] })).toThrow(TypeError)
    expect(() => encodeResponseHead({ status: 200, fields: ['date', 'x', 'date'] })).toThrow(TypeError)
  })
})

describe('any bytes', () => {
  const fields = fc
    .array(fc.tuple(fc.stringMatching(/^x-[a-z0-9]{0,8}$/), fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/)), {
      maxLength: 8,
    })
    .map((pairs) => pairs.flat())
  const request = fc.record({
    method: fc.stringMatching(/^[A-Z]{1,8}$/),
    target: fc.stringMatching(/^\/[\x24-\x7e]{0,40}$/),
    fields,
  })
  const response = fc.record({ status: fc.integer({ min: 200, max: 599 }), fields })

  test('a head comes out as it was put in, and no part of one, nor more than one, is a head', () => {
    fc.assert(
      fc.property(request, response, (asked, answered) => {
        expectRequest(asked, true)
        expectResponse(answered, true)
        for (const [bytes, decode] of [
          [encodeRequestHead(asked), decodeRequestHead],
          [encodeResponseHead(answered), decodeResponseHead],
        ] as const) {
          for (let length = 0; length < bytes.length; length++) {
            expect(isRefused(() => decode(bytes.subarray(0, length)))).toBe(true)
          }
          expect(isRefused(() => decode(Buffer.concat([bytes, Buffer.alloc(1)])))).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('whatever is decoded is encoded to the same bytes, and nothing but a ProtocolError is thrown', () => {
    const mutated = fc
      .tuple(fc.oneof(request.map(encodeRequestHead), response.map(encodeResponseHead)), fc.nat(), fc.nat(255))
      .map(([bytes, at, value]) => {
        const changed = Buffer.from(bytes)
        changed[at % changed.length] = value
        return changed
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const head = Buffer.from(bytes)
        if (!isRefused(() => decodeRequestHead(head))) {
          expect(encodeRequestHead(decodeRequestHead(head)).equals(head)).toBe(true)
        }
        if (!isRefused(() => decodeResponseHead(head))) {
          expect(encodeResponseHead(decodeResponseHead(head)).equals(head)).toBe(true)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
