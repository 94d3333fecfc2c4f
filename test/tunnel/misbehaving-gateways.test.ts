import { describe, expect, test } from 'vitest'
import { FRAME, STREAM_KIND } from '../../src/protocol/codes.ts'
import { ackFrame, creditFrame, openFrame, resetFrame, tokenFrame } from '../../src/protocol/frame-writer.ts'
import { respond } from '../../src/tunnel/http/http-stream.ts'
import { rawFrame } from '../support/protocol-frames.ts'
import { againstAgent, dialAsAgent } from '../support/raw-link.ts'
import { dataOf, gatewayHello, headOf, openOf, type RawPeer, startRawGateway } from '../support/raw-tunnel-peer.ts'
import { ServedStreams } from '../support/stream-recorder.ts'

// Every rule a gateway can break, each once. What both sides read alike is in `misbehaving-agents.test.ts`.

/** An agent that has two streams: 1, whose request goes on, and 3, whose request is whole. */
async function openAgent() {
  const served = new ServedStreams()
  const { peer, link, session } = await againstAgent({ onStream: served.serve })
  peer.send(openOf(1, { target: '/1', isEnd: false }), openOf(3, { target: '/3' }))
  await peer.settled()
  return { served, peer, link, session }
}

/** An OPEN whose head is written without a look at it. */
function rawOpen(method: string, target: string, fields: readonly string[] = []): Buffer {
  const number = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const texts = (all: readonly string[]) => all.flatMap((text) => [number(text.length), Buffer.from(text, 'latin1')])
  const head = Buffer.concat([...texts([method, target]), number(fields.length / 2), ...texts(fields)])
  return openFrame(5, STREAM_KIND.http, head, true)
}

type Rule = readonly [rule: string, text: string, breakIt: (peer: RawPeer) => void]

const NOT_ABOVE = 'a stream id is even, or not above all before it'
const NEVER_OPENED = 'a frame names a stream that was never opened'
const FIELD_NAME = 'a field name is no token in lower case'

const STREAMS: readonly Rule[] = [
  ['a text message', 'a text message came', ({ socket }) => socket.send('hello')],
  ['a second HELLO', 'a second HELLO came', (peer) => peer.send(gatewayHello())],
  ['an ACK for what was never sent', 'frames are acknowledged that were never sent', (peer) => peer.send(ackFrame(1))],
  ['a TOKEN', 'a gateway sends no token', (peer) => peer.send(tokenFrame('a'))],
  ['a HEAD', 'only an agent sends a response', (peer) => peer.send(headOf(1))],
  ['an OPEN with an even id', NOT_ABOVE, (peer) => peer.send(openOf(6))],
  ['an OPEN with an id that is open', NOT_ABOVE, (peer) => peer.send(openOf(3))],
  ['an OPEN with an id below another', NOT_ABOVE, (peer) => peer.send(openOf(9), openOf(7))],
  ['an OPEN with the id of a stream that is over', NOT_ABOVE, (peer) => peer.send(reset(3), openOf(3))],
  [
    'an OPEN without its kind',
    'an OPEN is too short',
    (peer) => peer.send(rawFrame(FRAME.open, 0, 5, Buffer.alloc(0))),
  ],
  ['DATA after the END of the OPEN', 'DATA comes after the END', (peer) => peer.send(dataOf(3, 'a'))],
  ['DATA after the END of DATA', 'DATA comes after the END', (peer) => peer.send(dataOf(1, 'a', true), dataOf(1, ''))],
  ['a second END', 'DATA comes after the END', (peer) => peer.send(dataOf(1, '', true), dataOf(1, '', true))],
  ['DATA for a stream that was never opened', NEVER_OPENED, (peer) => peer.send(dataOf(5, 'a'))],
  ['CREDIT for a stream that was never opened', NEVER_OPENED, (peer) => peer.send(creditFrame(5, 1))],
  ['RESET of a stream that was never opened', NEVER_OPENED, (peer) => peer.send(reset(5))],
  ['credit of 2³¹ in sum', 'a stream has too much credit', (peer) => peer.send(creditFrame(1, 2 ** 31 - 65_536))],
]

