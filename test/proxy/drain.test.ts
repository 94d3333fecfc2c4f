import { pino } from 'pino'
import { expect, test } from 'vitest'
import { openState } from '../../src/app/state.ts'
import { loadConfig } from '../../src/config/load.ts'
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
import { until } from './turns.ts'

const DRAIN_MS = 5_000

/** A stream in the middle of its frames. */
async function stream({ gateway, key, play }: StreamGround, of: StreamCase) {
  const playing = play(of, [frames(2), hold, rest])
  const reading = await ReadStream.open({ url: gateway.url, key, ...of })
  await reading.until((text) => text.includes('\n'))
  return { reading, request: await playing }
}

test('running streams finish, and then the gateway is closed', async () => {
  await using ground = await startStreamGround({ clock: new ManualClock() })
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
  await closing
  expect((await ground.gateway.rows()).map((row) => row.error_code)).toEqual(STREAM_CASES.map(() => null))
  await expect(RawConnection.open(ground.gateway.port)).rejects.toThrow('ECONNREFUSED')
})

test('a new request on a kept connection is told to ask elsewhere, and its connection ends', async () => {
  await using ground = await startStreamGround({ clock: new ManualClock() })
  const { gateway, key } = ground
  const of = caseOf('openai-done')
  const running = await stream(ground, of)
  // Busy when the drain begins, so that it is not closed as idle.
  const chat = caseOf('ollama-done')
  const playing = ground.play(chat, [frames(1), hold, rest])
  const kept = await postRaw({ url: gateway.url, key, ...chat })
  const request = await playing
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
  await closing
  expect((await gateway.rows()).map((row) => row.error_code)).toContain('shutting_down')
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
  await closing
  expect(await ground.gateway.rows()).toMatchObject([{ error_code: 'shutting_down' }])
})

test('a whole answer past the limit is refused', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const of = { ...caseOf('anthropic'), body: { ...caseOf('anthropic').body, stream: false } }
  const playing = ground.play(of, [hold, rest])
  using client = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  await playing
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  clock.advance(DRAIN_MS)
  await client.untilClosed()
  expect(client.text).toMatch(/^HTTP\/1\.1 503 .*"overloaded_error".*/s)
  await closing
})

test('a client that reads nothing does not hold the drain up for long', async () => {
  const clock = new ManualClock()
  await using ground = await startStreamGround({ clock })
  const { request, reading } = await stream(ground, caseOf('openai-done'))
  const closing = ground.gateway.parts.gateway.close(DRAIN_MS)
  clock.advance(DRAIN_MS)
  clock.advance(1_000)
  await closing
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
  const { request } = await stream(ground, caseOf('ollama-done'))
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
