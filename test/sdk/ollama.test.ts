import type { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  SCRIPTED_EMBEDDING,
  SCRIPTED_TEXT,
  SCRIPTED_TOOL_ARGUMENTS,
  SCRIPTED_USAGE,
} from '../support/scripted/answer.ts'
import { cut, end, errorFrame, fail, frames, hold } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { countAt, crash, FOREIGN_KEY, messages, ollamaClient, parameters } from './clients.ts'

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let client: Ollama

beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', 'other:latest'] }))
  gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
  client = ollamaClient(gateway, await gateway.key({ routes: ['inference', 'metadata', 'manage'] }))
})
afterAll(() => opened.disposeAsync())

describe("what Ollama's SDK asks for", () => {
  test('chat', async () => {
    const whole = await client.chat({ model: 'tiny', messages })
    expect(whole.message.content).toBe(SCRIPTED_TEXT)
    expect(whole.eval_count).toBe(SCRIPTED_USAGE.completionTokens)
    let said = ''
    for await (const part of await client.chat({ model: 'tiny', messages, stream: true })) said += part.message.content
    expect(said).toBe(SCRIPTED_TEXT)
  })

  test('tools', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', description: '', parameters } }]
    const call = { function: { name: 'weather', arguments: SCRIPTED_TOOL_ARGUMENTS } }
    expect((await client.chat({ model: 'tiny', messages, tools })).message.tool_calls).toMatchObject([call])
    const calls: unknown[] = []
    for await (const { message } of await client.chat({ model: 'tiny', messages, tools, stream: true })) {
      calls.push(...(message.tool_calls ?? []))
    }
    expect(calls).toMatchObject([call])
  })

  test('generate', async () => {
    expect((await client.generate({ model: 'tiny', prompt: 'hi' })).response).toBe(SCRIPTED_TEXT)
    let said = ''
    for await (const part of await client.generate({ model: 'tiny', prompt: 'hi', stream: true })) said += part.response
    expect(said).toBe(SCRIPTED_TEXT)
  })

  test('embeddings, by both routes', async () => {
    const { embeddings } = await client.embed({ model: 'tiny', input: ['a', 'b'] })
    expect(embeddings).toEqual([SCRIPTED_EMBEDDING, SCRIPTED_EMBEDDING])
    expect((await client.embeddings({ model: 'tiny', prompt: 'a' })).embedding).toEqual(SCRIPTED_EMBEDDING)
  })

  test('the models, those in memory, one of them, and the version', async () => {
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['tiny:latest', 'other:latest'])
    expect((await client.ps()).models).toMatchObject([{ name: 'tiny:latest', size_vram: 1_000_000 }])
    expect((await client.show({ model: 'tiny' })).capabilities).toContain('tools')
    expect(await client.version()).toEqual({ version: '0.33.0' })
  })

  test('a pull, with its progress', async () => {
    expect(await client.pull({ model: 'tiny' })).toEqual({ status: 'success' })
    const statuses: string[] = []
    for await (const { status } of await client.pull({ model: 'tiny', stream: true })) statuses.push(status)
    expect(statuses).toEqual([
      'pulling manifest',
      expect.stringMatching(/^pulling a/),
      expect.stringMatching(/^pulling a/),
      'success',
    ])
  })
})

