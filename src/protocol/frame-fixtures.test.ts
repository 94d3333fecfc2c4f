import { describe, expect, test } from 'vitest'
import { type ReadFrame, readFrames, writeFrame } from '../../test/support/protocol-frames.ts'
import { decodeRequestHead, decodeResponseHead, encodeRequestHead, encodeResponseHead } from './head.ts'

/** Bytes as they stand in docs/protocol.md's tables, a space between fields; made by hand, not by the code. */
const FIXTURES: readonly (readonly [name: string, hex: string, frame: ReadFrame])[] = [
  ['HELLO', '000002 01 00 00000000 7b7d', { is: 'hello', payload: Buffer.from('{}') }],
  ['ACK', '000008 02 00 00000000 0000000000000003', { is: 'ack', count: 3 }],
  ['ACK beyond 32 bit', '000008 02 00 00000000 0000000100000005', { is: 'ack', count: 4_294_967_301 }],
  ['PING', '000008 03 00 00000000 0102030405060708', { is: 'ping', content: bytes('0102030405060708') }],
  ['PONG', '000008 04 00 00000000 fffefdfcfbfaf9f8', { is: 'pong', content: bytes('fffefdfcfbfaf9f8') }],
  ['GO_AWAY restart', '000005 05 00 00000000 0001 627965', { is: 'goAway', code: 'restart', text: 'bye' }],
  ['GO_AWAY stopping, no text', '000002 05 00 00000000 0002', { is: 'goAway', code: 'stopping', text: '' }],
  ['TOKEN', '000005 06 00 00000000 612e622d63', { is: 'token', token: 'a.b-c' }],
  [
    'OPEN',
    '00000c 10 00 00000001 01 0004 504f5354 0001 2f 0000',
    { is: 'open', streamId: 1, streamKind: 1, head: bytes('0004504f535400012f0000'), isEnd: false },
  ],
  [
    'OPEN with END',
    '00000b 10 01 00000003 01 0003 474554 0001 2f 0000',
    { is: 'open', streamId: 3, streamKind: 1, head: bytes('000347455400012f0000'), isEnd: true },
  ],
  [
    'OPEN of bytes, kept for later',
    '000001 10 00 00000005 02',
    { is: 'open', streamId: 5, streamKind: 2, head: bytes(''), isEnd: false },
  ],
  [
    'HEAD',
    '00000d 11 00 00000001 00c8 0001 0004 64617465 0001 78',
    { is: 'head', streamId: 1, head: bytes('00c80001000464617465000178'), isEnd: false },
  ],
  [
    'HEAD with END',
    '000004 11 01 00000001 00cc 0000',
    { is: 'head', streamId: 1, head: bytes('00cc0000'), isEnd: true },
  ],
  ['DATA', '000003 12 00 00000001 686921', { is: 'data', streamId: 1, data: Buffer.from('hi!'), isEnd: false }],
  ['DATA with END, empty', '000000 12 01 ffffffff', { is: 'data', streamId: 0xffffffff, data: bytes(''), isEnd: true }],
  ['CREDIT', '000004 13 00 00000001 00010000', { is: 'credit', streamId: 1, bytes: 65_536 }],
  [
    'RESET',
    '000007 14 00 00000001 0005 04 676f6e65',
    { is: 'reset', streamId: 1, reset: { code: 'interrupted', origin: 'upstream', text: 'gone' } },
  ],
  [
    'RESET, no text',
    '000003 14 00 80000001 0001 01',
    { is: 'reset', streamId: 0x80000001, reset: { code: 'cancelled', origin: 'client', text: '' } },
  ],
  ['an optional kind', '000000 80 00 00000009', { is: 'unknown', streamId: 9 }],
]

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

describe('frames in hex', () => {
  test.each(FIXTURES)('%s', (_, hex, frame) => {
    expect(readFrames(bytes(hex))).toEqual([frame])
    expect(writeFrame(frame).toString('hex')).toBe(bytes(hex).toString('hex'))
  })

  test('are read one after the other out of one message', () => {
    const message = Buffer.concat(FIXTURES.map(([, hex]) => bytes(hex)))
    expect(readFrames(message)).toEqual(FIXTURES.map(([, , frame]) => frame))
  })

  test('give their payloads as views, not as copies', () => {
    const message = bytes('000003 12 00 00000001 686921')
    const [frame] = readFrames(message)
    expect(frame?.is === 'data' && frame.data.buffer === message.buffer).toBe(true)
    expect(frame?.is === 'data' && frame.data.byteOffset - message.byteOffset).toBe(9)
  })
})

describe('heads in hex', () => {
  const request = {
    method: 'POST',
    target: '/v1/models?a=b',
    fields: ['accept', '*/*', 'accept', 'é', 'x-empty', ''],
  }
  const requestHex = `0004 504f5354 000e 2f76312f6d6f64656c733f613d62 0003
    0006 616363657074 0003 2a2f2a 0006 616363657074 0001 e9 0007 782d656d707479 0000`.replaceAll(/\s/g, '')

  test('of a request: a name may come twice, the order stays, values are ISO 8859-1', () => {
    expect(encodeRequestHead(request).toString('hex')).toBe(requestHex)
    expect(decodeRequestHead(bytes(requestHex))).toEqual(request)
  })

  const response = { status: 404, fields: ['content-length', '0'] }
  const responseHex = '0194 0001 000e 636f6e74656e742d6c656e677468 0001 30'.replaceAll(' ', '')

  test('of a response', () => {
    expect(encodeResponseHead(response).toString('hex')).toBe(responseHex)
    expect(decodeResponseHead(bytes(responseHex))).toEqual(response)
  })
})
