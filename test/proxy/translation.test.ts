import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ASIDE_BYTES } from '../../src/gateway/pipeline/translated.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT, SCRIPTED_TOOL_ARGUMENTS, SCRIPTED_USAGE } from '../support/scripted/answer.ts'
import { cut, fail, frames, head, hold, raw } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { settled } from './turns.ts'

const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const WEATHER = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let anthropic: Anthropic
let openai: OpenAI
let key: string
beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'openai', lacks: [RESPONSES, '/v1/messages'] }))
  gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
  key = await gateway.key()
  anthropic = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 })
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
})
afterAll(() => opened.disposeAsync())

async function lastRow() {
  await settled(gateway)
  return (await gateway.rows()).at(-1)
}

/** What the metrics say of translations: labels and count. */
async function translations({ url }: TestGateway): Promise<readonly string[]> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return [...text.matchAll(/^punku_requests_translated_total(\{.*)$/gm)].map(([, series = '']) => series).sort()
}

describe('a client of /v1/messages on a server that speaks chat completions alone', () => {
  const ask = { model: 'tiny', max_tokens: 99, messages: [{ role: 'user' as const, content: 'hi' }] }

  test('gets a whole message, with what was used', async () => {
    const { data, response } = await anthropic.messages
      .create({ ...ask, system: 'Be short.', ...{ top_k: 3 } })
      .withResponse()
    expect(data).toMatchObject({ type: 'message', role: 'assistant', model: 'tiny', stop_reason: 'end_turn' })
    expect(data.content).toEqual([{ type: 'text', text: SCRIPTED_TEXT }])
    expect(data.usage.output_tokens).toBe(SCRIPTED_USAGE.completionTokens)
    expect(response.headers.get('x-punku-translated')).toBe('openai-chat')
    expect(response.headers.get('x-punku-left-out')).toBe('top_k')
    const sent = upstream.requests.at(-1)
    expect([sent?.path, sent?.json['messages'], sent?.json['max_tokens']]).toEqual([
      CHAT,
      [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'hi' },
      ],
      99,
    ])
    expect(await lastRow()).toMatchObject({
      route: 'POST /v1/messages',
      status: 200,
      error_code: null,
      left_out: 'top_k',
      translated: 'openai-chat',
      completion_tokens: SCRIPTED_USAGE.completionTokens,
    })
  })

  test('gets a stream that its SDK puts together', async () => {
    const stream = anthropic.messages.stream(ask)
    let text = ''
    stream.on('text', (piece) => {
      text += piece
    })
    const message = await stream.finalMessage()
    expect([text, message.stop_reason, message.usage.output_tokens]).toEqual([
      SCRIPTED_TEXT,
      'end_turn',
      SCRIPTED_USAGE.completionTokens,
    ])
    expect(await lastRow()).toMatchObject({ is_streamed: 1, error_code: null, translated: 'openai-chat' })
  })

  test.each([false, true])('calls a tool and is told what that gave (streamed: %j)', async (isStreamed) => {
    const asked = { ...ask, tools: [{ name: 'weather', description: 'w', input_schema: WEATHER }] }
    const create = async (body: typeof asked | Anthropic.MessageCreateParamsNonStreaming) =>
      isStreamed ? await anthropic.messages.stream(body).finalMessage() : await anthropic.messages.create(body)
    const called = await create(asked)
    expect(called.stop_reason).toBe('tool_use')
    const use = called.content.find((block) => block.type === 'tool_use')
    expect(use).toMatchObject({ name: 'weather', input: JSON.parse(JSON.stringify(SCRIPTED_TOOL_ARGUMENTS)) })
    await create({
      ...ask,
      messages: [
        ...ask.messages,
        { role: 'assistant', content: called.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use?.id ?? '', content: '21 degrees' }] },
      ],
    })
    expect(upstream.requests.at(-1)?.json['messages']).toMatchObject([
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [{ id: use?.id, function: { name: 'weather' } }] },
      { role: 'tool', tool_call_id: use?.id, content: '21 degrees' },
    ])
  })

  test('is served as well, and refused as well, with a chat that a thread has to put into another format', async () => {
    const content = 'a long story '.repeat((2 * ASIDE_BYTES) / 13)
    const large = { ...ask, ...{ top_k: 3 }, messages: [{ role: 'user' as const, content }] }
    const messages = await Promise.all([
      anthropic.messages.create(large),
      anthropic.messages.stream(large).finalMessage(),
    ])
    expect(messages.map((message) => message.content)).toEqual(
      [0, 1].map(() => [expect.objectContaining({ type: 'text', text: SCRIPTED_TEXT })]),
    )
    expect(upstream.requests.slice(-2).map(({ json }) => json['messages'])).toEqual(
      [0, 1].map(() => [{ role: 'user', content }]),
    )
    expect(await lastRow()).toMatchObject({ status: 200, left_out: 'top_k', translated: 'openai-chat' })
    const source = { type: 'base64' as const, media_type: 'application/pdf' as const, data: 'JVBERi0=' }
    const refused = await anthropic.messages
      .create({ ...large, messages: [...large.messages, { role: 'user', content: [{ type: 'document', source }] }] })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError)
    expect(await lastRow()).toMatchObject({ error_code: 'invalid_request', translated: null })
  })

  test('is told an error before the answer and one inside it', async () => {
    upstream.behave([fail(500, 'the runner has crashed')])
    const before = await anthropic.messages.create(ask).catch((error: unknown) => error)
    expect(before).toBeInstanceOf(Anthropic.APIError)
    expect(String(before)).toContain('crashed')
    upstream.behave([head, frames(2), cut])
    const inside = await anthropic.messages
      .stream(ask)
      .finalMessage()
      .catch((error: unknown) => error)
    expect(inside).toBeInstanceOf(Anthropic.APIError)
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_interrupted', translated: 'openai-chat' })
  })

  test('is told an error that comes as a whole answer', async () => {
    const body = '{"error":{"message":"the runner has crashed"}}'
    const fields = `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`
    upstream.behave([raw(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`), cut])
    const failed = await anthropic.messages.create(ask).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Anthropic.APIError)
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_failed' })
  })

  test('has its whole answer when the server has said its end, though that keeps the connection open', async () => {
    const said = `data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`
    upstream.behave([raw(`HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream\r\n\r\n${said}data: {"bro`), hold])
    const message = await anthropic.messages.create(ask)
    expect(message.content).toEqual([{ type: 'text', text: 'Hi' }])
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null })
    const { upstreams } = gateway.parts
    expect(upstreams.all().map(({ id }) => upstreams.leasesOf(id))).toEqual([0])
  })

  test.each([false, true])('is told of a frame that cannot be read (streamed: %j)', async (isStreamed) => {
    const said = `data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: {"choices":[{"delta":{"cont\n\n`
    upstream.behave([raw(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${said}`), hold])
    const asked = isStreamed ? anthropic.messages.stream(ask).finalMessage() : anthropic.messages.create(ask)
    const failed = await asked.catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Anthropic.APIError)
    expect(String(failed)).toContain('cannot be read')
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_invalid' })
  })

  test('has a picture fetched by the server where its key may, and else is refused', async () => {
    const url = 'https://example.org/a.png'
    const body = {
      ...ask,
      messages: [
        { role: 'user' as const, content: [{ type: 'image' as const, source: { type: 'url' as const, url } }] },
      ],
    }
    const own = await gateway.key({ allowsFetch: true })
    await new Anthropic({ baseURL: gateway.url, apiKey: own, maxRetries: 0 }).messages.create(body)
    expect(upstream.requests.at(-1)?.json['messages']).toEqual([
      { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
    ])
    await expect(anthropic.messages.create(body)).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError)
  })
})

describe('a client of /v1/responses on a server that turns out not to have it', () => {
  const ask = { model: 'tiny', input: 'hi' }

  test('gets its answer all the same, and the server is not asked there again', async () => {
    const first = await openai.responses.create(ask)
    expect([first.status, first.output_text]).toEqual(['completed', SCRIPTED_TEXT])
    expect((await lastRow())?.translated).toBe('openai-chat')
    expect(upstream.requests.slice(-2).map(({ path }) => path)).toEqual([RESPONSES, CHAT])
    const stream = openai.responses.stream(ask)
    const second = await stream.finalResponse()
    expect([second.status, second.output_text]).toEqual(['completed', SCRIPTED_TEXT])
    expect(second.usage?.output_tokens).toBe(SCRIPTED_USAGE.completionTokens)
    expect(upstream.requests.slice(-2).map(({ path }) => path)).toEqual([CHAT, CHAT])
    expect(await lastRow()).toMatchObject({
      route: 'POST /v1/responses',
      status: 200,
      error_code: null,
      is_streamed: 1,
    })
  })

  test('is told of a model that is not there as before', async () => {
    const refused = await openai.responses.create({ ...ask, model: 'nope' }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(OpenAI.NotFoundError)
    expect(String(refused)).toContain("model 'nope' not found")
  })

  test('is refused what nobody keeps', async () => {
    const refused = await openai.responses
      .create({ ...ask, previous_response_id: 'resp_1' })
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError)
    expect(String(refused)).toContain('whole')
  })
})

test('a request that cannot be translated does not tell the gateway that the server lacks the route', async () => {
  await using other = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
  const client = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: await other.key(), maxRetries: 0 })
  const ask = { model: 'tiny', input: 'hi' }
  await client.responses.create({ ...ask, previous_response_id: 'resp_1' }).catch(() => {})
  await client.responses.create(ask)
  expect(upstream.requests.slice(-3).map(({ path }) => path)).toEqual([RESPONSES, RESPONSES, CHAT])
})

test('the metrics count what was translated, by both formats, and nothing that passed as it came', async () => {
  await using other = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
  const otherKey = await other.key()
  const claude = new Anthropic({ baseURL: other.url, apiKey: otherKey, maxRetries: 0 })
  const codex = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: otherKey, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'hi' }]
  for (let times = 0; times < 2; times++) await claude.messages.create({ model: 'tiny', max_tokens: 9, messages })
  await codex.responses.create({ model: 'tiny', input: 'hi' })
  await codex.chat.completions.create({ model: 'tiny', messages })
  await settled(other)
  expect(await translations(other)).toEqual([
    '{from="anthropic-messages",to="openai-chat"} 2',
    '{from="openai-responses",to="openai-chat"} 1',
  ])
})

test('where the server has the route, nothing is translated', async () => {
  await using whole = await startScriptedUpstream({ server: 'openai' })
  await using other = await startTestGateway({ translates: true, upstreams: [whole.origin] })
  const client = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: await other.key(), maxRetries: 0 })
  const { data, response } = await client.responses.create({ model: 'tiny', input: 'hi' }).withResponse()
  expect([data.output_text, response.headers.get('x-punku-translated')]).toEqual([SCRIPTED_TEXT, null])
  expect(whole.requests.at(-1)?.path).toBe(RESPONSES)
  await settled(other)
  expect((await other.rows()).at(-1)).toMatchObject({ route: 'POST /v1/responses', translated: null })
  expect(await translations(other)).toEqual([])
})
