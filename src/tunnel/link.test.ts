import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { ManualClock } from '../../test/support/clock.ts'
import { startNetwork } from '../../test/support/network.ts'
import { rawFrame } from '../../test/support/protocol-frames.ts'
import { dialAsAgent, openRawLink, SIDES } from '../../test/support/raw-link.ts'
import { agentHello, dialRaw, gatewayHello, type RawPeer, startRawGateway } from '../../test/support/raw-tunnel-peer.ts'
import { startTunnelPair } from '../../test/support/tunnel-pair.ts'
import { CLOSE, type CloseReason, FRAME, isResumable, STREAM_KIND } from '../protocol/codes.ts'
import { ackFrame, goAwayFrame, openFrame, pingFrame, pongFrame } from '../protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts'
import { awaitAgent } from './accept.ts'
import { DEFAULT_TUNNEL_LIMITS } from './limits.ts'
import { LinkEnded } from './link.ts'

const MISSED = { code: 4008, text: 'nothing was heard for two heartbeats' }

describe.each(SIDES)('the heartbeat of the %s', (side) => {
  test('ends the link at the moment at which nothing was heard for two of them', async () => {
    const { clock, peer, link } = await openRawLink(side)
    // Heard between two beats of our own: the silence is counted from here.
    clock.advance(100)
    await peer.settled()
    clock.advance(29_999)
    expect(link.isEnded).toBe(false)
    clock.advance(1)
    expect(await link.ended).toEqual({ reason: 'heartbeat_missed', text: MISSED.text })
    expect(await peer.closed).toEqual(MISSED)
  })

  test("goes by the other side's own, however long ours is", async () => {
    const { clock, peer, link } = await openRawLink(side, {
      limits: { heartbeatMs: 300_000 },
      hello: { heartbeatMs: 1_000 },
    })
    clock.advance(1_999)
    expect(link.isEnded).toBe(false)
    clock.advance(1)
    expect((await peer.closed).code).toBe(4008)
  })

  test('is a PING at the start and then as often as was said, as long as anything comes', async () => {
    const { clock, peer, link } = await openRawLink(side, { limits: { heartbeatMs: 10_000 } })
    for (let at = 0; at < 10; at++) {
      clock.advance(10_000)
      await peer.settled()
    }
    expect(peer.frames.filter(({ is }) => is === 'ping')).toHaveLength(11)
    expect(link.isEnded).toBe(false)
  })

  test('measures the round trip by the answer to its own last PING', async () => {
    const { clock, peer, link } = await openRawLink(side)
    const { content } = await peer.first('ping')
    clock.advance(7)
    peer.send(pongFrame(Buffer.alloc(8, 0x7f)))
    await peer.settled()
    expect(link.roundTripMs).toBeUndefined()
    peer.send(pongFrame(content))
    await peer.settled()
    expect(link.roundTripMs).toBe(7)
  })

  test('leaves no timer behind', async () => {
    const clock = new ManualClock()
    const { peer, link } = await openRawLink(side, { clock })
    link.probe(2_000)
    peer.socket.terminate()
    expect((await link.ended).reason).toBe('lost')
    expect(clock.pendingTimers).toBe(0)
  })
})

test('both ends of a black hole find out, and the next link measures again', async () => {
  const clock = new ManualClock()
  await using pair = await startTunnelPair({ onStream() {}, clock })
  await using network = await startNetwork({ target: { host: '127.0.0.1', port: pair.port } })
  await pair.connect({ port: network.port })
  const { agent, gateway } = pair
  await expect.poll(() => [agent.link.roundTripMs, gateway.link.roundTripMs]).toEqual([0, 0])
  network.freeze()
  clock.advance(29_999)
  expect([agent.link.isEnded, gateway.link.isEnded]).toEqual([false, false])
  clock.advance(1)
  expect((await agent.link.ended).reason).toBe('heartbeat_missed')
  expect((await gateway.link.ended).reason).toBe('heartbeat_missed')
  // Nobody answers the close frame.
  clock.advance(2_000)
  expect(clock.pendingTimers).toBe(0)
  network.thaw()
  expect((await pair.connect({ port: network.port })).isResumed).toBe(true)
})

