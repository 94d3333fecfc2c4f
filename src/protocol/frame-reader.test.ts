import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameRecorder, type ReadFrame, rawFrame, readFrames, writeFrame } from '../../test/support/protocol-frames.ts'
import { FRAME, GO_AWAY, ORIGIN, RESET, type ResetOrigin } from './codes.ts'
import { MessageReader } from './frame-reader.ts'
import { MAX_CREDIT_BYTES, MAX_MESSAGE_BYTES, MAX_TEXT_BYTES, MAX_TOKEN_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

const NONE = Buffer.alloc(0)
const LINK_KINDS = [FRAME.hello, FRAME.ack, FRAME.ping, FRAME.pong, FRAME.goAway, FRAME.token]
const STREAM_KINDS = [FRAME.open, FRAME.head, FRAME.data, FRAME.credit, FRAME.reset]

/** Any frame that may be sent, with texts as they come out again. */
const anyFrame: fc.Arbitrary<ReadFrame> = (() => {
  const streamId = fc.integer({ min: 1, max: 0xffff_ffff })
  const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
  const eight = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes))
  const text = fc.string({ maxLength: 40 }).map((any) => any.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' '))
  const isEnd = fc.boolean()
  const names = <Name extends string>(table: Readonly<Record<Name, number>>) =>
    fc.constantFrom(...(Object.keys(table) as Name[]))
  return fc.oneof(
    fc.record({ is: fc.constant('hello' as const), payload }),
    fc.record({ is: fc.constant('ack' as const), count: fc.maxSafeNat() }),
    fc.record({ is: fc.constantFrom('ping' as const, 'pong' as const), content: eight }),
    fc.record({ is: fc.constant('goAway' as const), code: names(GO_AWAY), text }),
    fc.record({ is: fc.constant('token' as const), token: fc.stringMatching(/^[\x21-\x7e]{1,40}$/) }),
    fc.record({ is: fc.constant('open' as const), streamId, streamKind: fc.nat(255), head: payload, isEnd }),
    fc.record({ is: fc.constant('head' as const), streamId, head: payload, isEnd }),
    fc.record({ is: fc.constant('data' as const), streamId, data: payload, isEnd }),
    fc.record({ is: fc.constant('credit' as const), streamId, bytes: fc.nat(MAX_CREDIT_BYTES) }),
    fc.record({
      is: fc.constant('reset' as const),
      streamId,
      reset: fc.record({ code: names(RESET), origin: names(ORIGIN), text }),
    }),
    fc.record({ is: fc.constant('unknown' as const), streamId: fc.nat(0xffff_ffff) }),
  )
})()

