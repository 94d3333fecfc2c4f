import { describe, expect, test } from 'vitest'
import { againstGateway, openRawLink } from '../../test/support/raw-link.ts'
import { dataOf, headOf, openOf, type RawPeer } from '../../test/support/raw-tunnel-peer.ts'
import { openStream, pour, ServedStreams, StreamRecorder } from '../../test/support/stream-recorder.ts'
import { startTunnelPair, type TunnelPair } from '../../test/support/tunnel-pair.ts'
import { ORIGIN, RESET, type ResetCode, type ResetOrigin, STREAM_KIND } from '../protocol/codes.ts'
import { openRequest, respond } from './http/http-stream.ts'
import type { StreamKind } from './stream-kinds.ts'

async function openPair(): Promise<{ readonly pair: TunnelPair; readonly served: ServedStreams }> {
  const served = new ServedStreams()
  const pair = await startTunnelPair({ onStream: served.serve })
  await pair.connect()
  return { pair, served }
}

/** Both sides of one stream of that pair. */
async function openBoth({ pair, served }: Awaited<ReturnType<typeof openPair>>, target: string, hasBody = true) {
  const gateway = openStream(pair.gateway.session, target, { method: 'POST', hasBody })
  await expect.poll(() => served.byTarget.has(target)).toBe(true)
  return { gateway, agent: served.get(target) }
}

const nobodyLeft = (pair: TunnelPair) =>
  expect.poll(() => [pair.gateway.session.liveStreams, pair.agent.session.liveStreams]).toEqual([0, 0])

describe('either side ends its half', () => {
  test('the request first', async () => {
    const ground = await openPair()
    await using pair = ground.pair
    const { gateway, agent } = await openBoth(ground, '/x')
    gateway.stream.write(Buffer.from('ask'))
    gateway.stream.end()
    await expect.poll(() => agent.calls).toEqual(['data', 'end'])
    respond(agent.stream, { status: 201, fields: [] }, false)
    agent.stream.write(Buffer.from('answer'))
    await expect.poll(() => gateway.text).toBe('answer')
    expect([gateway.stream.isOver, agent.stream.isOver]).toEqual([false, false])
    agent.stream.end()
    await nobodyLeft(pair)
    expect(gateway.calls).toEqual(['head 201', 'data', 'end'])
    expect(agent.calls).toEqual(['data', 'end'])
  })

  test('the response first, while the request goes on', async () => {
    const ground = await openPair()
    await using pair = ground.pair
    const { gateway, agent } = await openBoth(ground, '/x')
    respond(agent.stream, { status: 200, fields: [] }, false)
    agent.stream.write(Buffer.from('early'))
    agent.stream.end()
    await expect.poll(() => gateway.calls).toEqual(['head 200', 'data', 'end'])
    pour(gateway, 1_000_000)
    await expect.poll(() => agent.hasEnded).toBe(true)
    expect(agent.bytes).toBe(1_000_000)
    await nobodyLeft(pair)
  })

  test('with its head, where there is no body', async () => {
    const ground = await openPair()
    await using pair = ground.pair
    const { gateway, agent } = await openBoth(ground, '/x', false)
    expect(agent.calls).toEqual(['end'])
    respond(agent.stream, { status: 204, fields: [] }, true)
    await nobodyLeft(pair)
    expect(gateway.calls).toEqual(['head 204', 'end'])
  })
})

