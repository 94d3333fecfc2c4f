import { type Dispatcher, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tunnel } from '../../src/gateway/relay/tunnel.ts'
import { FRAME } from '../../src/protocol/codes.ts'
import { ackFrame, creditFrame, resetFrame, tokenFrame } from '../../src/protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../../src/protocol/limits.ts'
import type { JoinedLink } from '../../src/tunnel/join.ts'
import { ManualClock } from '../support/clock.ts'
import { rawFrame } from '../support/protocol-frames.ts'
import { agentHello, dataOf, dialRaw, headOf, openOf, type RawPeer } from '../support/raw-tunnel-peer.ts'
import { startTestRelay, type TestRelay } from '../support/test-relay.ts'

// Every rule an agent can break, each once, at a gateway that has another tunnel: that one never notices.

let relay: TestRelay
let good: Tunnel
let bad: Tunnel
let link: JoinedLink['link']
let session: JoinedLink['session']

beforeAll(async () => {
  relay = await startTestRelay({ clock: new ManualClock() })
  good = await relay.tunnel('good')
  bad = await relay.tunnel('bad')
  const joined = await relay.join(good)
  link = joined.link
  session = joined.session
})

afterAll(() => relay[Symbol.asyncDispose]())

function dispatcherOf(tunnel: Tunnel): Dispatcher {
  const upstream = relay.upstreams.get(tunnel.id)
  if (upstream === undefined) throw new Error('the tunnel has no upstream')
  return upstream.way.dispatcher
}

async function expectOthersUndisturbed(): Promise<void> {
  expect(link.isEnded).toBe(false)
  const { statusCode, body } = await request('http://agent.invalid/fine', { dispatcher: dispatcherOf(good) })
  expect([statusCode, await body.text()]).toEqual([200, '/fine'])
  expect(session.isOver).toBe(false)
}

async function dialBad(): Promise<RawPeer> {
  return await dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(bad)}` } })
}

/** A link of the bad tunnel on which the gateway has asked for something, as stream 1: it sends no body. */
async function joinBad(): Promise<RawPeer> {
  const peer = await dialBad()
  peer.send(agentHello())
  expect(await peer.stream('/api/version')).toBe(1)
  return peer
}

const EMPTY = Buffer.alloc(0)
const JSON_HELLO = (hello: unknown) => rawFrame(FRAME.hello, 0, 0, Buffer.from(JSON.stringify(hello)))

/** A head as it would be on the wire; nothing of it is checked. */
function rawHead(status: number, fields: readonly string[], rest = ''): Buffer {
  const number = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const texts = fields.flatMap((text) => [number(text.length), Buffer.from(text, 'latin1')])
  const payload = Buffer.concat([number(status), number(fields.length / 2), ...texts, Buffer.from(rest)])
  return rawFrame(FRAME.head, 0, 1, payload)
}

type Rule = readonly [rule: string, text: string, breakIt: (peer: RawPeer) => void]

const MESSAGES: readonly Rule[] = [
  ['a text message', 'a text message came', ({ socket }) => socket.send('hello')],
  ['an empty message', 'the message is empty', (peer) => peer.send()],
  [
    'a header that crosses the end of its message',
    'a frame header crosses the end of its message',
    (peer) => peer.send(Buffer.alloc(8)),
  ],
  [
    'a frame that crosses the end of its message',
    'a frame crosses the end of its message',
    (peer) => peer.send(dataOf(1, 'abc').subarray(0, 11)),
  ],
  [
    'a frame cut in two messages',
    'a frame crosses the end of its message',
    (peer) => [headOf(1).subarray(0, 10), headOf(1).subarray(10)].map((part) => peer.send(part)),
  ],
  ...[0x00, 0x07, 0x0f, 0x15, 0x7f].map(
    (kind): Rule => [
      `the mandatory kind ${kind}`,
      `the frame kind 0x${kind.toString(16).padStart(2, '0')} is not known`,
      (peer) => peer.send(rawFrame(kind, 0, 1, EMPTY)),
    ],
  ),
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06].map(
    (kind): Rule => [
      `the link's kind ${kind} with a stream id`,
      'a frame of the link names a stream',
      (peer) => peer.send(rawFrame(kind, 0, 1, Buffer.alloc(8))),
    ],
  ),
  ...[0x10, 0x11, 0x12, 0x13, 0x14].map(
    (kind): Rule => [
      `a stream's kind ${kind} without a stream id`,
      'a frame of a stream names the link',
      (peer) => peer.send(rawFrame(kind, 0, 0, Buffer.alloc(4))),
    ],
  ),
]