describe('the errors it throws', () => {
  test.each([
    ['no key', undefined, /Send one key as/],
    ['a key that was never made', FOREIGN_KEY, /does not know this key/],
    ['what is no key', 'ollama', /no key of this gateway/],
  ])('%s: 401', async (_, key, said) => {
    const count = () => countAt(upstream, '/api/chat') + countAt(upstream, '/api/show')
    const before = count()
    const stranger = ollamaClient(gateway, key)
    const refusal = { name: 'ResponseError', status_code: 401, error: expect.stringMatching(said) }
    await expect(stranger.chat({ model: 'tiny', messages })).rejects.toMatchObject(refusal)
    await expect(stranger.list()).rejects.toMatchObject(refusal)
    await expect(stranger.show({ model: 'tiny' })).rejects.toMatchObject(refusal)
    expect(count()).toBe(before)
  })

  test('a model that the key may not use: 403, and it is in no list', async () => {
    const limited = ollamaClient(gateway, await gateway.key({ models: ['other'] }))
    await expect(limited.chat({ model: 'tiny', messages })).rejects.toMatchObject({ status_code: 403 })
    await expect(limited.show({ model: 'tiny' })).rejects.toMatchObject({ status_code: 403 })
    expect((await limited.list()).models.map(({ name }) => name)).toEqual(['other:latest'])
    expect((await limited.ps()).models).toEqual([])
  })

  test('a route class that the key may not use: 403, and nothing was pulled or deleted', async () => {
    const plain = ollamaClient(gateway, await gateway.key())
    const count = () => countAt(upstream, '/api/pull') + countAt(upstream, '/api/delete')
    const before = count()
    await expect(plain.pull({ model: 'tiny' })).rejects.toMatchObject({ status_code: 403 })
    await expect(plain.delete({ model: 'tiny' })).rejects.toMatchObject({ status_code: 403 })
    expect(count()).toBe(before)
  })

  test("an unknown model: 404 in Ollama's own words", async () => {
    await expect(client.chat({ model: 'nobody-has-this', messages })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'nobody-has-this' not found. `ollama list` (`GET /api/tags`) shows those that this key may use.",
    })
  })

  test('a request without a model: 400', async () => {
    await expect(client.chat({ model: '', messages })).rejects.toMatchObject({ status_code: 400 })
  })

  test('a server without the route, where nothing is translated: 404 that says which servers have it', async () => {
    await using llama = await startScriptedUpstream({ server: 'llama-server' })
    await using elsewhere = await startTestGateway({ upstreams: [llama.origin] })
    const lost = ollamaClient(elsewhere, await elsewhere.key())
    const expected = {
      name: 'ResponseError',
      status_code: 404,
      error: 'No model server here serves POST /api/chat of the ollama API. It takes one of: ollama.',
    }
    await expect(lost.chat({ model: 'tiny', messages })).rejects.toMatchObject(expected)
    await expect(lost.chat({ model: 'tiny', messages, stream: true })).rejects.toMatchObject(expected)
    expect((await lost.list()).models).toHaveLength(1)
  })

  test("the upstream's own refusal, with its own words", async () => {
    upstream.behave([fail(400, 'does not support tools')])
    await expect(client.chat({ model: 'tiny', messages })).rejects.toMatchObject({
      status_code: 400,
      error: 'does not support tools',
    })
  })

  test('an upstream that crashed: 502', async () => {
    upstream.behave(crash)
    await expect(client.chat({ model: 'tiny', messages })).rejects.toMatchObject({ status_code: 502 })
  })

  test.each([
    ['breaks off', [frames(2), cut], /in the middle of its answer/],
    ['ends without saying so', [frames(2), end], /before the model server said that it was complete/],
    ['reports a failure', [frames(2), errorFrame('out of memory'), cut], /out of memory/],
  ] as const)('a stream that %s: an Error after what had come', async (_, steps, said) => {
    upstream.behave(steps)
    let text = ''
    const read = (async () => {
      for await (const part of await client.chat({ model: 'tiny', messages, stream: true }))
        text += part.message.content
    })()
    await expect(read).rejects.toThrow(said)
    expect(text).toBe('Hello from')
  })
})

test('leaving a stream reaches the upstream', async () => {
  upstream.behave([frames(2), hold])
  const stream = await client.chat({ model: 'tiny', messages, stream: true, keep_alive: '7m' })
  const read = (async () => {
    for await (const part of stream) if (part.message.content === 'Hello') stream.abort()
  })()
  await expect(read).rejects.toMatchObject({ name: 'AbortError' })
  const request = upstream.requests.find(({ json }) => json['keep_alive'] === '7m')
  expect((await request?.ended)?.how).toBe('abandoned')
})
