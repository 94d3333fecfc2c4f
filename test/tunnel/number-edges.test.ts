import { describe, expect, onTestFinished, test } from 'vitest'
import { FRAME, GO_AWAY } from '../../src/protocol/codes.ts'
import { ackFrame, creditFrame, resetFrame } from '../../src/protocol/frame-writer.ts'
import { MAX_CREDIT_BYTES, MAX_STREAM_ID } from '../../src/protocol/limits.ts'
import { HTTP_STREAM } from '../../src/tunnel/http/http-stream.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../src/tunnel/limits.ts'
import { TunnelSession } from '../../src/tunnel/session.ts'
import { ManualClock } from '../support/clock.ts'
import { rawFrame } from '../support/protocol-frames.ts'
import { againstAgent, againstGateway, dialAsAgent, openRawLink, SIDES } from '../support/raw-link.ts'
import {
  agentHello,
  dataOf,
  dialRaw,
  gatewayHello,
  headOf,
  openOf,
  startRawGateway,
} from '../support/raw-tunnel-peer.ts'
import { openStream, ServedStreams, StreamRecorder } from '../support/stream-recorder.ts'

// Numbers at the ends of what their fields can hold, and of what the code counts with.

const NEVER_OPENED = { code: 4000, text: 'a frame names a stream that was never opened' }
const NOT_ABOVE = { code: 4000, text: 'a stream id is even, or not above all before it' }
const NEVER_SENT = { code: 4000, text: 'frames are acknowledged that were never sent' }
const HUGE_IDS = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1]

/** An ACK whose count is any 64 bits. */
const rawAck = (high: number, low: number): Buffer => {
  const payload = Buffer.alloc(8)
  payload.writeUInt32BE(high, 0)
  payload.writeUInt32BE(low, 4)
  return rawFrame(FRAME.ack, 0, 0, payload)
}

const reset = (id: number) => resetFrame(id, { code: 'cancelled', origin: 'client', text: '' })

describe('stream ids', () => {
  test.each(HUGE_IDS)('%i was opened by nobody: each frame for it ends the link, on either side', async (id) => {
    for (const side of SIDES) {
      for (const frame of [dataOf(id, 'a'), creditFrame(id, 1), reset(id)]) {
        const { peer } = await openRawLink(side)
        peer.send(frame)
        expect(await peer.closed).toEqual(NEVER_OPENED)
      }
    }
  })

  test('the largest odd ones are streams as any other, and nothing comes after the last', async () => {
    const served = new ServedStreams()
    const { peer, session } = await againstAgent({ onStream: served.serve })
    const ids = HUGE_IDS.filter((id) => id % 2 === 1)
    for (const id of ids) peer.send(openOf(id, { target: `/${id}`, isEnd: false }))
    for (const id of ids) peer.send(dataOf(id, `for ${id}`, true))
    await peer.settled()
    expect(ids.map((id) => served.get(`/${id}`).text)).toEqual(ids.map((id) => `for ${id}`))
    expect(served.get(`/${MAX_STREAM_ID}`).stream.id).toBe(MAX_STREAM_ID)
    served.get(`/${MAX_STREAM_ID}`).stream.reset('denied', 'agent', '')
    expect(await peer.first('reset')).toMatchObject({ streamId: MAX_STREAM_ID })
    expect(session.liveStreams).toBe(ids.length - 1)
    // All ids are below the last: a gateway that wraps ends its link.
    peer.send(openOf(1))
    expect(await peer.closed).toEqual(NOT_ABOVE)
  })

  test.each(HUGE_IDS.filter((id) => id % 2 === 0))('%i is of the other side: no OPEN may have it', async (id) => {
    const { peer } = await againstAgent()
    peer.send(openOf(id))
    expect(await peer.closed).toEqual(NOT_ABOVE)
  })

  test('run out before they wrap: the owner hears of it in time, and then none is opened', () => {
    let worn = 0
    const session = new TunnelSession({
      id: 's1',
      side: 'gateway',
      limits: { ...DEFAULT_TUNNEL_LIMITS, renewStreamId: 3, lastStreamId: 7 },
      peer: { window: 65_536, streams: 64 },
      canResume: true,
      clock: new ManualClock(),
      onWorn: () => worn++,
    })
    const open = () => session.open(HTTP_STREAM, Buffer.alloc(0), true, new StreamRecorder()).id
    const seen = Array.from({ length: 4 }, () => [open(), worn, session.isWorn, session.isSpent])
    expect(seen).toEqual([
      [1, 0, false, false],
      [3, 1, true, false],
      [5, 1, true, false],
      [7, 1, true, true],
    ])
    expect(open).toThrow(expect.objectContaining({ code: 'agent_busy' }))
    expect([worn, session.liveStreams]).toEqual([2, 4])
  })

  test('are left for hours of the most that an agent reads, when another session is asked for', () => {
    const { renewStreamId, lastStreamId, framesPerSecond } = DEFAULT_TUNNEL_LIMITS
    expect(lastStreamId).toBe(2 ** 32 - 1)
    // An OPEN is eight frames.
    const secondsLeft = (lastStreamId - renewStreamId) / 2 / (framesPerSecond / 8)
    expect(secondsLeft).toBeGreaterThan(600)
  })
})

