import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { openState } from '../../src/gateway/serve/state.ts'
import { ManualClock } from '../support/clock.ts'
import { RawConnection } from '../support/raw.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { postRaw, ReadStream, requestText } from './client.ts'
import {
  caseOf,
  STREAM_CASES,
  type StreamCase,
  type StreamGround,
  startStreamGround,
  streamErrorIn,
} from './stream-cases.ts'
import { settled, until } from './turns.ts'

const DRAIN_MS = 5_000

/** A stream in the middle of its frames. */
async function stream({ gateway, key, play }: StreamGround, of: StreamCase) {
  const playing = play(of, [frames(2), hold, rest])
  const reading = await ReadStream.open({ url: gateway.url, key, ...of })
  await reading.until((text) => text.includes('\n'))
  return { reading, request: await playing }
}

/** Moves time on until it is closed: connections that are kept have their while. */
async function closed(closing: Promise<void>, clock: ManualClock): Promise<void> {
  let isClosed = false
  const closes = closing.finally(() => {
    isClosed = true
  })
  await until(() => {
    clock.advance(50)
    return isClosed
  })
  await closes
}

/** Resolves once so many exchanges go on. */
function settledTo({ gateway }: StreamGround, count: number): Promise<void> {
  return until(() => gateway.parts.gateway.liveExchanges === count)
}

/** A connection that goes on sending when the other side has ended. */
async function openHalf(port: number) {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
  const seen = { text: '', isEnded: false, error: undefined as Error | undefined }
  socket.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString('latin1')
  })
  socket.on('end', () => {
    seen.isEnded = true
  })
  socket.on('error', (error) => {
    seen.error = error
  })
  await once(socket, 'connect')
  return { socket, seen }
}

test('running streams finish, and then the gateway is closed', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const running = []
  for (const of of STREAM_CASES) running.push({ of, ...(await stream(ground, of)) })
  let isClosed = false
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS).then(() => {
    isClosed = true
  })
  for (const { of, reading, request } of running) {
    expect(isClosed).toBe(false)
    request.release()
    expect(await reading.rest()).toContain(of.terminator)
    expect(reading.isBroken).toBe(false)
  }
  await settled(ground.gateway)
  await closed(closing, clock)
  expect((await ground.gateway.rows()).map((row) => row.error_code)).toEqual(STREAM_CASES.map(() => null))
  await expect(RawConnection.open(ground.gateway.port)).rejects.toThrow('ECONNREFUSED')
})

test('a new request on a kept connection is told to ask elsewhere, and its connection ends', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { gateway, key } = ground
  const of = caseOf('openai-chat')
  const running = await stream(ground, of)
  // Busy when the drain begins, so that it is not closed as idle.
  const chat = caseOf('ollama-chat')
  const playing = ground.play(chat, [frames(1), hold, rest])
  const kept = await postRaw({ url: gateway.url, key, ...chat })
  const request = await playing
  await kept.until((text) => text.includes('\r\n\r\n'))
  const closing = gateway.parts.gateway.close(DRAIN_MS)
  request.release()
  await kept.until((text) => text.endsWith('0\r\n\r\n'))
  const before = ground.upstreamOf(chat).requests.length
  const answered = kept.text.length
  await kept.send(requestText({ url: gateway.url, key, ...chat }))
  await kept.untilClosed()
  const refusal = kept.text.slice(answered)
  expect(refusal).toMatch(/^HTTP\/1\.1 503 /)
  expect(refusal).toMatch(/\r\nretry-after: 5\r\n/)
  expect(refusal).toMatch(/\r\nx-should-retry: true\r\n/)
  expect(refusal).toMatch(/\r\nconnection: close\r\n/i)
  expect(refusal).toContain('The gateway is about to stop')
  expect(ground.upstreamOf(chat).requests.length).toBe(before)
  running.request.release()
  await running.reading.rest()
  await settled(gateway)
  await closed(closing, clock)
  // As every other refusal: in its key's name.
  const refused = (await gateway.rows()).find((row) => row.error_code === 'shutting_down')
  expect(refused).toMatchObject({ status: 503, org_id: 'default', route: `POST ${chat.path}`, dialect: chat.dialect })
  expect(refused?.key_id).toMatch(/./)
})

test('a request of nobody is refused as well, and gets a row without a name', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { gateway } = ground
  const running = await stream(ground, caseOf('openai-chat'))
  using stranger = await RawConnection.open(gateway.port)
  await stranger.send('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  await stranger.until((text) => text.endsWith('}'))
  const closing = gateway.parts.gateway.close(DRAIN_MS)
  const before = stranger.text.length
  await stranger.send('GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer no\r\n\r\n')
  await stranger.untilClosed()
  expect(stranger.text.slice(before)).toMatch(/^HTTP\/1\.1 503 /)
  running.request.release()
  await running.reading.rest()
  await settled(gateway)
  await closed(closing, clock)
  const rows = (await gateway.rows()).filter((row) => row.error_code === 'shutting_down')
  expect(rows).toMatchObject([{ status: 503, key_id: null, route: 'GET /v1/models' }])
})

