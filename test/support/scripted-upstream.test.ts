import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { RawConnection, rawExchange } from './raw.ts'
import { SCRIPTED_EMBEDDING, SCRIPTED_TEXT, SCRIPTED_TOOL_ARGUMENTS, SCRIPTED_USAGE } from './scripted/answer.ts'
import {
  bytes,
  chunksOf,
  cut,
  end,
  errorFrame,
  fail,
  flood,
  frames,
  head,
  hold,
  misstateLength,
  raw,
  reset,
  respond,
  rest,
  restButTerminator,
  restByRelease,
} from './scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts'
import { untilStill } from './stillness.ts'

const messages = [{ role: 'user' as const, content: 'hi' }]
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } }

function openaiClient({ origin }: ScriptedUpstream) {
  return new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none', maxRetries: 0 })
}

function anthropicClient({ origin }: ScriptedUpstream) {
  return new Anthropic({ baseURL: origin, apiKey: 'none', maxRetries: 0 })
}

describe('the official SDKs read its answers', () => {
  test('ollama', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    const client = new Ollama({ host: upstream.origin })
    const whole = await client.chat({ model: 'tiny', messages })
    expect(whole.message.content).toBe(SCRIPTED_TEXT)
    expect(whole.eval_count).toBe(SCRIPTED_USAGE.completionTokens)
    let said = ''
    for await (const part of await client.chat({ model: 'tiny', messages, stream: true })) said += part.message.content
    expect(said).toBe(SCRIPTED_TEXT)
    const tools = [{ type: 'function', function: { name: 'f', description: '', parameters } }]
    const call = await client.chat({ model: 'tiny', messages, tools })
    expect(call.message.tool_calls?.[0]?.function).toMatchObject({ name: 'f', arguments: SCRIPTED_TOOL_ARGUMENTS })
    expect((await client.generate({ model: 'tiny', prompt: 'hi' })).response).toBe(SCRIPTED_TEXT)
    expect((await client.embed({ model: 'tiny', input: ['a', 'b'] })).embeddings).toHaveLength(2)
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['tiny:latest'])
    await expect(client.show({ model: 'other' })).resolves.toHaveProperty('capabilities')
    await expect(client.chat({ model: 'other', messages })).rejects.toThrow(/'other' not found/)
  })

  test.each(['ollama', 'openai', 'llama-server'] as const)('openai, from %s', async (server) => {
    await using upstream = await startScriptedUpstream({ server })
    const client = openaiClient(upstream)
    const whole = await client.chat.completions.create({ model: 'tiny', messages })
    expect(whole.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
    const stream = client.chat.completions.stream({ model: 'tiny', messages, stream_options: { include_usage: true } })
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe(SCRIPTED_TEXT)
    expect((await stream.totalUsage()).completion_tokens).toBe(SCRIPTED_USAGE.completionTokens)
    const tools = [{ type: 'function' as const, function: { name: 'f', parameters } }]
    const calling = client.chat.completions.stream({ model: 'tiny', messages, tools })
    const [choice] = (await calling.finalChatCompletion()).choices
    expect(choice?.finish_reason).toBe('tool_calls')
    expect(choice?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'f', arguments: JSON.stringify(SCRIPTED_TOOL_ARGUMENTS) },
    })
    const completion = await client.completions.create({ model: 'tiny', prompt: 'hi' })
    expect(completion.choices[0]?.text).toBe(SCRIPTED_TEXT)
    const embeddings = await client.embeddings.create({ model: 'tiny', input: ['a', 'b'] })
    expect(embeddings.data.map(({ embedding }) => embedding)).toEqual([SCRIPTED_EMBEDDING, SCRIPTED_EMBEDDING])
    expect((await client.models.list()).data).toHaveLength(1)
  })

  test('openai responses, spoken and calling', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    const client = openaiClient(upstream)
    expect((await client.responses.create({ model: 'tiny', input: 'hi' })).output_text).toBe(SCRIPTED_TEXT)
    const spoken = await client.responses.stream({ model: 'tiny', input: 'hi' }).finalResponse()
    expect(spoken.output_text).toBe(SCRIPTED_TEXT)
    const tools = [{ type: 'function' as const, name: 'f', parameters, strict: false }]
    const sequence: number[] = []
    const stream = client.responses.stream({ model: 'tiny', input: 'hi', tools })
    stream.on('event', (event) => sequence.push(event.sequence_number))
    expect((await stream.finalResponse()).output[0]).toMatchObject({ type: 'function_call', name: 'f' })
    expect(sequence).toEqual(sequence.map((_, index) => index))
  })

  test.each(['ollama', 'anthropic', 'llama-server'] as const)('anthropic, from %s', async (server) => {
    await using upstream = await startScriptedUpstream({ server, models: ['tiny'] })
    const client = anthropicClient(upstream)
    const request = { model: 'tiny', max_tokens: 100, messages }
    expect((await client.messages.create(request)).content[0]).toMatchObject({ type: 'text', text: SCRIPTED_TEXT })
    const spoken = await client.messages.stream(request).finalMessage()
    expect(spoken.content[0]).toMatchObject({ type: 'text', text: SCRIPTED_TEXT })
    expect(spoken.usage.output_tokens).toBe(SCRIPTED_USAGE.completionTokens)
    const tools = [{ name: 'f', input_schema: parameters }]
    const called = await client.messages.stream({ ...request, tools }).finalMessage()
    expect(called.content[0]).toMatchObject({ type: 'tool_use', name: 'f', input: SCRIPTED_TOOL_ARGUMENTS })
    const count = client.messages.countTokens({ model: 'tiny', messages })
    if (server === 'ollama') await expect(count).rejects.toThrow(Anthropic.NotFoundError)
    else expect((await count).input_tokens).toBe(SCRIPTED_USAGE.promptTokens)
  })
})