describe('counts of frames', () => {
  test('cannot come to where they are no longer exact', () => {
    const years = Number.MAX_SAFE_INTEGER / DEFAULT_TUNNEL_LIMITS.framesPerSecond / 31_557_600
    expect(years).toBeGreaterThan(8_000)
  })

  test.each([
    [0, 2 ** 31],
    [0, 2 ** 32 - 1],
    [1, 0],
    [2 ** 21 - 1, 2 ** 32 - 1],
    [2 ** 21, 0],
    [2 ** 21, 1],
    [2 ** 31, 0],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ])('of %i × 2³² + %i acknowledge what was never sent', async (high, low) => {
    for (const side of SIDES) {
      const { peer, session } = await openRawLink(side)
      peer.send(rawAck(high, low))
      expect(await peer.closed).toEqual(NEVER_SENT)
      expect(session.isOver).toBe(true)
    }
  })

  test('that go back say nothing new, and give nothing back twice', async () => {
    const { peer, session } = await againstGateway()
    for (const target of ['/1', '/2', '/3']) {
      openStream(session, target)
      await peer.stream(target)
    }
    const before = session.keptBytes
    const kept = [3, 2, 0, 3].map((count) => {
      peer.send(ackFrame(count))
      return count
    })
    await peer.settled()
    expect([kept.length, before > 0, session.keptBytes]).toEqual([4, true, 0])
    openStream(session, '/4')
    await peer.stream('/4')
    peer.send(ackFrame(2))
    await peer.settled()
    expect(session.keptBytes).toBeGreaterThan(0)
  })

  test.each([4, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])('of %i in a resume end the session', async (received) => {
    const { peer, session, link, port } = await againstGateway()
    const recorder = openStream(session, '/x')
    await peer.stream('/x')
    peer.socket.terminate()
    await link.ended
    const next = await dialRaw(port)
    next.send(agentHello({ resume: { session: session.id, received } }))
    expect(await next.closed).toEqual(NEVER_SENT)
    expect([session.isOver, recorder.reset?.code]).toEqual([true, 'interrupted'])
  })

  test.each([-1, 0.5, 2 ** 53, 1e300, '1', null])('of %j are none in a HELLO', async (received) => {
    const { port, session } = await againstGateway()
    const next = await dialRaw(port)
    next.send(agentHello({ resume: { session: session.id, received } }))
    expect((await next.closed).code).toBe(4000)
    expect(session.isOver).toBe(false)
    await using gateway = await startRawGateway()
    const { peer, joining } = await dialAsAgent(gateway.port, gateway.accept())
    await peer.first('hello')
    peer.send(gatewayHello({ received }))
    expect((await peer.closed).code).toBe(4000)
    await expect(joining).rejects.toMatchObject({ end: { reason: 'protocol_error' } })
  })
})