test('a refusal waits for the whole of its request, whose connection would be reset under it', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { gateway, key } = ground
  const of = caseOf('openai-chat')
  const running = await stream(ground, of)
  using kept = await RawConnection.open(gateway.port)
  await kept.send('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  await kept.until((text) => text.endsWith('}'))
  await settledTo(ground, 1)
  const before = kept.text.length
  const closing = gateway.parts.gateway.close(DRAIN_MS)
  const request = requestText({ url: gateway.url, key, ...of })
  await kept.send(request.slice(0, -10))
  await settledTo(ground, 2)
  await new Promise((resolve) => setImmediate(resolve))
  expect(kept.text.length).toBe(before)
  await kept.send(request.slice(-10))
  await kept.untilClosed()
  expect(kept.text.slice(before)).toMatch(/^HTTP\/1\.1 503 .*\r\nconnection: close\r\n/is)
  running.request.release()
  await running.reading.rest()
  await settled(gateway)
  await closed(closing, clock)
})

test('an idle connection is kept for a request that is on its way, and then closed without a reset', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { gateway, key } = ground
  const of = caseOf('ollama-chat')
  const request = requestText({ url: gateway.url, key, ...of })
  const answers = (text: string) => text.match(/HTTP\/1\.1 \d+/g)?.length ?? 0
  const [late, idle] = [await openHalf(gateway.port), await openHalf(gateway.port)]
  for (const { socket, seen } of [late, idle]) {
    socket.write(request)
    await until(() => seen.text.endsWith('0\r\n\r\n'))
  }
  await settled(gateway)
  let isClosed = false
  const closing = gateway.parts.gateway.close(DRAIN_MS).then(() => {
    isClosed = true
  })
  clock.advance(499)
  late.socket.write(request)
  await until(() => late.seen.isEnded)
  expect(late.seen.text).toMatch(/\r\n\r\n.*HTTP\/1\.1 503 .*The gateway is about to stop/s)
  late.socket.end()
  expect([idle.seen.isEnded, isClosed]).toEqual([false, false])
  await until(() => {
    clock.advance(1)
    return idle.seen.isEnded
  })
  // It crosses the end of its connection.
  idle.socket.write(request)
  idle.socket.end()
  await once(idle.socket, 'close')
  expect([late.seen.error, idle.seen.error, answers(idle.seen.text)]).toEqual([undefined, undefined, 1])
  await closing
  await expect(RawConnection.open(gateway.port)).rejects.toThrow('ECONNREFUSED')
})

test('an answer that has not begun says that it is the last on its connection', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const of = { ...caseOf('openai-chat'), body: { ...caseOf('openai-chat').body, stream: false } }
  const playing = ground.play(of, [hold, rest])
  using client = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  const request = await playing
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  request.release()
  await client.untilClosed()
  expect(client.text).toMatch(/^HTTP\/1\.1 200 .*\r\nconnection: close\r\n/is)
  await closing
})

test.each(STREAM_CASES)('$format: what runs past the limit is cut with an error', async (of) => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { reading, request } = await stream(ground, of)
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  clock.advance(DRAIN_MS - 1)
  expect(ground.gateway.parts.gateway.liveExchanges).toBe(1)
  clock.advance(1)
  const text = await reading.rest()
  expect(streamErrorIn(text, of.format)).toContain('The gateway stopped before this answer was complete')
  expect(text).not.toContain(of.terminator)
  expect((await request.ended).how).toBe('abandoned')
  await settled(ground.gateway)
  await closed(closing, clock)
  expect(await ground.gateway.rows()).toMatchObject([{ error_code: 'shutting_down' }])
})

test('a whole answer past the limit is refused', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const of = { ...caseOf('anthropic-messages'), body: { ...caseOf('anthropic-messages').body, stream: false } }
  const playing = ground.play(of, [hold, rest])
  using client = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  await playing
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  clock.advance(DRAIN_MS)
  await client.untilClosed()
  expect(client.text).toMatch(/^HTTP\/1\.1 503 .*"overloaded_error".*/s)
  await closed(closing, clock)
})

test('a client that reads nothing does not hold the drain up for long', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { request, reading } = await stream(ground, caseOf('openai-chat'))
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  clock.advance(DRAIN_MS)
  clock.advance(1_000)
  await closed(closing, clock)
  expect((await request.ended).how).toBe('abandoned')
  await reading.rest()
})

test('destroy waits for nobody', async () => {
  await using ground = await startStreamGround({ clock: new ManualClock() })
  const running = []
  for (const of of STREAM_CASES) running.push({ of, ...(await stream(ground, of)) })
  await ground.gateway.parts.gateway.destroy()
  expect(ground.gateway.parts.gateway.liveExchanges).toBe(0)
  for (const { of, reading, request } of running) {
    const text = await reading.rest()
    // What the socket took of the error before it was destroyed is told; nothing looks complete either way.
    expect(reading.isBroken || streamErrorIn(text, of.format) !== undefined).toBe(true)
    expect((await request.ended).how).toBe('abandoned')
  }
  expect((await ground.gateway.rows()).map((row) => row.error_code)).toEqual(STREAM_CASES.map(() => 'shutting_down'))
})

test('disposing the parts writes the last rows before the database closes', async () => {
  const ground = await startStreamGround({ clock: new ManualClock() })
  const { home, parts } = ground.gateway
  const { request } = await stream(ground, caseOf('ollama-chat'))
  await parts[Symbol.asyncDispose]()
  expect((await request.ended).how).toBe('abandoned')
  const config = loadConfig({ home, env: {}, flags: {} })
  {
    await using state = await openState({ home, config, clock: new ManualClock(), log: pino({ level: 'silent' }) })
    expect(await state.requests.list({ orgId: 'default' }, { limit: 10 })).toMatchObject([{ route: 'POST /api/chat' }])
  }
  await until(() => parts.gateway.liveExchanges === 0)
  await ground[Symbol.asyncDispose]()
})