const PAYLOADS: readonly Rule[] = [
  [
    'an ACK of 7 bytes',
    'a payload has 7 bytes where 8 are due',
    (peer) => peer.send(rawFrame(FRAME.ack, 0, 0, Buffer.alloc(7))),
  ],
  [
    'a PING of 9 bytes',
    'a payload has 9 bytes where 8 are due',
    (peer) => peer.send(rawFrame(FRAME.ping, 0, 0, Buffer.alloc(9))),
  ],
  [
    'a PONG without bytes',
    'a payload has 0 bytes where 8 are due',
    (peer) => peer.send(rawFrame(FRAME.pong, 0, 0, EMPTY)),
  ],
  [
    'a GO_AWAY without its code',
    'a GO_AWAY is too short',
    (peer) => peer.send(rawFrame(FRAME.goAway, 0, 0, Buffer.alloc(1))),
  ],
  [
    'a GO_AWAY with a text too long',
    'a text is too long',
    (peer) => peer.send(rawFrame(FRAME.goAway, 0, 0, Buffer.alloc(515, 0x61))),
  ],
  [
    'a TOKEN without bytes',
    'a TOKEN is empty, or holds what no token can have',
    (peer) => peer.send(rawFrame(FRAME.token, 0, 0, EMPTY)),
  ],
  ['a TOKEN too long', 'a TOKEN is too long', (peer) => peer.send(tokenFrame('a'.repeat(4_097)))],
  ['a TOKEN with a space', 'a TOKEN is empty, or holds what no token can have', (peer) => peer.send(tokenFrame('a b'))],
  [
    'a CREDIT of 3 bytes',
    'a payload has 3 bytes where 4 are due',
    (peer) => peer.send(rawFrame(FRAME.credit, 0, 1, Buffer.alloc(3))),
  ],
  [
    'a RESET without its origin',
    'a RESET is too short',
    (peer) => peer.send(rawFrame(FRAME.reset, 0, 1, Buffer.alloc(2))),
  ],
  [
    'a RESET with a text too long',
    'a text is too long',
    (peer) => peer.send(rawFrame(FRAME.reset, 0, 1, Buffer.alloc(516, 0x61))),
  ],
]

const STREAMS: readonly Rule[] = [
  ['a second HELLO', 'a second HELLO came', (peer) => peer.send(agentHello())],
  ['an ACK for what was never sent', 'frames are acknowledged that were never sent', (peer) => peer.send(ackFrame(2))],
  [
    'an ACK beyond all numbers',
    'frames are acknowledged that were never sent',
    (peer) => peer.send(rawFrame(FRAME.ack, 0, 0, Buffer.alloc(8, 0xff))),
  ],
  ['an OPEN from an agent', 'only a gateway opens streams', (peer) => peer.send(openOf(3))],
  ['an OPEN with an even id', 'only a gateway opens streams', (peer) => peer.send(openOf(2))],
  ['two HEADs', 'a stream has two heads', (peer) => peer.send(headOf(1), headOf(1))],
  ['DATA before its HEAD', 'DATA comes before the head', (peer) => peer.send(dataOf(1, 'a'))],
  ['DATA with END before its HEAD', 'DATA comes before the head', (peer) => peer.send(dataOf(1, '', true))],
  [
    'a HEAD for a stream that was never opened',
    'a frame names a stream that was never opened',
    (peer) => peer.send(headOf(9_999)),
  ],
  [
    'DATA for a stream that was never opened',
    'a frame names a stream that was never opened',
    (peer) => peer.send(dataOf(9_999, 'a')),
  ],
  [
    'CREDIT for a stream that was never opened',
    'a frame names a stream that was never opened',
    (peer) => peer.send(creditFrame(9_999, 1)),
  ],
  [
    'RESET of a stream that was never opened',
    'a frame names a stream that was never opened',
    (peer) => peer.send(reset(9_999)),
  ],
  ['DATA for an even id', 'a frame names a stream that was never opened', (peer) => peer.send(dataOf(2, 'a'))],
  [
    'RESET of the last id there is',
    'a frame names a stream that was never opened',
    (peer) => peer.send(reset(0xffff_ffff)),
  ],
  ['credit of 2³¹ at once', 'the credit is too large', (peer) => peer.send(creditFrame(1, 2 ** 31))],
  ['credit of 2³¹ in sum', 'a stream has too much credit', (peer) => peer.send(creditFrame(1, 2 ** 31 - 65_536))],
]