const HEADS: readonly Rule[] = [
  ...['authorization', 'proxy-authorization', 'x-api-key', 'cookie', 'origin', 'referer', 'host', 'upgrade', 'te'].map(
    (name): Rule => [
      `the field ${name}`,
      `the field '${name}' does not cross`,
      (peer) => peer.send(rawOpen('GET', '/', [name, 'x'])),
    ],
  ),
  ...['', 'get', 'GET ', 'GET\r\n'].map(
    (method): Rule => [
      `the method ${JSON.stringify(method)}`,
      'the method is no token in upper case',
      (peer) => peer.send(rawOpen(method, '/')),
    ],
  ),
  ...['', '*', 'x', 'http://a/', '//a b', '/a#b', '/a\r\nx: y', '/é'].map(
    (target): Rule => [
      `the target ${JSON.stringify(target)}`,
      'the target is not in origin-form',
      (peer) => peer.send(rawOpen('GET', target)),
    ],
  ),
  ['a name with a space', FIELD_NAME, (peer) => peer.send(rawOpen('GET', '/', ['x a', '']))],
]

describe.each([
  ['streams', STREAMS],
  ['heads', HEADS],
])('%s', (_, rules) => {
  test.each(rules)('%s ends the link as protocol_error, and all its work', async (_rule, text, breakIt) => {
    const { served, peer, link, session } = await openAgent()
    breakIt(peer)
    expect(await peer.closed).toEqual({ code: 4000, text })
    expect(await link.ended).toEqual({ reason: 'protocol_error', text })
    for (const { calls } of served.byTarget.values()) expect(calls.at(-1)).toMatch(/^reset (interrupted|cancelled) /)
    expect([session.isOver, session.liveStreams]).toEqual([true, 0])
  })
})

describe('before the HELLO', () => {
  test.each<[string, Buffer]>([
    ['PING', rawFrame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['PONG', rawFrame(FRAME.pong, 0, 0, Buffer.alloc(8))],
    ['GO_AWAY', rawFrame(FRAME.goAway, 0, 0, Buffer.from([0, 1]))],
    ['OPEN', openOf(1)],
    ['an optional kind', rawFrame(0x80, 0, 0, Buffer.alloc(0))],
    ['a HELLO of an agent', rawFrame(FRAME.hello, 0, 0, Buffer.from('{"software":"a","capabilities":[]}'))],
    ['a HELLO without a session', gatewayHello({ session: undefined })],
    ['a HELLO with an empty session', gatewayHello({ session: '' })],
    ['a HELLO without its tunnel', gatewayHello({ tunnel: undefined })],
    ['a HELLO that has received what was never sent', gatewayHello({ received: 1 })],
  ])('%s ends the link as protocol_error', async (_, bytes) => {
    await using gateway = await startRawGateway()
    const { peer, joining } = await dialAsAgent(gateway.port, gateway.accept())
    await peer.first('hello')
    peer.send(bytes)
    expect((await peer.closed).code).toBe(4000)
    await expect(joining).rejects.toMatchObject({ end: { reason: 'protocol_error' } })
  })
})

test('DATA beyond its credit ends that stream alone', async () => {
  const { served, peer, session } = await openAgent()
  served.get('/1').pause()
  for (let at = 0; at < 4; at++) peer.send(dataOf(1, Buffer.alloc(16_384)))
  await peer.settled()
  expect(served.get('/1').bytes).toBe(65_536)
  peer.send(dataOf(1, 'a'), dataOf(1, 'b', true))
  await peer.settled()
  expect((await peer.first('reset')).reset).toMatchObject({ code: 'flow_control', origin: 'gateway' })
  expect(served.get('/1').calls).toEqual(['data', 'reset flow_control gateway'])
  respond(served.get('/3').stream, { status: 204, fields: [] }, true)
  expect((await peer.first('head')).streamId).toBe(3)
  expect(session.liveStreams).toBe(0)
})

test('once the link has ended, the rest of its message is for nobody', async () => {
  const { served, peer, link } = await openAgent()
  served.get('/1').onReset = () => link.close('limit_exceeded', 'enough')
  peer.send(reset(1), openOf(5, { target: '/5' }))
  expect((await peer.closed).code).toBe(4013)
  expect(served.byTarget.has('/5')).toBe(false)
})

function reset(streamId: number): Buffer {
  return resetFrame(streamId, { code: 'cancelled', origin: 'client', text: '' })
}
