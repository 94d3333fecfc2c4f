import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FRAME } from '../../src/protocol/codes.ts'
import { ackFrame, creditFrame, resetFrame, tokenFrame } from '../../src/protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../../src/protocol/limits.ts'
import type { Tunnel } from '../../src/relay/tunnel.ts'
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

async function expectOthersUndisturbed(): Promise<void> {
  expect(link.isEnded).toBe(false)
  const dispatcher = relay.upstreams.get(good.id)?.dispatcher
  if (dispatcher === undefined) throw new Error('the good tunnel is gone')
  const { statusCode, body } = await request('http://agent.invalid/fine', { dispatcher })
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

type Rule = readonly [rule: string, breakIt: (peer: RawPeer) => void]

const MESSAGES: readonly Rule[] = [
  ['a text message', ({ socket }) => socket.send('hello')],
  ['an empty message', (peer) => peer.send()],
  ['a header that crosses the end of its message', (peer) => peer.send(Buffer.alloc(8))],
  ['a frame that crosses the end of its message', (peer) => peer.send(dataOf(1, 'abc').subarray(0, 11))],
  [
    'a frame cut in two messages',
    (peer) => [headOf(1).subarray(0, 10), headOf(1).subarray(10)].map((part) => peer.send(part)),
  ],
  ...[0x00, 0x07, 0x0f, 0x15, 0x7f].map(
    (kind): Rule => [
      `the mandatory kind ${kind}, which is not known`,
      (peer) => peer.send(rawFrame(kind, 0, 1, EMPTY)),
    ],
  ),
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06].map(
    (kind): Rule => [
      `the link's kind ${kind} with a stream id`,
      (peer) => peer.send(rawFrame(kind, 0, 1, Buffer.alloc(8))),
    ],
  ),
  ...[0x10, 0x11, 0x12, 0x13, 0x14].map(
    (kind): Rule => [
      `a stream's kind ${kind} without a stream id`,
      (peer) => peer.send(rawFrame(kind, 0, 0, Buffer.alloc(4))),
    ],
  ),
]

const PAYLOADS: readonly Rule[] = [
  ['an ACK of 7 bytes', (peer) => peer.send(rawFrame(FRAME.ack, 0, 0, Buffer.alloc(7)))],
  ['a PING of 9 bytes', (peer) => peer.send(rawFrame(FRAME.ping, 0, 0, Buffer.alloc(9)))],
  ['a PONG without bytes', (peer) => peer.send(rawFrame(FRAME.pong, 0, 0, EMPTY))],
  ['a GO_AWAY without its code', (peer) => peer.send(rawFrame(FRAME.goAway, 0, 0, Buffer.alloc(1)))],
  ['a GO_AWAY with a text too long', (peer) => peer.send(rawFrame(FRAME.goAway, 0, 0, Buffer.alloc(515, 0x61)))],
  ['a TOKEN without bytes', (peer) => peer.send(rawFrame(FRAME.token, 0, 0, EMPTY))],
  ['a TOKEN too long', (peer) => peer.send(tokenFrame('a'.repeat(4_097)))],
  ['a TOKEN with a space', (peer) => peer.send(tokenFrame('a b'))],
  ['a CREDIT of 3 bytes', (peer) => peer.send(rawFrame(FRAME.credit, 0, 1, Buffer.alloc(3)))],
  ['a RESET without its origin', (peer) => peer.send(rawFrame(FRAME.reset, 0, 1, Buffer.alloc(2)))],
  ['a RESET with a text too long', (peer) => peer.send(rawFrame(FRAME.reset, 0, 1, Buffer.alloc(516, 0x61)))],
]

const STREAMS: readonly Rule[] = [
  ['a second HELLO', (peer) => peer.send(agentHello())],
  ['an ACK for what was never sent', (peer) => peer.send(ackFrame(2))],
  ['an ACK beyond all numbers', (peer) => peer.send(rawFrame(FRAME.ack, 0, 0, Buffer.alloc(8, 0xff)))],
  ['an OPEN from an agent', (peer) => peer.send(openOf(3))],
  ['an OPEN with an even id', (peer) => peer.send(openOf(2))],
  ['two HEADs', (peer) => peer.send(headOf(1), headOf(1))],
  ['DATA before its HEAD', (peer) => peer.send(dataOf(1, 'a'))],
  ['DATA with END before its HEAD', (peer) => peer.send(dataOf(1, '', true))],
  ['a HEAD for a stream that was never opened', (peer) => peer.send(headOf(9_999))],
  ['DATA for a stream that was never opened', (peer) => peer.send(dataOf(9_999, 'a'))],
  ['CREDIT for a stream that was never opened', (peer) => peer.send(creditFrame(9_999, 1))],
  ['RESET of a stream that was never opened', (peer) => peer.send(reset(9_999))],
  ['DATA for an even id', (peer) => peer.send(dataOf(2, 'a'))],
  ['RESET of the last id there is', (peer) => peer.send(reset(0xffff_ffff))],
  ['credit of 2³¹ at once', (peer) => peer.send(creditFrame(1, 2 ** 31))],
  ['credit of 2³¹ in sum', (peer) => peer.send(creditFrame(1, 2 ** 31 - 65_536))],
]

