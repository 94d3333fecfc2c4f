import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { scanJsonObject } from './json-scan.ts'

const GUARDED = ['model', 'name', 'stream', 'options', 'keep_alive', 'tools'] as const
const MAX_DEPTH = 64

function scan(text: string | Buffer, guarded: readonly string[] = GUARDED, maxDepth = MAX_DEPTH) {
  return scanJsonObject(typeof text === 'string' ? Buffer.from(text) : text, { guarded, maxDepth })
}

function refusal(text: string | Buffer, guarded?: readonly string[], maxDepth?: number): PunkuError {
  try {
    scan(text, guarded, maxDepth)
  } catch (error) {
    if (error instanceof PunkuError) return error
    throw error
  }
  throw new Error('the scan accepted it')
}

describe('accessors', () => {
  const object = scan(' {"model" : "llama3" , "stream":false,"options":{"a":[1,{}]},"tools":[ ],"name":null} \n')

  test('give the guarded fields as they stand in the body', () => {
    expect(object.string('model')).toBe('llama3')
    expect(object.boolean('stream')).toBe(false)
    expect(object.raw('options')?.toString()).toBe('{"a":[1,{}]}')
    expect(object.raw('tools')?.toString()).toBe('[ ]')
    expect(object.raw('keep_alive')).toBeUndefined()
    expect(GUARDED.map((name) => object.has(name))).toEqual([true, true, true, true, false, true])
  })

  test('tell types apart and never convert', () => {
    expect(GUARDED.map((name) => object.typeOf(name))).toEqual([
      'string',
      'null',
      'boolean',
      'object',
      undefined,
      'array',
    ])
    expect(scan('{"model":-1.5e+3}').typeOf('model')).toBe('number')
    expect(object.string('stream')).toBeUndefined()
    expect(object.boolean('model')).toBeUndefined()
    expect(scan('{"stream":true}').boolean('stream')).toBe(true)
  })

  test('view the body without a copy', () => {
    const body = Buffer.from('{"options":{"num_ctx":4096}}')
    expect(scan(body).raw('options')?.buffer).toBe(body.buffer)
  })

  test('decode escapes, and find fields behind and inside nested ones only where they are top-level', () => {
    expect(scan('{"messages":[{"model":"inner","MODEL":1}],"model":"a\\u003ab\\n\\"\\\\é"}').string('model')).toBe(
      'a:b\n"\\é',
    )
    expect(scan('{"messages":[{"model":"inner"}]}').has('model')).toBe(false)
  })

  test('refuse a field that was not guarded: that is a mistake in the program', () => {
    expect(() => object.string('other')).toThrow(TypeError)
  })

  test('a nested object is scanned by its raw bytes, and errors name the whole path', () => {
    const options = scan('{"options":{"num_ctx":1,"NUM_CTX":2}}').raw('options') as Buffer
    expect(() => scanJsonObject(options, { guarded: ['num_ctx'], maxDepth: MAX_DEPTH, within: 'options' })).toThrow(
      expect.objectContaining({ code: 'ambiguous_request', param: 'options.num_ctx' }),
    )
  })
})

describe('ambiguous fields are refused', () => {
  test.each([
    ['twice', '{"model":"a","model":"b"}', 'model'],
    ['twice, the same', '{"model":"a","model":"a"}', 'model'],
    ['twice around a nested value', '{"options":{"model":"x"},"options":[]}', 'options'],
    ['in upper case', '{"MODEL":"a"}', 'model'],
    ['in upper case beside the field', '{"model":"a","Model":"b"}', 'model'],
    ['once plain and once escaped', '{"model":"a","mod\\u0065l":"b"}', 'model'],
    ['in upper case by an escape', '{"\\u004dodel":"a"}', 'model'],
    ['with the Kelvin sign', '{"\u212aeep_alive":1}', 'keep_alive'],
    ['with an escaped Kelvin sign', '{"\\u212Aeep_alive":1}', 'keep_alive'],
    ['with a long s', '{"\u017ftream":1}', 'stream'],
    ['with a long s at the end', '{"option\u017f":1}', 'options'],
  ])('%s', (_, text, param) => {
    expect(refusal(text)).toMatchObject({ code: 'ambiguous_request', param })
  })

  test.each([
    ['an escaped spelling, once', '{"mod\\u0065l":"a"}'],
    ['other fields twice and in any letter case', '{"model":"a","x":1,"x":2,"X":3}'],
    ['longer and shorter names', '{"model":"a","models":1,"mode":2,"modeL2":3,"":4}'],
    [
      'bytes 0x20 below a letter that are no capital',
      '{"model":"a","\\u0000ame":1,"keep?alive":1,"keep\\u007falive":1}',
    ],
    ['letters that do not fold in Go', '{"model":"a","mode\u0131":1,"m\u00f6del":2}'],
  ])('but not %s', (_, text) => {
    expect(scan(text).string('model')).toBe('a')
  })
})