const HEADS: readonly Rule[] = [
  ...[0, 100, 101, 199, 600, 65_535].map(
    (status): Rule => [
      `status ${status}`,
      'the status is not one of a final response',
      (peer) => peer.send(rawHead(status, [])),
    ],
  ),
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'host',
    'expect',
  ].map(
    (name): Rule => [
      `the field ${name}`,
      `the field '${name}' does not cross`,
      (peer) => peer.send(rawHead(200, [name, 'x'])),
    ],
  ),
  ['a name in upper case', 'a field name is no token in lower case', (peer) => peer.send(rawHead(200, ['X-a', 'b']))],
  ['a name that is empty', 'a field name is no token in lower case', (peer) => peer.send(rawHead(200, ['', 'b']))],
  ['a name with a colon', 'a field name is no token in lower case', (peer) => peer.send(rawHead(200, ['a:', 'b']))],
  [
    'a value with a line end',
    "the field 'a' has a value that no header can have",
    (peer) => peer.send(rawHead(200, ['a', 'b\r\nset-cookie: c'])),
  ],
  [
    'a value with a zero',
    "the field 'a' has a value that no header can have",
    (peer) => peer.send(rawHead(200, ['a', 'b\0'])),
  ],
  [
    'two lengths',
    'the content-length is no number, or there are two',
    (peer) => peer.send(rawHead(200, ['content-length', '1', 'content-length', '2'])),
  ],
  [
    'a length that is none',
    'the content-length is no number, or there are two',
    (peer) => peer.send(rawHead(200, ['content-length', '+1'])),
  ],
  [
    '257 fields',
    'the head has too many fields',
    (peer) => peer.send(rawHead(200, Array.from({ length: 257 }, (_, at) => [`x-${at}`, '']).flat())),
  ],
  [
    'more than 65,280 bytes',
    'the head is too large',
    (peer) => peer.send(rawHead(200, ['x-a', 'a'.repeat(40_000), 'x-b', 'b'.repeat(25_280)])),
  ],
  ['bytes behind the fields', 'the head goes on after its fields', (peer) => peer.send(rawHead(200, [], 'x'))],
  [
    'an end in the middle',
    'the head ends early',
    (peer) => peer.send(rawFrame(FRAME.head, 0, 1, Buffer.from([0, 200, 0, 1, 0]))),
  ],
]

describe.each([
  ['messages', MESSAGES],
  ['payloads', PAYLOADS],
  ['streams', STREAMS],
  ['heads', HEADS],
])('%s', (_, rules) => {
  test.each(rules)('%s ends the link as protocol_error', async (_rule, text, breakIt) => {
    const peer = await joinBad()
    breakIt(peer)
    expect(await peer.closed).toEqual({ code: 4000, text })
    expect(relay.relay.status(bad.id)).toMatchObject({ state: 'away', streams: 0 })
    await expectOthersUndisturbed()
  })
})