const HEADS: readonly Rule[] = [
  ...[0, 100, 101, 199, 600, 65_535].map(
    (status): Rule => [`status ${status}`, (peer) => peer.send(rawHead(status, []))],
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
  ].map((name): Rule => [`the field ${name}`, (peer) => peer.send(rawHead(200, [name, 'x']))]),
  ['a name in upper case', (peer) => peer.send(rawHead(200, ['X-a', 'b']))],
  ['a name that is empty', (peer) => peer.send(rawHead(200, ['', 'b']))],
  ['a name with a colon', (peer) => peer.send(rawHead(200, ['a:', 'b']))],
  ['a value with a line end', (peer) => peer.send(rawHead(200, ['a', 'b\r\nset-cookie: c']))],
  ['a value with a zero', (peer) => peer.send(rawHead(200, ['a', 'b\0']))],
  ['two lengths', (peer) => peer.send(rawHead(200, ['content-length', '1', 'content-length', '2']))],
  ['a length that is none', (peer) => peer.send(rawHead(200, ['content-length', '+1']))],
  ['257 fields', (peer) => peer.send(rawHead(200, Array.from({ length: 257 }, (_, at) => [`x-${at}`, '']).flat()))],
  ['more than 65,536 bytes', (peer) => peer.send(rawHead(200, ['x-a', 'a'.repeat(40_000), 'x-b', 'b'.repeat(30_000)]))],
  ['bytes behind the fields', (peer) => peer.send(rawHead(200, [], 'x'))],
  ['an end in the middle', (peer) => peer.send(rawFrame(FRAME.head, 0, 1, Buffer.from([0, 200, 0, 1, 0])))],
]

describe.each([
  ['messages', MESSAGES],
  ['payloads', PAYLOADS],
  ['streams', STREAMS],
  ['heads', HEADS],
])('%s', (_, rules) => {
  test.each(rules)('%s ends the link as protocol_error', async (_rule, breakIt) => {
    const peer = await joinBad()
    breakIt(peer)
    const { code, text } = await peer.closed
    expect([code, text]).toEqual([4000, expect.stringMatching(/.{10}/)])
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

test('a message of more than 16 MiB ends the link at once, in the words of the WebSocket itself', async () => {
  const peer = await joinBad()
  peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 9)))
  await peer.settled()
  const frame = rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 9))
  peer.send(frame, Buffer.alloc(1))
  expect((await peer.closed).code).toBe(1009)
  await expect.poll(() => relay.relay.status(bad.id)).toMatchObject({ state: 'away' })
  await expectOthersUndisturbed()
})

test('DATA beyond its credit ends that stream alone', async () => {
  const peer = await joinBad()
  const answering = request('http://agent.invalid/slow', { dispatcher: relay.upstreams.get(bad.id)?.dispatcher })
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

test('TOKENs faster than they can be looked at end the link', async () => {
  const peer = await joinBad()
  const token = tokenFrame(await relay.token(bad))
  peer.send(token)
  await peer.settled()
  expect(peer.socket.readyState).toBe(peer.socket.OPEN)
  peer.send(...Array.from({ length: 10_000 }, () => token))
  expect((await peer.closed).code).toBe(4013)
  await expectOthersUndisturbed()
})

test('links that say nothing are let in only so many', async () => {
  const silent = await Promise.all(Array.from({ length: 8 }, dialBad))
  await expect(dialBad()).rejects.toThrow('Unexpected server response: 429')
  // Those of others are.
  await expectOthersUndisturbed()
  const other = await relay.join(good)
  expect(other.isResumed).toBe(false)
  link = other.link
  session = other.session
  silent[0]?.socket.terminate()
  await expect
    .poll(
      async () =>
        await dialBad().then(
          () => true,
          () => false,
        ),
    )
    .toBe(true)
  for (const { socket } of silent) socket.terminate()
})

function reset(streamId: number): Buffer {
  return resetFrame(streamId, { code: 'cancelled', origin: 'agent', text: '' })
}
