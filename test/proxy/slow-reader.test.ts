import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ManualClock } from '../support/clock.ts'
import type { RawConnection } from '../support/raw.ts'
import type { Step } from '../support/scripted/playback.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { bytes, end, flood, inject, misstateLength } from '../support/scripted/steps.ts'
import { untilStill } from '../support/stillness.ts'
import { postRaw, ReadStream } from './client.ts'
import { caseOf, type StreamCase, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled, until } from './turns.ts'

const MIB = 1_048_576
/** More than the kernel's buffers of two connections grow to; a flood has no end. */
const MAX_HELD_BYTES = 128 * MIB

/** One route of each dialect: holding back does not depend on how frames look. */
const CASES = [caseOf('ollama-chat'), caseOf('openai-chat'), caseOf('anthropic-messages')]

const clock = new ManualClock()
const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  const timeouts = { streamIdle: '2s', slowReader: '10s' }
  ground = opened.use(await startStreamGround({ clock, config: { timeouts, stream: { keepAlive: '1s' } } }))
})
afterAll(() => opened.disposeAsync())

/** A client that sends its request and reads nothing of the answer. */
async function ignore(of: StreamCase, steps: readonly Step[]) {
  const playing = ground.play(of, steps)
  const client = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  client.setReading(false)
  return { client, request: await playing }
}

/** Resolves with the bytes that the upstream could send once it can send no more. */
async function heldBack(request: ReceivedRequest): Promise<number> {
  const most = request.sentBytes + MAX_HELD_BYTES
  return await untilStill(() => {
    expect(request.sentBytes).toBeLessThan(most)
    return request.sentBytes
  })
}

async function leave(client: RawConnection): Promise<void> {
  client.reset()
  await settled(ground.gateway)
}

async function lastRow(): Promise<RequestRow | undefined> {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

test.each(CASES)('$format: the upstream is held back, and goes on when the client reads', async (of) => {
  const { client, request } = await ignore(of, [flood(65_536)])
  const heldBytes = await heldBack(request)
  expect(heldBytes).toBeGreaterThan(65_536)
  client.setReading(true)
  await until(() => client.socket.bytesRead > heldBytes + MIB)
  expect(request.sentBytes).toBeGreaterThan(heldBytes)
  await leave(client)
})

test('the other streams of the same upstream go on', async () => {
  const of = caseOf('openai-chat')
  const { client, request } = await ignore(of, [flood(65_536)])
  const heldBytes = await heldBack(request)
  const others = await Promise.all(
    Array.from({ length: 5 }, () => ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })),
  )
  for (const other of others) expect(await other.rest()).toContain(of.terminator)
  expect(request.sentBytes).toBe(heldBytes)
  await leave(client)
})

test.each(CASES)('$format: after its limit the client is cut and the upstream free', async (of) => {
  const { client, request } = await ignore(of, [flood(65_536)])
  await heldBack(request)
  clock.advance(9_500)
  expect(ground.gateway.parts.gateway.liveExchanges).toBe(1)
  clock.advance(1_000)
  expect((await request.ended).how).toBe('abandoned')
  expect(await lastRow()).toMatchObject({ error_code: 'client_stalled', is_streamed: 1 })
  client.setReading(true)
  await client.untilClosed()
  expect(client.text.endsWith('0\r\n\r\n')).toBe(false)
})

test('the limit of silence does not count while the client is the slow one', async () => {
  const { client, request } = await ignore(caseOf('openai-chat'), [flood(65_536)])
  await heldBack(request)
  // Well over the limit of silence each time; in between the client takes enough for the upstream to go on.
  for (let times = 0; times < 3; times++) {
    clock.advance(5_000)
    const before = request.sentBytes
    client.setReading(true)
    await until(() => request.sentBytes > before + 2 * MIB)
    client.setReading(false)
    await heldBack(request)
  }
  expect(ground.gateway.parts.gateway.liveExchanges).toBe(1)
  await leave(client)
  expect(await lastRow()).toMatchObject({ error_code: 'client_closed' })
})

test('a whole answer that the client does not take: the upstream is free at once, the client cut after its limit', async () => {
  const { path, body } = caseOf('openai-chat')
  const of = { ...caseOf('openai-chat'), path, body: { ...body, stream: false } }
  const size = 3.5 * MIB
  const { client, request } = await ignore(of, [misstateLength(size), bytes(MIB), inject(Buffer.alloc(size, ' ')), end])
  expect((await request.ended).how).toBe('finished')
  await until(() => ground.gateway.parts.keyed.size === 0)
  clock.advance(9_500)
  expect(client.isClosed).toBe(false)
  clock.advance(1_000)
  await settled(ground.gateway)
})