describe('before the HELLO', () => {
  test.each<[string, Buffer]>([
    ['PING', rawFrame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['PONG', rawFrame(FRAME.pong, 0, 0, Buffer.alloc(8))],
    ['ACK', ackFrame(0)],
    ['GO_AWAY', rawFrame(FRAME.goAway, 0, 0, Buffer.from([0, 2]))],
    ['TOKEN', tokenFrame('a')],
    ['OPEN', openOf(1)],
    ['HEAD', headOf(1)],
    ['DATA', dataOf(1, 'a')],
    ['CREDIT', creditFrame(1, 1)],
    ['RESET', reset(1)],
    ['an optional kind of the link', rawFrame(0x80, 0, 0, EMPTY)],
    ['an optional kind of a stream', rawFrame(0x80, 0, 1, EMPTY)],
    ['a HELLO that is no JSON', rawFrame(FRAME.hello, 0, 0, Buffer.from('{'))],
    ['a HELLO without fields', JSON_HELLO({})],
    ['a HELLO with a window too small', agentHello({ window: 16_383 })],
    ['a HELLO with a heartbeat too short', agentHello({ heartbeatMs: 999 })],
    ['a HELLO with a heartbeat too long', agentHello({ heartbeatMs: 300_001 })],
    ['a HELLO without an instance', agentHello({ instance: undefined })],
    ['a HELLO with a negative count', agentHello({ resume: { session: 's', received: -1 } })],
    ['a HELLO too large', JSON_HELLO({ pad: 'a'.repeat(16_384) })],
    ["anything between the agent's HELLO and the gateway's", Buffer.concat([agentHello(), ackFrame(0)])],
  ])('%s ends the link as protocol_error, and touches no session', async (_, bytes) => {
    const standing = await joinBad()
    const peer = await dialBad()
    peer.send(bytes)
    expect((await peer.closed).code).toBe(4000)
    await standing.settled()
    expect(relay.relay.status(bad.id)?.state).toBe('connected')
    await expectOthersUndisturbed()
  })
})

test('a message that is too large ends the link at once, in the words of the WebSocket itself', async () => {
  const peer = await joinBad()
  peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 9)))
  await peer.settled()
  peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 8)))
  expect((await peer.closed).code).toBe(1009)
  await expect.poll(() => relay.relay.status(bad.id)).toMatchObject({ state: 'away' })
  await expectOthersUndisturbed()
})

test('DATA beyond its credit ends that stream alone', async () => {
  const peer = await joinBad()
  const answering = request('http://agent.invalid/slow', { dispatcher: dispatcherOf(bad) })
  const id = await peer.stream('/slow')
  peer.send(headOf(id))
  const { body } = await answering
  // Bytes that nobody reads: some in the reader's own buffer, some in the window.
  const sent = Buffer.alloc(16_384)
  while (!peer.frames.some((frame) => frame.is === 'reset' && frame.streamId === id)) {
    peer.send(dataOf(id, sent))
    await peer.settled()
  }
  expect((await peer.first('reset')).reset).toMatchObject({ code: 'flow_control', origin: 'agent' })
  await expect(body.text()).rejects.toMatchObject({ code: 'interrupted' })
  // What was on its way is not held against it.
  peer.send(dataOf(id, sent), creditFrame(id, 1), dataOf(id, '', true), reset(id))
  await peer.settled()
  await expectOthersUndisturbed()
})

test('what the protocol lets pass ends nothing', async () => {
  const peer = await joinBad()
  peer.send(
    rawFrame(0x80, 0xff, 0, EMPTY),
    rawFrame(0xff, 0xff, 1, Buffer.alloc(100)),
    creditFrame(1, 0),
    // Flags that have no meaning yet; a code and an origin that are not known; an ACK that says less than before.
    rawFrame(FRAME.head, 0xfe, 1, rawHead(200, ['a', 'b'], '').subarray(9)),
    ackFrame(1),
    ackFrame(0),
    rawFrame(FRAME.reset, 0, 1, Buffer.from([0xff, 0xff, 0xff])),
    headOf(1),
    dataOf(1, 'late', true),
  )
  await peer.settled()
  expect(peer.socket.readyState).toBe(peer.socket.OPEN)
  await expectOthersUndisturbed()
})

function reset(streamId: number): Buffer {
  return resetFrame(streamId, { code: 'cancelled', origin: 'agent', text: '' })
}