describe('probe', () => {
  test.each(SIDES)('ends a link of the %s that shows no sign in time', async (side) => {
    const { clock, peer, link } = await openRawLink(side)
    clock.advance(1)
    link.probe(2_000)
    clock.advance(1_999)
    expect(link.isEnded).toBe(false)
    clock.advance(1)
    expect(await peer.closed).toEqual(MISSED)
  })

  test.each(SIDES)('lets a link of the %s be that answers', async (side) => {
    const { clock, peer, link } = await openRawLink(side)
    const before = peer.frames.length
    link.probe(2_000)
    await peer.until((frames) => frames.slice(before).find(({ is }) => is === 'ping'))
    clock.advance(1_000)
    await peer.settled()
    clock.advance(1_000)
    expect(link.isEnded).toBe(false)
  })
})

describe('no HELLO', () => {
  test('from the agent within 10 s ends the link', async () => {
    const clock = new ManualClock()
    await using pair = await startTunnelPair({ onStream() {}, clock })
    const peer = await dialRaw(pair.port)
    clock.advance(9_999)
    expect(peer.socket.readyState).toBe(peer.socket.OPEN)
    clock.advance(1)
    expect(await peer.closed).toEqual({ code: 4000, text: 'no HELLO came in time' })
    await expect.poll(() => clock.pendingTimers).toBe(0)
  })

  test('from the gateway within 10 s ends the link', async () => {
    await using gateway = await startRawGateway()
    const { peer, joining, clock } = await dialAsAgent(gateway.port, gateway.accept())
    clock.advance(9_999)
    expect(peer.socket.readyState).toBe(peer.socket.OPEN)
    clock.advance(1)
    expect(await peer.closed).toEqual({ code: 4000, text: 'no HELLO came in time' })
    await expect(joining).rejects.toThrow(LinkEnded)
    await expect.poll(() => clock.pendingTimers).toBe(0)
  })

  test('but a close says why no link came of it', async () => {
    await using gateway = await startRawGateway()
    const { peer, joining } = await dialAsAgent(gateway.port, gateway.accept())
    peer.socket.close(CLOSE.revoked, 'this tunnel was revoked')
    await expect(joining).rejects.toMatchObject({ end: { reason: 'revoked', text: 'this tunnel was revoked' } })
  })
})

describe('the end', () => {
  test.each(Object.keys(CLOSE) as CloseReason[])(
    '%s is told by either side, and what becomes of the session',
    async (reason) => {
      for (const teller of SIDES) {
        await using pair = await startTunnelPair({ onStream() {} })
        await pair.connect()
        const listener = teller === 'gateway' ? pair.agent : pair.gateway
        const end = { reason, text: `${teller} says why` }
        pair[teller].link.close(reason, end.text)
        expect(await pair[teller].link.ended).toEqual(end)
        expect(await listener.link.ended).toEqual(end)
        for (const { session } of [pair.gateway, pair.agent]) expect(session.isOver).toBe(!isResumable(reason))
      }
    },
  )

  test.each([
    ['no close frame', undefined],
    ['a close frame without a code', 1005],
    ['a code that has no meaning here', 4999],
  ])('%s leaves the session to be resumed', async (_, code) => {
    for (const side of SIDES) {
      const { peer, link, session } = await openRawLink(side)
      if (code === undefined) peer.socket.terminate()
      else if (code === 1005) peer.socket.close()
      else peer.socket.close(code, 'why')
      expect((await link.ended).reason).toBe('lost')
      expect(session.isOver).toBe(false)
    }
  })

  test('a text is cut at a whole character, and what could reach a terminal is blank', async () => {
    const { peer, link } = await openRawLink('gateway')
    link.close('done', `${'é'.repeat(61)}€`)
    expect((await peer.closed).text).toBe('é'.repeat(61))
    const other = await openRawLink('gateway')
    other.peer.socket.close(1000, 'a\u001b[31m\u202eb')
    expect((await other.link.ended).text).toBe('a [31m b')
  })

  test('is the first, whatever is said later', async () => {
    const { peer, link, clock } = await openRawLink('gateway')
    link.close('revoked', 'first')
    link.close('done', 'second')
    expect(await peer.closed).toEqual({ code: 4003, text: 'first' })
    expect(await link.ended).toEqual({ reason: 'revoked', text: 'first' })
    await expect.poll(() => clock.pendingTimers).toBe(0)
    link.close('done', 'third')
    expect(clock.pendingTimers).toBe(0)
  })

  test('does not wait for a peer that never answers the close frame', async () => {
    const clock = new ManualClock()
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    onTestFinished(() => sockets.close())
    await once(sockets, 'listening')
    const offering = once(sockets, 'connection').then(([socket]) => awaitAgent(socket, clock, DEFAULT_TUNNEL_LIMITS))
    const peer = await dialRaw((sockets.address() as AddressInfo).port)
    peer.send(agentHello())
    const { link } = await offering
    peer.socket.pause()
    link.close('done', 'bye')
    clock.advance(1_999)
    await new Promise(setImmediate)
    expect(sockets.clients.size).toBe(1)
    clock.advance(1)
    await expect.poll(() => sockets.clients.size).toBe(0)
    peer.socket.resume()
    await peer.closed
  })
})