describe('RESET', () => {
  test('of every code reaches the other side, with whoever caused it', async () => {
    const ground = await openPair()
    await using pair = ground.pair
    const kinds = (Object.keys(RESET) as ResetCode[]).flatMap((code) =>
      (Object.keys(ORIGIN) as ResetOrigin[]).map((origin) => ({ code, origin, target: `/${code}/${origin}` })),
    )
    const open = (way: string) =>
      kinds.map((kind) => ({ ...kind, asked: openStream(pair.gateway.session, `${kind.target}/${way}`) }))
    const [down, up] = [open('down'), open('up')]
    await expect.poll(() => ground.served.byTarget.size).toBe(kinds.length * 2)
    for (const { asked, code, origin } of down) asked.stream.reset(code, origin, 'why')
    const served = (target: string) => ground.served.get(target)
    // A text is cut at 512 bytes.
    for (const { code, origin, target } of up) served(`${target}/up`).stream.reset(code, origin, 'é'.repeat(300))
    await nobodyLeft(pair)
    for (const { asked, code, origin, target } of down) {
      expect(served(`${target}/down`).reset).toEqual({ code, origin, text: 'why' })
      expect(asked.calls).toEqual([])
    }
    for (const { asked, code, origin, target } of up) {
      expect(asked.reset).toEqual({ code, origin, text: 'é'.repeat(256) })
      expect(served(`${target}/up`).calls).toEqual(['end'])
    }
  })

  test('is the last that is heard of a stream, on both sides', async () => {
    const ground = await openPair()
    await using pair = ground.pair
    const { gateway, agent } = await openBoth(ground, '/x')
    respond(agent.stream, { status: 200, fields: [] }, false)
    pour(agent, 10_000_000)
    pour(gateway, 10_000_000)
    await expect.poll(() => [gateway.bytes > 0, agent.bytes > 0]).toEqual([true, true])
    gateway.stream.reset('cancelled', 'client', '')
    gateway.stream.reset('internal', 'gateway', 'again')
    const heard = [...gateway.calls]
    await expect.poll(() => agent.reset?.code).toBe('cancelled')
    agent.stream.reset('internal', 'agent', 'too late')
    agent.stream.write(Buffer.from('too late'))
    agent.stream.end()
    respond(agent.stream, { status: 200, fields: [] }, true)
    // Another stream goes to and fro behind all that was on its way.
    const { gateway: next, agent: served } = await openBoth(ground, '/y', false)
    respond(served.stream, { status: 200, fields: [] }, true)
    await expect.poll(() => next.hasEnded).toBe(true)
    expect(gateway.calls).toEqual(heard)
    expect(agent.calls.filter((call) => call.startsWith('reset'))).toEqual(['reset cancelled client'])
    await nobodyLeft(pair)
  })

  test('drops what still waited to be sent', async () => {
    const { peer, session } = await againstGateway({ hello: { window: 16_384 } })
    const recorder = openStream(session, '/x', { hasBody: true })
    recorder.stream.write(Buffer.alloc(100_000))
    await peer.until((frames) => frames.find(({ is }) => is === 'data'))
    recorder.stream.end()
    recorder.stream.reset('cancelled', 'client', '')
    recorder.stream.reset('internal', 'gateway', 'again')
    await peer.first('reset')
    await peer.settled()
    // One RESET, and no END after it.
    expect(peer.frames.filter(({ is }) => is === 'reset')).toHaveLength(1)
    expect(peer.frames.some((frame) => frame.is === 'data' && frame.isEnd)).toBe(false)
    const sent = peer.frames.reduce((sum, frame) => sum + (frame.is === 'data' ? frame.data.length : 0), 0)
    expect(sent).toBe(16_384)
  })

  test('inside the head tells the receiver nothing of the END that came with it', async () => {
    const { peer, session } = await againstGateway()
    const recorder = new StreamRecorder()
    recorder.onHead = () => recorder.stream.reset('cancelled', 'client', '')
    recorder.stream = openRequest(session, { method: 'GET', target: '/x', fields: [] }, true, recorder)
    peer.send(headOf(await peer.stream('/x'), { isEnd: true }))
    await peer.settled()
    expect(recorder.calls).toEqual([])
    expect(session.liveStreams).toBe(0)
  })

  test('inside a piece of DATA tells it nothing of the END either', async () => {
    const { peer, session } = await againstGateway()
    const recorder = new StreamRecorder()
    recorder.onData = () => recorder.stream.reset('cancelled', 'client', '')
    recorder.stream = openRequest(session, { method: 'GET', target: '/x', fields: [] }, true, recorder)
    const id = await peer.stream('/x')
    peer.send(headOf(id), dataOf(id, 'a', true))
    await peer.settled()
    expect(recorder.calls).toEqual(['head 200'])
  })
})

describe('the last word before a link is closed as done', () => {
  test.each<[string, (recorder: StreamRecorder) => void, string[]]>([
    ['RESET', ({ stream }) => stream.reset('refused', 'upstream', 'not running'), ['reset refused upstream']],
    ['HEAD', ({ stream }) => respond(stream, { status: 204, fields: [] }, true), ['head 204', 'end']],
  ])('is not lost: %s', async (_, say, heard) => {
    const ground = await openPair()
    await using pair = ground.pair
    const { gateway, agent } = await openBoth(ground, '/x', false)
    const { link, session } = pair.agent
    const closing = session.idle().then(() => link.close('done', 'nothing is left'))
    say(agent)
    await closing
    expect((await pair.gateway.link.ended).reason).toBe('done')
    expect(gateway.calls).toEqual(heard)
  })
})

