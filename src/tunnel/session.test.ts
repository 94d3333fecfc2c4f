import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { rawFrame } from '../../test/support/protocol-frames.ts'
import { againstAgent, againstGateway, dialAsAgent, openRawLink, SIDES } from '../../test/support/raw-link.ts'
import {
  agentHello,
  dataOf,
  dialRaw,
  gatewayHello,
  headOf,
  openOf,
  type RawPeer,
  startRawGateway,
} from '../../test/support/raw-tunnel-peer.ts'
import { openStream, ServedStreams, type StreamRecorder } from '../../test/support/stream-recorder.ts'
import { startTunnelPair } from '../../test/support/tunnel-pair.ts'
import { ackFrame, creditFrame, resetFrame } from '../protocol/frame-writer.ts'
import { respond } from './http/http-stream.ts'
import type { TunnelSession } from './session.ts'

const acksOf = ({ frames }: RawPeer) => frames.flatMap((frame) => (frame.is === 'ack' ? [frame.count] : []))
const PIECE = Buffer.alloc(16_384)

describe('acknowledgement', () => {
  test.each(SIDES)('by the %s comes once that many bytes have come', async (side) => {
    const { peer, session } = await openRawLink(side, { limits: { windowBytes: 1_000_000 } })
    if (side === 'gateway') {
      openStream(session, '/x')
      await peer.stream('/x')
      peer.send(headOf(1))
    } else {
      peer.send(openOf(1, { isEnd: false }))
    }
    // 15 messages of 16,393 bytes, and the head: less than 262,144.
    for (let at = 0; at < 15; at++) peer.send(dataOf(1, PIECE))
    await peer.settled()
    expect(acksOf(peer)).toEqual([])
    peer.send(dataOf(1, PIECE))
    await peer.settled()
    expect(acksOf(peer)).toEqual([17])
    // The next count begins anew.
    for (let at = 0; at < 15; at++) peer.send(dataOf(1, PIECE))
    await peer.settled()
    expect(acksOf(peer)).toEqual([17])
    peer.send(dataOf(1, PIECE))
    await peer.settled()
    expect(acksOf(peer)).toEqual([17, 33])
  })

  test.each(SIDES)('by the %s comes half a second after the first frame, and not again for nothing', async (side) => {
    const { peer, session, clock } = await openRawLink(side)
    if (side === 'gateway') {
      openStream(session, '/x')
      await peer.stream('/x')
      peer.send(headOf(1))
    } else {
      peer.send(openOf(1, { isEnd: false }))
    }
    await peer.settled()
    clock.advance(300)
    // Frames of no stream have no number; those that are skipped do, and so has whatever comes for a stream that is over.
    peer.send(rawFrame(0x80, 0, 0, PIECE), rawFrame(0x81, 0, 1, PIECE), creditFrame(1, 1))
    peer.send(resetFrame(1, { code: 'cancelled', origin: 'client', text: '' }), dataOf(1, 'late'))
    await peer.settled()
    clock.advance(199)
    await peer.settled()
    expect(acksOf(peer)).toEqual([])
    clock.advance(1)
    await peer.settled()
    expect(acksOf(peer)).toEqual([5])
    clock.advance(5_000)
    await peer.settled()
    expect(acksOf(peer)).toEqual([5])
  })

  test('leaves nothing kept on either side', async () => {
    const served = new ServedStreams()
    const clock = new ManualClock()
    await using pair = await startTunnelPair({ onStream: served.serve, clock })
    await pair.connect()
    const { gateway, agent } = pair
    const recorder = openStream(gateway.session, '/x', { hasBody: true })
    recorder.stream.write(Buffer.alloc(50_000))
    recorder.stream.end()
    await expect.poll(() => served.byTarget.get('/x')?.hasEnded).toBe(true)
    respond(served.get('/x').stream, { status: 200, fields: [] }, true)
    await expect.poll(() => recorder.hasEnded).toBe(true)
    expect(gateway.session.keptBytes).toBeGreaterThan(50_000)
    expect(agent.session.keptBytes).toBeGreaterThan(0)
    clock.advance(500)
    await expect.poll(() => [gateway.session.keptBytes, agent.session.keptBytes]).toEqual([0, 0])
  })

  test('that does not come stops DATA at the bound, and nothing else', async () => {
    const { peer, session } = await againstGateway({
      limits: { resendBytes: 100_000 },
      hello: { window: 10_000_000 },
    })
    const recorder = openStream(session, '/up', { hasBody: true })
    recorder.stream.write(Buffer.alloc(5_000_000))
    recorder.stream.end()
    const id = await peer.stream('/up')
    await peer.settled()
    const sent = () => peer.frames.reduce((sum, frame) => sum + (frame.is === 'data' ? frame.data.length : 0), 0)
    const before = sent()
    expect(before).toBeGreaterThan(100_000 - PIECE.length)
    expect(before).toBeLessThan(300_000)
    // What others wait for still goes: new streams, credit for what they send, resets.
    const down = openStream(session, '/down')
    const other = await peer.stream('/down')
    peer.send(headOf(other))
    for (let at = 0; at < 4; at++) peer.send(dataOf(other, PIECE))
    await peer.first('credit')
    down.stream.reset('cancelled', 'client', '')
    await peer.first('reset')
    expect(sent()).toBe(before)
    const count = () => peer.frames.filter(({ is }) => ['open', 'data', 'credit', 'reset'].includes(is)).length
    while (sent() < 5_000_000) {
      peer.send(ackFrame(count()))
      await peer.settled()
    }
    expect(peer.frames.some((frame) => frame.is === 'data' && frame.isEnd && frame.streamId === id)).toBe(true)
  })
})