describe.each(SIDES)('a flood at the %s', (side) => {
  /** Four messages of 64 KiB: nobody who means well sends them. */
  const flood = (peer: RawPeer, frame: Buffer): void => {
    const message = Buffer.alloc(Math.floor(MAX_MESSAGE_BYTES / frame.length) * frame.length, frame)
    for (let at = 0; at < 4; at++) peer.send(message)
  }

  test.each<[string, Buffer, string]>([
    ['PINGs', pingFrame(Buffer.alloc(8)), 'more ping frames came than may'],
    ['PONGs', pongFrame(Buffer.alloc(8)), 'more pong frames came than may'],
    ['optional frames', rawFrame(0x80, 0, 0, Buffer.alloc(0)), 'more optional frames came than may'],
    ['optional frames of a stream', rawFrame(0x80, 0, 1, Buffer.alloc(0)), 'more optional frames came than may'],
  ])('of %s ends the link in the middle of the first message', async (_, frame, text) => {
    const { clock, peer, link } = await openRawLink(side)
    flood(peer, frame)
    expect(await link.ended).toEqual({ reason: 'limit_exceeded', text })
    // Not read any more, not even for its answer to the close frame.
    clock.advance(2_000)
    expect(await peer.closed).toEqual({ code: 4013, text })
    expect(peer.frames.filter(({ is }) => is === 'pong')).toEqual([])
  })

  test('of GO_AWAYs ends the link at the second', async () => {
    const { peer, link } = await openRawLink(side)
    let heard = 0
    link.whenGoAway = () => heard++
    flood(peer, goAwayFrame('restart', ''))
    expect(await link.ended).toEqual({ reason: 'protocol_error', text: 'a second GO_AWAY came' })
    expect(heard).toBe(1)
  })

  test('of pings of the WebSocket itself ends the link', async () => {
    const { clock, peer, link } = await openRawLink(side)
    for (let at = 0; at < 1_000; at++) peer.socket.ping()
    expect(await link.ended).toEqual({ reason: 'limit_exceeded', text: 'more pings came than may' })
    clock.advance(2_000)
    await peer.closed
  })

  test('that comes slowly is none', async () => {
    const { clock, peer, link } = await openRawLink(side)
    await peer.first('ping')
    for (let second = 0; second < 30; second++) {
      for (let at = 0; at < 16; at++) peer.send(pingFrame(Buffer.alloc(8, 0xf0 + at)))
      await peer.settled()
      clock.advance(1_000)
    }
    expect(link.isEnded).toBe(false)
    expect(pongsOf(peer).filter(isOwn)).toHaveLength(480)
  })

  test('of small frames lets everybody else have their turn', async () => {
    const { peer } = await openRawLink(side)
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    // An ACK that says nothing new may come as often as it likes.
    const acks = Array.from({ length: 3_800 }, () => ackFrame(0))
    const before = peer.frames.length
    turn()
    peer.send(...acks, pingFrame(Buffer.alloc(8, 9)))
    await peer.until((frames) => frames.slice(before).find(({ is }) => is === 'pong'))
    isOver = true
    expect(turns).toBeGreaterThan(3_800 / 256)
  })
})

function pongsOf(peer: RawPeer): Buffer[] {
  return peer.frames.flatMap((frame) => (frame.is === 'pong' ? [frame.content] : []))
}

/** Whether a PONG answers a PING of the test itself, and none of `settled`. */
const isOwn = (content: Buffer): boolean => (content[0] as number) >= 0xf0