describe('invalid JSON is refused', () => {
  test.each([
    ['', 'empty'],
    ['  \n', 'empty'],
    ['[]', "no '{'"],
    ['"model"', "no '{'"],
    ['null', "no '{'"],
    ['\ufeff{}', 'byte order mark'],
    ['{', 'byte 1 the body ends'],
    ['{"a"', "expected ':'"],
    ['{"a":', 'expected a value'],
    ['{"a":1', "expected ',' or '}'"],
    ['{"a":1,}', 'byte 7'],
    ['{,}', 'byte 1'],
    ['{a:1}', 'field name'],
    ["{'a':1}", 'field name'],
    ['{"a" 1}', 'byte 5'],
    ['{"a":[1,]}', 'byte 8'],
    ['{"a":[1 2]}', "',' or ']'"],
    ['{"a":[1}', "',' or ']'"],
    ['{"a":{]}', 'field name'],
    ['{} {}', 'the end of the body'],
    ['{}x', 'byte 2 there is byte 0x78'],
    ['{}\0', 'byte 0x00'],
    ['{"a":tru}', 'byte 5'],
    ['{"a":True}', 'a value'],
    ['{"a":nul', 'a value'],
    ['{"a":NaN}', 'a value'],
    ['{"a":01}', 'leading zero'],
    ['{"a":-}', 'a digit'],
    ['{"a":+1}', 'a value'],
    ['{"a":1.}', 'a digit'],
    ['{"a":.5}', 'a value'],
    ['{"a":1e}', 'a digit'],
    ['{"a":1e+}', 'a digit'],
    ['{"a":0x10}', "',' or '}'"],
    ['{"a":"\n"}', 'control character'],
    ['{"a":"\0"}', 'control character'],
    ['{"a\t":1}', 'control character'],
    [`{"a":"${'x'.repeat(5_000)}\u001f"}`, 'byte 5006'],
    ['{"a":"\\x41"}', 'an escape'],
    ['{"a":"\\u12g4"}', 'hexadecimal'],
    ['{"a":"\\u123"}', 'hexadecimal'],
    ['{"a":"\\', 'an escape'],
    ['{"a":"b', 'string that starts at byte 5'],
    ['{"a":"b\\"}', 'the body ends'],
    ['{/**/"a":1}', 'field name'],
    ['{\u00a0}', 'byte 1'],
  ])('%j', (text, what) => {
    const error = refusal(text)
    expect(error.code).toBe('invalid_json')
    expect(error.message).toContain(what)
  })

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a cut sequence', [0xe2, 0x84]],
  ])('UTF-8 with %s', (_, bytes) => {
    const error = refusal(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]))
    expect(error).toMatchObject({ code: 'invalid_json', message: expect.stringContaining('UTF-8') })
  })

  test.each([
    ['arrays', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['open arrays', `{"a":${'['.repeat(1_000_000)}`],
  ])('10,000-deep %s', (_, text) => {
    expect(refusal(text).message).toContain(`deeper than ${MAX_DEPTH} levels`)
  })

  test('one level beyond the limit, but not at it', () => {
    expect(scan('{"a":[{}]}', GUARDED, 3).has('model')).toBe(false)
    expect(refusal('{"a":[{}]}', GUARDED, 2).code).toBe('invalid_json')
    expect(scan(`{"a":${'['.repeat(9_999)}${']'.repeat(9_999)}}`, GUARDED, 10_000).has('model')).toBe(false)
  })
})