describe.each<[string, Record<string, unknown>]>([
  ['that names no resume', { capabilities: ['http'] }],
  ['that keeps no session', { resumeWindowMs: 0 }],
])('against a peer %s', (_, hello) => {
  test.each(SIDES.filter((side) => side === 'agent' || hello['capabilities'] !== undefined))(
    'the session of the %s ends with its link, and acknowledges nothing',
    async (side) => {
      const served = new ServedStreams()
      const { peer, session, link, clock } = await openRawLink(side, { hello, onStream: served.serve })
      let recorder: StreamRecorder
      if (side === 'gateway') {
        recorder = openStream(session, '/x')
        peer.send(headOf(await peer.stream('/x')))
      } else {
        peer.send(openOf(1))
        await peer.settled()
        recorder = served.get('/x')
      }
      await peer.settled()
      clock.advance(5_000)
      await peer.settled()
      expect(acksOf(peer)).toEqual([])
      expect(session.keptBytes).toBe(0)
      peer.socket.terminate()
      await link.ended
      expect(recorder.reset).toMatchObject({ code: 'interrupted', origin: side })
      expect([session.isOver, session.liveStreams]).toEqual([true, 0])
    },
  )
})

describe('the gateway, asked to resume', () => {
  /** A session with 5 frames sent (2 of them in one message) and 3 received; its link has just broken. */
  async function broken() {
    const ground = await againstGateway()
    const { peer, session, link, port } = ground
    const recorder = openStream(session, '/x', { hasBody: true })
    const id = await peer.stream('/x')
    for (const text of ['a', 'b']) {
      recorder.stream.write(Buffer.from(text))
      await peer.settled()
    }
    openStream(session, '/y')
    openStream(session, '/z')
    await peer.stream('/z')
    peer.send(headOf(id), dataOf(id, '1'))
    peer.send(dataOf(id, '2'))
    await peer.settled()
    peer.socket.terminate()
    await link.ended
    const resume = async (received: number, of: TunnelSession = session) => {
      const next = await dialRaw(port)
      next.send(agentHello({ resume: { session: of.id, received } }))
      return next
    }
    return { session, recorder, resume }
  }

  test.each([
    ['nothing was lost', 5, []],
    ['a part was lost', 2, ['data', 'open', 'open']],
    ['all was lost', 0, ['open', 'data', 'data', 'open', 'open']],
  ])('tells its own count and sends the rest again: %s', async (_, received, again) => {
    const { session, recorder, resume } = await broken()
    const next = await resume(received)
    const hello = JSON.parse((await next.first('hello')).payload.toString())
    expect(hello).toMatchObject({ session: session.id, resumed: true, received: 3 })
    await next.settled()
    expect(next.frames.flatMap(({ is }) => (['open', 'data'].includes(is) ? [is] : []))).toEqual(again)
    // And goes on, on both sides.
    next.send(dataOf(1, '3', true))
    recorder.stream.end()
    await next.settled()
    expect(recorder.text).toBe('123')
    expect(recorder.stream.isOver).toBe(true)
    expect(openStream(session, '/new').stream.id).toBe(7)
  })

  test.each([
    ['inside a message', 4, 'the count of received frames is of no message that is still kept'],
    ['beyond what was sent', 6, 'frames are acknowledged that were never sent'],
  ])('refuses a count %s, and the session is over', async (_, received, text) => {
    const { session, recorder, resume } = await broken()
    const next = await resume(received)
    expect(await next.closed).toEqual({ code: 4000, text })
    expect(recorder.reset).toMatchObject({ code: 'interrupted', origin: 'gateway' })
    expect(session.isOver).toBe(true)
  })

  test('of which it knows nothing, opens a new session', async () => {
    const { session, resume } = await broken()
    const next = await resume(3, { id: 's999' } as TunnelSession)
    const hello = JSON.parse((await next.first('hello')).payload.toString())
    expect(hello).toMatchObject({ resumed: false, received: 0 })
    expect(hello.session).not.toBe(session.id)
    expect(session.isOver).toBe(true)
  })
})

