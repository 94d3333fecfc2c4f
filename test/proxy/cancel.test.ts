import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ManualClock } from '../support/clock.ts'
import { RawConnection } from '../support/raw.ts'
import type { Step } from '../support/scripted/playback.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { allFrames, bytes, flood, frames, hold, rest } from '../support/scripted/steps.ts'
import { postRaw, requestText } from './client.ts'
import { caseOf, STREAM_CASES, type StreamCase, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled, until } from './turns.ts'
import { WHOLE_CASES } from './whole-answers.ts'

const opened = new AsyncDisposableStack()
const clock = new ManualClock()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ clock }))
})
afterAll(() => opened.disposeAsync())

afterEach(async () => {
  await settled(ground.gateway)
  const { keyed, upstreams } = ground.gateway.parts
  expect(keyed.size).toBe(0)
  expect(upstreams.all().map(({ id }) => upstreams.leasesOf(id))).toEqual([0, 0])
})

/** Ways in which a client's connection ends. */
const LEAVES = {
  closes: (client: RawConnection) => client.socket.destroy(),
  'half-closes': (client: RawConnection) => client.halfClose(),
  resets: (client: RawConnection) => client.reset(),
}
const ways = Object.keys(LEAVES) as (keyof typeof LEAVES)[]

async function start(of: StreamCase, steps: readonly Step[]) {
  const playing = ground.play(of, steps)
  const client = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  return { client, request: await playing }
}

/** Resolves once the upstream's connection is gone; says how long after the client that was. */
async function upstreamCloses(request: ReceivedRequest, leave: () => void): Promise<string> {
  const leftAt = performance.now()
  leave()
  expect((await request.ended).how).toBe('abandoned')
  return `the upstream was free ${((await request.connection.closed) - leftAt).toFixed(1)} ms after the client left`
}

async function lastRow(): Promise<RequestRow | undefined> {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

const CLIENT_CLOSED = { status: 499, error_code: 'client_closed' }

describe.each(STREAM_CASES)('a client of a $format stream that leaves', (of) => {
  test.for(ways)('after some frames (it %s)', async (way, { annotate }) => {
    const { client, request } = await start(of, [frames(2), hold, rest])
    await client.until((text) => text.includes('\n\r\n', text.indexOf('\r\n\r\n') + 4))
    await annotate(await upstreamCloses(request, () => LEAVES[way](client)))
    expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, is_streamed: 1 })
  })

  test('with the last frame, which its model server has not ended, has had all of it', async () => {
    const { client, request } = await start(of, [allFrames, hold, rest])
    await client.until((text) => text.includes(of.terminator) && text.endsWith('\n\r\n'))
    await upstreamCloses(request, () => client.socket.destroy())
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, is_streamed: 1 })
  })

  test('before the first byte', async ({ annotate }) => {
    const { client, request } = await start(of, [hold, rest])
    await annotate(await upstreamCloses(request, () => client.reset()))
    expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, is_streamed: 0, ttfb_ms: null, completion_tokens: null })
  })

  test('in the middle of a flood', async ({ annotate }) => {
    const { client, request } = await start(of, [flood(10_000)])
    await client.until(() => client.socket.bytesRead > 1_000_000)
    await annotate(await upstreamCloses(request, () => client.socket.destroy()))
    expect(await lastRow()).toMatchObject(CLIENT_CLOSED)
  })
})

test.each(STREAM_CASES.filter(({ dialect }) => dialect !== 'ollama'))(
  'a client of a $format stream that leaves while it is only told that it has to wait',
  async (of) => {
    const { client, request } = await start(of, [hold, rest])
    clock.advance(10_250)
    await client.until((text) => text.includes('\n\n\r\n'))
    await upstreamCloses(request, () => client.reset())
    expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, is_streamed: 1 })
  },
)

test.each([
  ['ollama-chat', 3, 3, null],
  ['openai-chat', 3, 2, null],
  ['openai-responses', 6, 2, null],
  ['anthropic-messages', 5, 2, 9],
  ['llama-completion', 3, 3, null],
] as const)('what was said until then is estimated: %s', async (format, sent, tokens, promptTokens) => {
  const of = caseOf(format)
  const { client, request } = await start(of, [frames(sent), hold, rest])
  await client.until((text) => text.includes(format === 'openai-chat' ? 'from' : format === 'ollama-chat' ? ' a"' : ''))
  await until(() => client.received.length > request.sentBytes)
  await upstreamCloses(request, () => client.reset())
  const requestBytes = Buffer.byteLength(JSON.stringify(of.body))
  expect(await lastRow()).toMatchObject({
    ...CLIENT_CLOSED,
    is_estimated: 1,
    prompt_tokens: promptTokens ?? Math.ceil(requestBytes / 4),
    completion_tokens: tokens,
  })
})

describe.each(WHOLE_CASES)('a client of a whole answer of the $dialect dialect that leaves', (of) => {
  test.each([
    ['before its first byte', [hold, rest]],
    ['when a part of it has come', [bytes(10), hold, rest]],
  ] as const)('%s', async (_, steps) => {
    const { client, request } = await start(of, steps)
    await upstreamCloses(request, () => client.reset())
    expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, is_estimated: 0, completion_tokens: null })
  })
})

test('a client that leaves before its request is whole costs the upstream nothing', async () => {
  const of = caseOf('openai-chat')
  const upstream = ground.upstreamOf(of)
  const before = upstream.requests.length
  for (const way of ways) {
    const client = await RawConnection.open(ground.gateway.port)
    await client.send(requestText({ url: ground.gateway.url, key: ground.key, ...of }).slice(0, -10))
    await until(() => ground.gateway.parts.keyed.size === 1)
    LEAVES[way](client)
    expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, upstream: null })
  }
  expect(upstream.requests.length).toBe(before)
})

test('a client that leaves in the middle of an upload', async () => {
  const upstream = ground.upstreamOf(caseOf('ollama-chat'))
  const before = upstream.connections.length
  using client = await RawConnection.open(ground.gateway.port)
  const head = `POST /api/blobs/sha256:${'a'.repeat(64)} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${ground.key}\r\n`
  await client.send(`${head}content-length: 1000000\r\n\r\n${'x'.repeat(100_000)}`)
  await until(() => upstream.connections.length > before)
  client.reset()
  await upstream.connections.at(-1)?.closed
  expect(await lastRow()).toMatchObject({ ...CLIENT_CLOSED, route: 'POST /api/blobs/{digest}' })
})

test.each(ways)('requests that were sent ahead end with their connection (it %s) and never begin', async (way) => {
  const of = caseOf('ollama-chat')
  const upstream = ground.upstreamOf(of)
  const { client, request } = await start(of, [frames(1), hold, rest])
  const before = upstream.requests.length
  const ahead = { url: ground.gateway.url, key: ground.key, ...of }
  await client.send(requestText(ahead) + requestText(ahead))
  await upstreamCloses(request, () => LEAVES[way](client))
  await settled(ground.gateway)
  expect(await lastRow()).toMatchObject(CLIENT_CLOSED)
  expect(upstream.requests.length).toBe(before)
})
