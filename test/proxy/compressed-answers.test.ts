import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { COMPRESSION_NAMES } from '../support/scripted/compressor.ts'
import {
  chunksOf,
  compressed,
  cut,
  fail,
  flood,
  frames,
  hold,
  type inject,
  raw,
  rest,
  restButTerminator,
} from '../support/scripted/steps.ts'
import { post, postRaw, ReadStream } from './client.ts'
import { caseOf, STREAM_CASES, type StreamGround, startStreamGround, streamErrorIn } from './stream-cases.ts'
import { settled, until } from './turns.ts'
import { expectError, WHOLE_CASES, wholeCaseOf } from './whole-answers.ts'

const opened = new AsyncDisposableStack()
const clock = new ManualClock()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ clock }))
})
afterAll(() => opened.disposeAsync())

const send = (of: (typeof STREAM_CASES)[number]) => post({ url: ground.gateway.url, key: ground.key, ...of })

async function lastRow() {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

describe.each(COMPRESSION_NAMES)('an upstream that compresses by %s although it was asked not to', (name) => {
  test.each(WHOLE_CASES)('$dialect: a whole answer comes plain', async (of) => {
    const plain = await (await send(of)).text()
    ground.upstreamOf(of).behave([compressed(name), rest], { path: of.path })
    const response = await send(of)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(plain)))
    expect(withoutIds(await response.text())).toBe(withoutIds(plain))
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, completion_tokens: expect.any(Number) })
    expect(ground.gateway.parts.answers.heldBytes).toBe(0)
  })

  test.each(STREAM_CASES)('$format: a stream comes plain and frame by frame', async (of) => {
    const plain = await (await send(of)).text()
    const playing = ground.play(of, [compressed(name), chunksOf(1), frames(2), hold, rest])
    const reading = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    const request = await playing
    await reading.until((text) => text.includes('\n'))
    expect(reading.text).not.toContain(of.terminator)
    request.release()
    expect(withoutIds(await reading.rest())).toBe(withoutIds(plain))
    expect(reading.response.headers.get('content-encoding')).toBeNull()
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, is_streamed: 1 })
    expect(ground.gateway.parts.answers.heldBytes).toBe(0)
  })

  test.each(STREAM_CASES)('$format: a stream that ends early is told as one', async (of) => {
    ground.upstreamOf(of).behave([compressed(name), restButTerminator, cut], { path: of.path })
    const text = await (await send(of)).text()
    expect(text).not.toContain(of.terminator)
    expect(streamErrorIn(text, of.format)).toMatch(/in the middle of its answer/)
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_interrupted' })
  })

  test.each(STREAM_CASES)('$format: a stream that unpacks to far more than was sent is cut', async (of) => {
    ground.upstreamOf(of).behave([compressed(name), frames(1), flood(1_000_000)], { path: of.path })
    const text = await (await send(of)).text()
    expect(text.length).toBeLessThan(8 * 1_024 * 1_024)
    expect(text).toMatch(/unpacks to more than 100 times its size/)
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_invalid' })
    await until(() => ground.gateway.parts.answers.heldBytes === 0)
  })

  test("an upstream's own error comes plain", async () => {
    const of = wholeCaseOf('openai')
    ground.upstreamOf(of).behave([compressed(name), fail(503, 'still loading')], { path: of.path })
    const response = await send(of)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('still loading')
  })
})

test.each([...WHOLE_CASES, ...STREAM_CASES])(
  'POST $path: an answer that is broken, or compressed in another way, is refused',
  async (of) => {
    const refuse = async (encoding: string, body: Buffer, said: RegExp) => {
      const head = `HTTP/1.1 200 OK\r\ncontent-type: ${of.contentType}\r\ncontent-encoding: ${encoding}\r\n`
      const answer = Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body])
      ground.upstreamOf(of).behave([raw(answer), cut], { path: of.path })
      expect(await (await send({ ...of, body: { ...of.body, stream: false } })).text()).toMatch(said)
      expect(await lastRow()).toMatchObject({ error_code: 'upstream_invalid' })
    }
    await refuse('gzip', Buffer.from('{"plain":true}'), /cannot be unpacked/)
    await refuse('gzip', Buffer.concat([gzipSync('{}'), Buffer.from('{}')]), /cannot be unpacked/)
    await refuse('gzip, gzip', gzipSync(gzipSync('{}')), /in a way that is not read/)
    await refuse('compress', Buffer.from('{}'), /in a way that is not read/)
  },
)

test('a client that takes nothing holds back what is unpacked for it, and leaving ends it', async () => {
  const of = caseOf('openai-chat')
  const playing = ground.play(of, [compressed('gzip'), frames(1), noise])
  using connection = await postRaw({ url: ground.gateway.url, key: ground.key, ...of })
  await connection.until((text) => text.includes('data: '))
  connection.setReading(false)
  const request = await playing
  let before = -1
  while (before !== request.sentBytes) {
    before = request.sentBytes
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  connection.reset()
  expect((await request.ended).how).toBe('abandoned')
  await until(() => ground.gateway.parts.answers.heldBytes === 0)
})

test('what decoders hold is bounded for each org', async () => {
  const config = { limits: { answerMemory: '40MiB', answerMemoryPerOrg: '40MiB' } }
  await using tight = await startStreamGround({ config })
  const of = caseOf('openai-chat')
  const ask = () => ReadStream.open({ url: tight.gateway.url, key: tight.key, ...of })
  tight.upstreamOf(of).behave([compressed('br'), frames(1), hold, rest], { path: of.path, times: 3 })
  const running = [await ask(), await ask()]
  const refused = await post({ url: tight.gateway.url, key: tight.key, ...of })
  expect(await expectError(refused, of.dialect, 'overloaded')).toMatch(/as memory allows/)
  for (const request of tight.upstreamOf(of).requests) request.release(3)
  for (const reading of running) expect(await reading.rest()).toContain(of.terminator)
  expect(tight.gateway.parts.answers.heldBytes).toBe(0)
})

test('a server that compresses its lists too is known, and its models are', async () => {
  const lists: Readonly<Record<string, object>> = {
    '/api/version': { version: '0.33.0' },
    '/api/ps': { models: [] },
    '/api/tags': { models: [{ name: 'tiny:latest', model: 'tiny:latest' }] },
  }
  const server = createServer((request, response) => {
    const body = lists[request.url ?? '']
    if (body === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-encoding': 'zstd' }).end(zstdCompressSync(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using gateway = await startTestGateway({ upstreams: [url] })
  const headers = { authorization: `Bearer ${await gateway.key()}` }
  expect(await (await fetch(`${gateway.url}/v1/models`, { headers })).json()).toMatchObject({
    data: [{ id: 'tiny:latest' }],
  })
})

/** More than any buffer on the way holds, and nothing that compresses well. */
async function noise(playback: Parameters<ReturnType<typeof inject>>[0]): Promise<void> {
  let state = 1
  const piece = Buffer.alloc(65_536)
  for (let sent = 0; sent < 4_096 && !playback.isOver; sent++) {
    for (let at = 0; at < piece.length; at++) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
      piece[at] = 0x21 + ((state >> 16) % 90)
    }
    await playback.send(Buffer.concat([Buffer.from(': '), piece, Buffer.from('\n\n')]))
  }
}

/** Ids and times differ from answer to answer. */
function withoutIds(text: string): string {
  return text.replaceAll(/"(?:id|item_id|response_id|created|created_at|system_fingerprint)":(?:"[^"]*"|[\d.]+)/g, '')
}