test('the tool that its model calls is the one that was chosen for the request, or none', async () => {
  const chooseTool = (body: Readonly<Record<string, unknown>>) =>
    body['model'] === 'caller' ? { name: 'second', args: { of: 2 } } : undefined
  await using upstream = await startScriptedUpstream({ server: 'openai', models: ['caller', 'talker'], chooseTool })
  const client = openaiClient(upstream)
  const tools = ['first', 'second'].map((name) => ({ type: 'function' as const, function: { name, parameters } }))
  const called = await client.chat.completions.create({ model: 'caller', messages, tools })
  const call = { function: { name: 'second', arguments: '{"of":2}' } }
  expect(called.choices[0]?.message.tool_calls).toMatchObject([call])
  const said = await client.chat.completions.create({ model: 'talker', messages, tools })
  expect(said.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
})

describe('manners', () => {
  test('ollama refuses a foreign Host and a foreign Origin with an empty 403', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    const get = (lines: string) => rawExchange(upstream.port, `GET / HTTP/1.1\r\n${lines}connection: close\r\n\r\n`)
    expect(await get('host: models.example.com\r\n')).toMatch(/^HTTP\/1.1 403 .*\r\n\r\n$/s)
    const own = `host: 127.0.0.1:${upstream.port}\r\n`
    expect(await get(`${own}origin: https://example.com\r\n`)).toMatch(/^HTTP\/1.1 403 /)
    expect(await get(own)).toMatch(/Ollama is running$/)
  })

  test('a server with a key refuses others in its own shape', async () => {
    await using upstream = await startScriptedUpstream({ server: 'openai', apiKey: 'secret' })
    const client = openaiClient(upstream)
    await expect(client.models.list()).rejects.toThrow(OpenAI.AuthenticationError)
    expect((await client.withOptions({ apiKey: 'secret' }).models.list()).data).toHaveLength(1)
  })

  test('what reached it is kept: manage routes too, header spelling and all', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    const body = JSON.stringify({ model: 'x' })
    await fetch(`${upstream.origin}/api/pull?y=1`, { method: 'POST', headers: { 'X-Mixed-Case': '1' }, body })
    const request = await upstream.nextRequest('/api/pull')
    expect(request).toMatchObject({ method: 'POST', url: '/api/pull?y=1', json: { model: 'x' } })
    expect(request.body.toString()).toBe(body)
    expect(request.rawHeaders).toContain('1')
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('misbehaviour', () => {
  test('it holds the head, then stalls after frames, until released', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([hold, frames(2), hold, rest])
    using client = await startChat(upstream)
    const request = await upstream.nextRequest()
    expect(client.text).toBe('')
    request.release()
    expect(await client.until((text) => text.includes('from'))).not.toContain('scripted')
    request.release()
    await client.until((text) => text.includes('"done":true'))
    expect((await request.ended).how).toBe('finished')
  })

  test('it sends a frame at each release', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama', words: ['one', 'two'] })
    upstream.behave([restByRelease])
    using client = await startChat(upstream)
    const request = await upstream.nextRequest()
    request.release()
    expect(await client.until((text) => text.includes('one'))).not.toContain('two')
    request.release(2)
    await client.until((text) => text.includes('"done":true'))
  })

  test('head only: the client waits for a body', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([head, hold])
    using client = await startChat(upstream)
    const text = await client.until((received) => received.includes('\r\n\r\n'))
    expect(text).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n$/s)
  })

  test('it sees that the client has left, and when', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([frames(1), hold, rest])
    using client = await startChat(upstream)
    const request = await upstream.nextRequest()
    await client.until((text) => text.includes('Hello'))
    const leftAt = performance.now()
    client.socket.destroy()
    expect((await request.ended).how).toBe('abandoned')
    expect(await upstream.nextClosed()).toBe(request.connection)
    expect(await request.connection.closed).toBeGreaterThan(leftAt)
  })

  test.each([
    ['cut', cut, ''],
    ['reset', reset, ''],
    ['ended without its terminator', end, '0\r\n\r\n'],
  ] as const)('an answer is %s after two frames', async (_, breakOff, lastBytes) => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([frames(2), breakOff])
    using client = await startChat(upstream)
    const text = await client.until((received) => received.includes('from') && received.endsWith(lastBytes))
    expect(text.endsWith('0\r\n\r\n')).toBe(lastBytes !== '')
    expect(text).not.toContain('"done":true')
    const { how } = await (await upstream.nextRequest()).ended
    expect(how).toBe(breakOff === end ? 'finished' : 'cut')
  })

  test('an answer is cut in the middle of a frame', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([bytes(10), cut])
    using client = await startChat(upstream)
    expect((await client.untilClosed()).toString()).toMatch(/a\r\n\{"model":"\r\n$/)
  })

  test('a failure is reported in the middle of a stream, in the form of its dialect', async () => {
    await using upstream = await startScriptedUpstream({ server: 'openai' })
    upstream.behave([frames(2), errorFrame('out of memory'), end])
    const stream = await openaiClient(upstream).chat.completions.create({ model: 'tiny', messages, stream: true })
    const drained = (async () => {
      for await (const _ of stream);
    })()
    await expect(drained).rejects.toThrow(/out of memory/)
  })

  test('only the terminator is missing', async () => {
    await using upstream = await startScriptedUpstream({ server: 'anthropic' })
    upstream.behave([restButTerminator, end])
    const text = await postText(upstream, '/v1/messages', { model: 'tiny', stream: true })
    expect(text).toContain('message_delta')
    expect(text).not.toContain('message_stop')
  })

  test.each([400, 401, 403, 404, 429, 500, 503])('status %i comes in the shape of the server', async (status) => {
    for (const server of ['ollama', 'openai', 'anthropic', 'llama-server'] as const) {
      await using upstream = await startScriptedUpstream({ server })
      upstream.behave([fail(status, 'said why')])
      const path = server === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'
      const response = await post(upstream, path, { model: 'tiny' })
      expect(response.status).toBe(status)
      expect(await response.json()).toMatchObject({ error: { message: 'said why' } })
    }
  })

  test('llama-server says that it is still loading', async () => {
    await using upstream = await startScriptedUpstream({ server: 'llama-server' })
    upstream.behave([fail(503)])
    const body: unknown = await (await post(upstream, '/v1/chat/completions', {})).json()
    expect(body).toEqual({ error: { code: 503, message: 'Loading model', type: 'unavailable_error' } })
  })

  test('garbage stands where HTTP should', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([raw('\u0000not http\r\n'), cut])
    using client = await startChat(upstream)
    expect((await client.untilClosed()).toString()).toBe('\u0000not http\r\n')
  })

  test('a redirect is answered where the script matches, and nowhere else', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([respond(307, { location: 'http://127.0.0.1:1/' })], { path: '/api/tags', times: 2 })
    const get = async (path: string) => (await fetch(upstream.origin + path, { redirect: 'manual' })).status
    expect([await get('/api/version'), await get('/api/tags'), await get('/api/tags')]).toEqual([200, 307, 307])
    expect(await get('/api/tags')).toBe(200)
  })

  test('a script for one model leaves the others alone', async () => {
    await using upstream = await startScriptedUpstream({ server: 'openai', models: ['good', 'bad'] })
    upstream.behave([fail(500)], { model: 'bad' })
    expect((await post(upstream, '/v1/completions', { model: 'good' })).status).toBe(200)
    expect((await post(upstream, '/v1/completions', { model: 'bad' })).status).toBe(500)
  })

  test('every byte can come alone', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([chunksOf(1), rest])
    using client = await startChat(upstream)
    const text = await client.until((received) => received.endsWith('0\r\n\r\n'))
    expect(text).toContain('1\r\n\xf0\r\n1\r\n\x9f\r\n')
  })

  test('the head promises more than the body has', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([misstateLength(10), restButTerminator, cut], { path: '/api/version' })
    await expect(fetch(`${upstream.origin}/api/version`).then((response) => response.text())).rejects.toThrow()
  })

  test('a flood is held back by a reader that does not read', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    upstream.behave([flood(65_536)])
    using client = await startChat(upstream)
    client.setReading(false)
    const request = await upstream.nextRequest()
    const before = await untilStill(() => request.sentBytes)
    expect(before).toBeGreaterThan(0)
    client.setReading(true)
    await client.until(() => client.socket.bytesRead > before + 1_000_000)
  })
})

function post({ origin }: ScriptedUpstream, path: string, body: object): Promise<Response> {
  return fetch(origin + path, { method: 'POST', body: JSON.stringify(body) })
}

async function postText(upstream: ScriptedUpstream, path: string, body: object): Promise<string> {
  return (await post(upstream, path, body)).text()
}

async function startChat(upstream: ScriptedUpstream, model = 'tiny'): Promise<RawConnection> {
  const connection = await RawConnection.open(upstream.port)
  const body = JSON.stringify({ model, messages })
  const headers = `host: 127.0.0.1:${upstream.port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  await connection.send(`POST /api/chat HTTP/1.1\r\n${headers}\r\n${body}`)
  return connection
}