describe('agrees with JSON.parse', () => {
  test('on every field of whatever JSON.stringify writes', () => {
    const indents = fc.constantFrom<string | number | undefined>(undefined, 2, '\t')
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...GUARDED, 'a', 'é"\\'), fc.jsonValue()), indents, (value, indent) => {
        const object = scan(JSON.stringify(value, null, indent))
        const parsed = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
        for (const name of GUARDED) {
          const raw = object.raw(name)
          expect(raw === undefined ? undefined : JSON.parse(raw.toString())).toEqual(parsed[name])
          expect(object.string(name)).toBe(typeof parsed[name] === 'string' ? parsed[name] : undefined)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('on which mutated texts are JSON objects', () => {
    const snippet = fc.constantFrom(
      ...'{}[]:,"\\/ \n\t\0\u001f0123eE+-.truefalsn',
      '\\u00',
      '\\"',
      '\ufeff',
      'é',
      '""',
      '1e5',
    )
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.option(snippet, { nil: '' })), { maxLength: 3 })
    let accepted = 0
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), edits, (value, changes) => {
        let text = JSON.stringify(value)
        for (const [place, removed, added] of changes) {
          const at = place % (text.length + 1)
          text = text.slice(0, at) + added + text.slice(at + removed)
        }
        const isObject = parsesAsObject(Buffer.from(text).toString())
        if (isObject) accepted++
        expect(scans(text)).toBe(isObject)
      }),
      { numRuns: 3_000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

function parsesAsObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function scans(text: string): boolean {
  try {
    scan(text, [])
    return true
  } catch (error) {
    if (error instanceof PunkuError) return false
    throw error
  }
}

describe('a long string', () => {
  const PLAIN = Buffer.from('x \x7f!#[]~é💡')
  const STOPS: readonly (readonly [string, number[]])[] = [
    ['its end', [0x22]],
    ['an escape', [0x5c, 0x22]],
    ['a control character', [0x1f]],
    ['a line end', [0x0a]],
    ['a byte 0', [0x00]],
  ]

  test.each(STOPS)('is read up to %s, wherever that stands', (_, stop) => {
    for (let length = 120; length < 290; length++) {
      const text = Buffer.alloc(length, PLAIN)
      // Where a character of more bytes would be cut, others stand.
      const plain = Buffer.from(text.toString().replaceAll('\ufffd', 'y'))
      const body = Buffer.concat([Buffer.from('{"a":"'), plain, Buffer.from(stop), Buffer.from('z","model":"m"}')])
      const isFine = stop[0] === 0x5c
      for (let offset = 0; offset < 4; offset++) {
        const moved = Buffer.alloc(body.length + offset).subarray(offset)
        body.copy(moved)
        if (isFine) expect(scan(moved).string('model')).toBe('m')
        else expect(refusal(moved).message).toContain(`at byte ${6 + plain.length + (stop[0] === 0x22 ? 1 : 0)} `)
      }
    }
  })

  test('that does not end is refused at the end of the body', () => {
    for (let length = 120; length < 140; length++) {
      expect(refusal(`{"a":"${'x'.repeat(length)}`).message).toContain(`at byte ${6 + length} the body ends`)
    }
  })
})

describe('what a body may hold', () => {
  test('a quarter of a million field names, wherever they stand', () => {
    const names = (count: number) => `{"model":"a","x":[{${'"m":0,'.repeat(count - 3)}"m":0}]}`
    expect(scan(names(250_000)).string('model')).toBe('a')
    expect(refusal(names(250_001))).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('250000'),
    })
  })

  test('four million values', () => {
    const values = (count: number) => `{"x":[${'0,'.repeat(count - 3)}0]}`
    expect(scan(values(4_000_000)).has('model')).toBe(false)
    expect(refusal(values(4_000_001)).code).toBe('invalid_request')
  })

  test.each(['\\u006d', 'ü'])('a thousand names that have to be decoded, as %s', (name) => {
    const names = (count: number) => `{${`"${name}":0,`.repeat(count)}"model":"a"}`
    expect(scan(names(1_000)).string('model')).toBe('a')
    expect(refusal(names(1_001)).code).toBe('invalid_request')
    // Where nobody looks they cost nothing more.
    expect(scan(`{"x":${names(5_000)},"model":"b"}`).string('model')).toBe('b')
  })
})