describe('the agent, whose link broke', () => {
  /** A session with 3 frames sent in two messages and 1 received. */
  async function broken() {
    const served = new ServedStreams()
    const { peer, link, session } = await againstAgent({ onStream: served.serve })
    peer.send(openOf(1, { isEnd: false }))
    await peer.settled()
    const recorder = served.get('/x')
    respond(recorder.stream, { status: 200, fields: [] }, false)
    recorder.stream.write(Buffer.from('a'))
    await peer.first('data')
    recorder.stream.write(Buffer.from('b'))
    await peer.until((frames) => frames.find((frame) => frame.is === 'data' && frame.data.toString() === 'b'))
    peer.socket.terminate()
    await link.ended
    const gateway = await startRawGateway()
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const next = await dialAsAgent(gateway.port, gateway.accept(), { resume: session, onStream: served.serve })
    return { served, session, recorder, ...next }
  }

  test('tells its count, and sends again what the gateway has not', async () => {
    const { session, recorder, peer, joining } = await broken()
    const { resume } = JSON.parse((await peer.first('hello')).payload.toString())
    expect(resume).toEqual({ session: session.id, received: 1 })
    recorder.stream.write(Buffer.from('c'))
    recorder.stream.end()
    peer.send(gatewayHello({ session: session.id, resumed: true, received: 2 }), dataOf(1, 'body', true))
    expect(await joining).toMatchObject({ isResumed: true, session })
    await peer.settled()
    expect(peer.frames.flatMap((frame) => (frame.is === 'data' ? [frame.data.toString()] : []))).toEqual(['b', 'c'])
    expect(recorder.calls).toEqual(['data', 'end'])
    expect(session.liveStreams).toBe(0)
  })

  test.each<[string, Record<string, unknown>]>([
    ['does not know the session', { session: 's2', resumed: false }],
    ['names another', { session: 's2', resumed: true }],
    ['says the same name of a new one', { resumed: false }],
  ])('ends its work where the gateway %s', async (_, hello) => {
    const { session, served, recorder, peer, joining } = await broken()
    await peer.first('hello')
    peer.send(gatewayHello(hello), openOf(1, { target: '/new' }))
    const joined = await joining
    expect(joined.isResumed).toBe(false)
    expect(joined.session).not.toBe(session)
    expect(recorder.calls).toEqual(['reset interrupted agent'])
    await peer.settled()
    expect(served.byTarget.has('/new')).toBe(true)
  })

  test.each([
    ['inside a message', 1],
    ['beyond what was sent', 4],
  ])('refuses a count %s, and ends its work', async (_, received) => {
    const { session, recorder, peer, joining } = await broken()
    await peer.first('hello')
    peer.send(gatewayHello({ session: session.id, resumed: true, received }))
    expect((await peer.closed).code).toBe(4000)
    await expect(joining).rejects.toMatchObject({ end: { reason: 'protocol_error' } })
    expect(recorder.calls).toEqual(['reset interrupted agent'])
  })
})

test('frames that came right behind the HELLO are acknowledged like any other', async () => {
  const gateway = await startRawGateway()
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const { peer, joining, clock } = await dialAsAgent(gateway.port, gateway.accept())
  await peer.first('hello')
  peer.send(gatewayHello(), openOf(1))
  await joining
  clock.advance(500)
  await peer.settled()
  expect(acksOf(peer)).toEqual([1])
})