describe('credit', () => {
  const TOO_MUCH = { code: 4000, text: 'a stream has too much credit' }

  test.each(SIDES)('up to the limit is taken by the %s, one byte more is not', async (side) => {
    for (const [grants, isRefused] of [
      [[MAX_CREDIT_BYTES - 65_536], false],
      [[MAX_CREDIT_BYTES - 65_536, 0], false],
      [[MAX_CREDIT_BYTES - 65_536, 1], true],
      [[MAX_CREDIT_BYTES - 65_535], true],
      [[1_073_741_824, 1_073_676_287], false],
      [[1_073_741_824, 1_073_741_824], true],
      [Array(64).fill(2 ** 26), true],
    ] as const) {
      const { peer, session } = await openRawLink(side)
      if (side === 'gateway') {
        openStream(session, '/x', { hasBody: true })
        await peer.stream('/x')
      } else peer.send(openOf(1, { isEnd: false }))
      for (const bytes of grants) peer.send(creditFrame(1, bytes))
      if (isRefused) expect(await peer.closed).toEqual(TOO_MUCH)
      else await peer.settled()
      expect(session.isOver).toBe(isRefused)
    }
  })

  test('of the first window is at its limit already: a byte more is too much', async () => {
    const { peer, session } = await againstGateway({ hello: { window: MAX_CREDIT_BYTES } })
    openStream(session, '/x', { hasBody: true })
    await peer.stream('/x')
    peer.send(creditFrame(1, 1))
    expect(await peer.closed).toEqual(TOO_MUCH)
  })

  test.each([2 ** 31, 2 ** 32 - 1])('of %i at once is too large for any stream', async (bytes) => {
    for (const side of SIDES) {
      const { peer } = await openRawLink(side)
      peer.send(creditFrame(1, bytes))
      expect(await peer.closed).toEqual({ code: 4000, text: 'the credit is too large' })
    }
  })

  test('that was used up may be granted again, for ever', async () => {
    const { peer, session } = await againstGateway()
    const recorder = openStream(session, '/x', { hasBody: true })
    await peer.stream('/x')
    for (let round = 1; round <= 40; round++) {
      recorder.stream.write(Buffer.alloc(65_536))
      await peer.until((frames) => (bytesOf(frames) === round * 65_536 ? true : undefined))
      peer.send(creditFrame(1, 65_536))
    }
    await peer.settled()
    expect(session.isOver).toBe(false)
  })

  const bytesOf = (frames: readonly { readonly is: string; readonly data?: Buffer }[]) =>
    frames.reduce((sum, frame) => sum + (frame.is === 'data' ? (frame.data?.length ?? 0) : 0), 0)
})

describe('times that a gateway names', () => {
  test.each([0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])('%i ms are taken as they are', async (ms) => {
    await using gateway = await startRawGateway()
    const { peer, joining } = await dialAsAgent(gateway.port, gateway.accept())
    await peer.first('hello')
    peer.send(gatewayHello({ resumeWindowMs: ms, tokenExpiresInMs: ms }))
    const joined = await joining
    onTestFinished(() => joined.session.end('the test is over'))
    expect([joined.resumeWindowMs, joined.tokenExpiresInMs]).toEqual([ms, ms])
  })
})

test('an unknown GO_AWAY code, status and reset code at their ends change nothing else', async () => {
  const { peer, link, session } = await againstGateway()
  const recorder = openStream(session, '/x')
  await peer.stream('/x')
  const heard: unknown[] = []
  link.whenGoAway = (...said) => heard.push(said)
  peer.send(rawFrame(FRAME.goAway, 0xff, 0, Buffer.from([0xff, 0xff])), headOf(1, { status: 599 }))
  peer.send(rawFrame(FRAME.reset, 0xff, 1, Buffer.from([0xff, 0xff, 0xff])))
  await peer.settled()
  expect(Object.keys(GO_AWAY)).toContain('stopping')
  expect(heard).toEqual([['stopping', '']])
  expect(recorder.reset).toEqual({ code: 'internal', origin: 'agent', text: '' })
})