function refusal(message: Buffer): ProtocolError {
  try {
    readFrames(message)
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
  throw new Error('the message was read')
}

describe('any frames', () => {
  test('come out of a message as they were put into it', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), (frames) => {
        expect(readFrames(Buffer.concat(frames.map(writeFrame)))).toEqual(frames)
      }),
      { numRuns: 2_000 },
    )
  })

  test('of a message that is cut anywhere: the whole ones come out, and the cut one ends the reading', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 4 }), (frames) => {
        const pieces = frames.map(writeFrame)
        const message = Buffer.concat(pieces)
        const ends = new Map(pieces.map((_, i) => [Buffer.concat(pieces.slice(0, i + 1)).length, i + 1]))
        let whole = 0
        for (let length = 1; length <= message.length; length++) {
          const recorder = new FrameRecorder()
          // A view of the whole: what lies behind its end must not be read.
          const read = () => new MessageReader(message.subarray(0, length), 'gateway', recorder).read()
          if (ends.has(length)) read()
          else expect(read).toThrow(ProtocolError)
          whole = ends.get(length) ?? whole
          expect(recorder.frames).toEqual(frames.slice(0, whole))
        }
      }),
      { numRuns: 200 },
    )
  })

  test('that are cut with a length to match: refused, or read to their own end and no further', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const bytes = writeFrame(frame)
        for (let length = 0; length < bytes.length - 9; length++) {
          const short = Buffer.concat([bytes.subarray(0, 9 + length), Buffer.alloc(64, 0x7e)])
          short.writeUIntBE(length, 0, 3)
          const message = short.subarray(0, 9 + length)
          try {
            const read = readFrames(message)
            expect(read).toHaveLength(1)
            expect(JSON.stringify(read)).not.toContain('~'.repeat(41))
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test('of random bytes: nothing but a ProtocolError is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readFrames(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('the header', () => {
  test('an empty message is refused', () => expect(refusal(NONE).message).toBe('the message is empty'))

  test.each(LINK_KINDS)('kind %i belongs to the link', (kind) => {
    expect(refusal(rawFrame(kind, 0, 1, Buffer.alloc(8))).message).toBe('a frame of the link names a stream')
  })

  test.each(STREAM_KINDS)('kind %i belongs to a stream', (kind) => {
    expect(refusal(rawFrame(kind, 0, 0, Buffer.alloc(4))).message).toBe('a frame of a stream names the link')
  })

  test('every kind below 0x80 that has no name is refused, on the link and on a stream', () => {
    const known = new Set<number>([...LINK_KINDS, ...STREAM_KINDS])
    for (let kind = 0; kind < 0x80; kind++) {
      if (known.has(kind)) continue
      for (const streamId of [0, 1]) expect(refusal(rawFrame(kind, 0, streamId, NONE)).message).toContain('not known')
    }
  })

  test('every kind from 0x80 on is skipped, whatever it holds, and told of', () => {
    for (let kind = 0x80; kind <= 0xff; kind++) {
      const message = Buffer.concat([
        rawFrame(kind, 0xff, 7, Buffer.alloc(30, 0xff)),
        rawFrame(kind, 0, 0, NONE),
        rawFrame(FRAME.credit, 0, 7, Buffer.alloc(4)),
      ])
      expect(readFrames(message)).toEqual([
        { is: 'unknown', streamId: 7 },
        { is: 'unknown', streamId: 0 },
        { is: 'credit', streamId: 7, bytes: 0 },
      ])
    }
  })

  test('flags that have no meaning are ignored', () => {
    const frames: readonly ReadFrame[] = [
      { is: 'ping', content: Buffer.alloc(8) },
      { is: 'data', streamId: 1, data: NONE, isEnd: false },
      { is: 'credit', streamId: 1, bytes: 1 },
    ]
    for (const frame of frames) {
      const bytes = writeFrame(frame)
      bytes[4] = 0xfe
      expect(readFrames(bytes)).toEqual([frame])
    }
    expect(readFrames(rawFrame(FRAME.data, 0xff, 1, NONE))).toEqual([
      { is: 'data', streamId: 1, data: NONE, isEnd: true },
    ])
  })
})

describe('payloads', () => {
  test.each<readonly [name: string, kind: number, streamId: number, sizes: readonly number[]]>([
    ['ACK', FRAME.ack, 0, [0, 7, 9]],
    ['PING', FRAME.ping, 0, [0, 7, 9]],
    ['PONG', FRAME.pong, 0, [0, 7, 9]],
    ['GO_AWAY', FRAME.goAway, 0, [0, 1]],
    ['TOKEN', FRAME.token, 0, [0]],
    ['OPEN', FRAME.open, 1, [0]],
    ['CREDIT', FRAME.credit, 1, [0, 3, 5]],
    ['RESET', FRAME.reset, 1, [0, 1, 2]],
  ])('%s is refused in a wrong size', (_, kind, streamId, sizes) => {
    for (const size of sizes) expect(refusal(rawFrame(kind, 0, streamId, Buffer.alloc(size)))).toBeDefined()
  })

  test('a TOKEN holds visible ASCII only', () => {
    for (let code = 0; code <= 0xff; code++) {
      const message = rawFrame(FRAME.token, 0, 0, Buffer.from([0x61, code]))
      if (code > 0x20 && code < 0x7f) expect(readFrames(message)).toHaveLength(1)
      else expect(refusal(message).message).toContain('TOKEN')
    }
  })

  test('an unknown reset code is internal, an unknown origin the peer', () => {
    for (const peer of ['gateway', 'agent'] satisfies ResetOrigin[]) {
      for (const unknown of ['0000 00', '000d 05', 'ffff ff']) {
        const payload = Buffer.from(unknown.replace(' ', ''), 'hex')
        expect(readFrames(rawFrame(FRAME.reset, 0, 1, payload), peer)).toEqual([
          { is: 'reset', streamId: 1, reset: { code: 'internal', origin: peer, text: '' } },
        ])
      }
    }
  })

  test('an unknown GO_AWAY code is told as such', () => {
    expect(readFrames(rawFrame(FRAME.goAway, 0, 0, Buffer.from([0, 3])))).toEqual([
      { is: 'goAway', code: undefined, text: '' },
    ])
  })

  test('a text comes without what a terminal would act on', () => {
    const text = Buffer.concat([Buffer.from('a\x1b[31m\r\n\u0000\u0085\u202e\u2028'), Buffer.from([0xff])])
    expect(readFrames(rawFrame(FRAME.goAway, 0, 0, Buffer.concat([Buffer.from([0, 1]), text])))).toEqual([
      { is: 'goAway', code: 'restart', text: 'a [31m      \ufffd' },
    ])
  })
})

describe('limits', () => {
  test(`a message has at most ${MAX_MESSAGE_BYTES} bytes`, () => {
    const message = rawFrame(FRAME.data, 0, 1, Buffer.alloc(MAX_MESSAGE_BYTES - 9))
    expect(readFrames(message)).toHaveLength(1)
    const longer = Buffer.concat([message, rawFrame(FRAME.data, 1, 1, NONE)])
    expect(refusal(longer.subarray(0, MAX_MESSAGE_BYTES + 1)).message).toBe('the message is too large')
    // No frame of a message that is too large is given away.
    expect(refusal(longer).message).toBe('the message is too large')
  })

  test(`a text has at most ${MAX_TEXT_BYTES} bytes`, () => {
    for (const [kind, streamId, fixed] of [
      [FRAME.goAway, 0, 2],
      [FRAME.reset, 1, 3],
    ] as const) {
      const sized = (text: number) => rawFrame(kind, 0, streamId, Buffer.alloc(fixed + text, 0x20))
      expect(readFrames(sized(MAX_TEXT_BYTES))).toHaveLength(1)
      expect(refusal(sized(MAX_TEXT_BYTES + 1)).message).toBe('a text is too long')
    }
  })

  test.each([
    ['a'.repeat(513), 'a'.repeat(512)],
    [`a${'é'.repeat(256)}`, `a${'é'.repeat(255)}`],
    [`abc${'😀'.repeat(128)}`, `abc${'😀'.repeat(127)}`],
    ['é'.repeat(256), 'é'.repeat(256)],
  ])('a longer text is cut at a whole character when it is sent (case %#)', (long, cut) => {
    expect(readFrames(writeFrame({ is: 'goAway', code: 'restart', text: long }))).toEqual([
      { is: 'goAway', code: 'restart', text: cut },
    ])
    const reset = { code: 'busy', origin: 'agent' } as const
    expect(readFrames(writeFrame({ is: 'reset', streamId: 1, reset: { ...reset, text: long } }))).toEqual([
      { is: 'reset', streamId: 1, reset: { ...reset, text: cut } },
    ])
  })

  test(`a TOKEN has at most ${MAX_TOKEN_BYTES} bytes`, () => {
    const sized = (size: number) => rawFrame(FRAME.token, 0, 0, Buffer.alloc(size, 0x61))
    expect(readFrames(sized(MAX_TOKEN_BYTES))).toHaveLength(1)
    expect(refusal(sized(MAX_TOKEN_BYTES + 1)).message).toBe('a TOKEN is too long')
  })

  test(`a CREDIT is at most ${MAX_CREDIT_BYTES}`, () => {
    const granting = (bytes: number) => writeFrame({ is: 'credit', streamId: 1, bytes })
    expect(readFrames(granting(MAX_CREDIT_BYTES))).toHaveLength(1)
    expect(refusal(granting(MAX_CREDIT_BYTES + 1)).message).toBe('the credit is too large')
  })
})