test.each(SIDES)('the %s answers the last PING of a message, and the last of the WebSocket in a turn', async (side) => {
  const { peer } = await openRawLink(side)
  peer.send(...[0xf1, 0xf2, 0xf3].map((at) => pingFrame(Buffer.alloc(8, at))))
  await peer.settled()
  expect(pongsOf(peer).filter(isOwn)).toEqual([Buffer.alloc(8, 0xf3)])
  const pong = once(peer.socket, 'pong')
  peer.socket.ping('a')
  expect(String((await pong)[0])).toBe('a')
})

test('an agent refuses only so many OPENs, and keeps little of them', async () => {
  const { clock, peer, link, session } = await openRawLink('agent')
  const count = 6_000
  const opens = Buffer.alloc(count * 10)
  for (let at = 0; at < count; at++) {
    const open = openFrame(at * 2 + 1, STREAM_KIND.http, Buffer.alloc(0), true)
    open[9] = 2
    open.copy(opens, at * 10)
  }
  peer.send(opens)
  expect(await link.ended).toEqual({ reason: 'limit_exceeded', text: 'too many streams were opened in vain' })
  expect(session.isOver).toBe(true)
  clock.advance(2_000)
  await peer.closed
  expect(peer.frames.filter(({ is }) => is === 'reset').length).toBeLessThanOrEqual(256)
})

test.each(SIDES)('a message too large ends the link of the %s, in the words of the WebSocket itself', async (side) => {
  const { peer, link } = await openRawLink(side)
  peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 9)))
  await peer.settled()
  expect(link.isEnded).toBe(false)
  peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(MAX_MESSAGE_BYTES - 8)))
  expect((await peer.closed).code).toBe(1009)
  expect((await link.ended).reason).toBe('protocol_error')
})

describe('notices', () => {
  test.each(SIDES)('GO_AWAY reaches the %s', async (side) => {
    const { peer, link } = await openRawLink(side)
    const heard: unknown[] = []
    link.whenGoAway = (...said) => heard.push(said)
    peer.send(goAwayFrame('restart', 'a'))
    await peer.settled()
    expect(heard).toEqual([['restart', 'a']])
  })

  test.each(SIDES)('GO_AWAY with a code of a later version is to the %s the usual one', async (side) => {
    const { peer, link } = await openRawLink(side)
    const heard: unknown[] = []
    link.whenGoAway = (...said) => heard.push(said)
    peer.send(rawFrame(FRAME.goAway, 0, 0, Buffer.from([0, 9, 0x63])))
    await peer.settled()
    expect(heard).toEqual([[side === 'gateway' ? 'stopping' : 'restart', 'c']])
  })

  test('GO_AWAY right behind the HELLO is heard by whoever listens later', async () => {
    await using gateway = await startRawGateway()
    const { peer, joining } = await dialAsAgent(gateway.port, gateway.accept())
    await peer.first('hello')
    peer.send(gatewayHello(), goAwayFrame('restart', 'soon'))
    const { link, session } = await joining
    await peer.settled()
    const heard: unknown[] = []
    link.whenGoAway = (...said) => heard.push(said)
    expect(heard).toEqual([['restart', 'soon']])
    session.end('the test is over')
  })

  test('GO_AWAY is said once', async () => {
    const { peer, link } = await openRawLink('gateway')
    for (const text of ['first', 'second']) link.goAway('restart', text)
    await peer.settled()
    expect(peer.frames.flatMap((frame) => (frame.is === 'goAway' ? [frame.text] : []))).toEqual(['first'])
  })

  test('a token reaches the gateway, and either side can say GO_AWAY', async () => {
    await using pair = await startTunnelPair({ onStream() {} })
    await pair.connect()
    const heard: unknown[] = []
    pair.gateway.link.whenToken = (token) => heard.push(token)
    pair.gateway.link.whenGoAway = (...said) => heard.push(said)
    pair.agent.link.whenGoAway = (...said) => heard.push(said)
    pair.agent.link.sendToken('a.b.c')
    pair.agent.link.goAway('stopping', 'soon')
    await expect.poll(() => heard.length).toBe(2)
    pair.gateway.link.goAway('restart', 'later')
    await expect.poll(() => heard.length).toBe(3)
    expect(heard).toEqual(['a.b.c', ['stopping', 'soon'], ['restart', 'later']])
  })
})