describe('many at once', () => {
  test('500 streams, each with its own bytes, and ids that only grow', async () => {
    const served = new ServedStreams()
    await using pair = await startTunnelPair({ onStream: served.serve, agentLimits: { streams: 500 } })
    await pair.connect()
    const streams = Array.from({ length: 500 }, (_, at) =>
      openStream(pair.gateway.session, `/${at}`, { hasBody: true }),
    )
    expect(streams.map(({ stream }) => stream.id)).toEqual(streams.map((_, at) => at * 2 + 1))
    for (const [at, recorder] of streams.entries()) pour(recorder, 1_000 + at * 100, Buffer.alloc(977, `${at} `))
    await expect.poll(() => served.byTarget.size).toBe(500)
    for (const recorder of served.byTarget.values()) {
      recorder.onEnd = () => {
        respond(recorder.stream, { status: 200, fields: [] }, false)
        recorder.stream.write(Buffer.concat(recorder.chunks))
        recorder.stream.end()
      }
      if (recorder.hasEnded) recorder.onEnd()
    }
    await expect.poll(() => streams.filter(({ hasEnded }) => !hasEnded)).toEqual([])
    for (const [at, { bytes, text }] of streams.entries()) {
      expect(bytes).toBe(1_000 + at * 100)
      expect(text.startsWith(`${at} ${at} `)).toBe(true)
    }
    await nobodyLeft(pair)
  })

  test('no more than the agent takes; what is refused here never leaves', async () => {
    const { peer, session } = await againstGateway({ hello: { streams: 2 } })
    const first = openStream(session, '/1')
    openStream(session, '/2')
    expect(() => openStream(session, '/3')).toThrow(
      expect.objectContaining({ code: 'agent_busy', retryAfterMs: 1_000 }),
    )
    first.stream.reset('cancelled', 'client', '')
    const fourth = openStream(session, '/4')
    await peer.stream('/4')
    expect(fourth.stream.id).toBe(5)
    expect(peer.frames.filter(({ is }) => is === 'open')).toHaveLength(3)
  })

  test('an agent refuses what is beyond, and serves the others', async () => {
    const served = new ServedStreams()
    const { peer, session } = await openRawLink('agent', { limits: { streams: 2 }, onStream: served.serve })
    peer.send(openOf(1, { target: '/1' }), openOf(3, { target: '/3' }), openOf(5, { target: '/5', isEnd: false }))
    // Its body was on the way.
    peer.send(dataOf(5, 'x', true))
    await peer.settled()
    expect(resetsOf(peer)).toEqual([[5, 'busy', 'agent']])
    expect([...served.byTarget.keys()]).toEqual(['/1', '/3'])
    respond(served.get('/1').stream, { status: 204, fields: [] }, true)
    peer.send(openOf(7, { target: '/7' }))
    await peer.settled()
    expect(session.liveStreams).toBe(2)
    expect(served.byTarget.has('/7')).toBe(true)
  })

  test('a stream kind that is not known is refused too', async () => {
    const served = new ServedStreams()
    const { peer } = await openRawLink('agent', { onStream: served.serve })
    const bytes = openOf(1)
    bytes[9] = 2
    peer.send(bytes, openOf(3, { target: '/3' }))
    await peer.settled()
    expect(resetsOf(peer)).toEqual([[1, 'unsupported', 'agent']])
    expect(served.byTarget.has('/3')).toBe(true)
  })
})

test('a stream of a kind without heads is bytes both ways', async () => {
  const { peer, session } = await againstGateway()
  const kind: StreamKind = { name: 'bytes', code: STREAM_KIND.bytes, needsHead: false, accept() {} }
  const recorder = new StreamRecorder()
  recorder.stream = session.open(kind, Buffer.alloc(0), false, recorder)
  recorder.stream.write(Buffer.from('there'))
  const opened = await peer.first('open')
  expect(opened).toMatchObject({ streamId: 1, streamKind: 2, head: Buffer.alloc(0), isEnd: false })
  peer.send(dataOf(1, 'and back', true))
  expect((await peer.first('data')).data.toString()).toBe('there')
  await peer.settled()
  recorder.stream.end()
  expect(recorder.calls).toEqual(['data', 'end'])
  expect(recorder.text).toBe('and back')
  await expect.poll(() => session.liveStreams).toBe(0)
})

test('the end of a session is the last every stream hears, and it takes nothing more', async () => {
  const ground = await openPair()
  await using pair = ground.pair
  const { gateway, agent } = await openBoth(ground, '/1')
  const other = await openBoth(ground, '/2')
  // Whoever hears of one end may end another.
  gateway.onReset = () => other.gateway.stream.reset('cancelled', 'client', '')
  pair.gateway.link.close('revoked', 'it is over')
  expect(other.gateway.calls).toEqual([])
  expect(pair.gateway.session.liveStreams).toBe(0)
  await expect.poll(() => agent.calls).toEqual(['reset interrupted agent'])
  expect(other.agent.reset).toEqual({ code: 'interrupted', origin: 'agent', text: 'it is over' })
  gateway.stream.end()
  await pair.gateway.session.idle()
})

function resetsOf(peer: RawPeer): unknown[] {
  return peer.frames.flatMap((frame) =>
    frame.is === 'reset' ? [[frame.streamId, frame.reset.code, frame.reset.origin]] : [],
  )
}
