import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT, SCRIPTED_TOOL_ARGUMENTS, SCRIPTED_USAGE } from '../support/scripted/answer.ts'
import { bytes, cut, errorFrame, fail, frames, hold } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { anthropicClient, countAt, crash, FOREIGN_KEY, messages, parameters } from './clients.ts'
import { startLateUpstream } from './late-upstream.ts'

const MESSAGES = '/v1/messages'
const REQUEST_ID = /^req_[0-9a-z]{20}$/
const request = { model: 'tiny', max_tokens: 100, messages }

describe.each(['ollama', 'llama-server', 'anthropic'] as const)("Anthropic's SDK before %s", (server) => {
  const opened = new AsyncDisposableStack()
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let client: Anthropic

  beforeAll(async () => {
    upstream = opened.use(await startScriptedUpstream({ server, models: ['tiny', 'other'] }))
    gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin] }))
    client = anthropicClient(gateway, await gateway.key())
  })
  afterAll(() => opened.disposeAsync())

  describe('what it asks for', () => {
    test('messages', async () => {
      const whole = await client.messages.create(request)
      expect(whole.content[0]).toMatchObject({ type: 'text', text: SCRIPTED_TEXT })
      expect(whole.usage.output_tokens).toBe(SCRIPTED_USAGE.completionTokens)
      expect(whole._request_id).toMatch(REQUEST_ID)
      const streamed = await client.messages.stream(request).finalMessage()
      expect(streamed.content[0]).toMatchObject({ type: 'text', text: SCRIPTED_TEXT })
      expect(streamed.usage.output_tokens).toBe(SCRIPTED_USAGE.completionTokens)
    })

    test('tools', async () => {
      const tools = [{ name: 'weather', input_schema: parameters }]
      const call = { type: 'tool_use', name: 'weather', input: SCRIPTED_TOOL_ARGUMENTS }
      const whole = await client.messages.create({ ...request, tools })
      expect(whole).toMatchObject({ stop_reason: 'tool_use', content: [call] })
      const streamed = await client.messages.stream({ ...request, tools }).finalMessage()
      expect(streamed).toMatchObject({ stop_reason: 'tool_use', content: [call] })
    })

    test('a token count, where the server has one; elsewhere about how many, said to be an estimate', async () => {
      const { data, response } = await client.messages.countTokens({ model: 'tiny', messages }).withResponse()
      const isEstimated = response.headers.get('x-punku-estimated') === 'input_tokens'
      if (server === 'ollama') expect([data.input_tokens > 0, isEstimated]).toEqual([true, true])
      else expect([data.input_tokens, isEstimated]).toEqual([SCRIPTED_USAGE.promptTokens, false])
    })

    test('a beta: its header and its query go through, other queries do not', async () => {
      const whole = await client.beta.messages.create({ ...request, betas: ['context-management-2025-06-27'] })
      expect(whole.content[0]).toMatchObject({ type: 'text', text: SCRIPTED_TEXT })
      expect(upstream.requests.at(-1)?.headers['anthropic-beta']).toBe('context-management-2025-06-27')
      await client.post('/v1/messages', { body: request, query: { beta: true, debug: 1 } })
      expect(upstream.requests.at(-1)?.url).toBe('/v1/messages?beta=true')
    })

    test('the models, page by page, and one of them', async () => {
      const ids: string[] = []
      for await (const model of client.models.list({ limit: 1 })) ids.push(model.id)
      expect(ids).toEqual(['tiny', 'other'])
      expect(await client.models.retrieve('tiny')).toMatchObject({ type: 'model', id: 'tiny', display_name: 'tiny' })
    })
  })

  describe('the errors it throws', () => {
    test.each([
      ['no key', undefined, 'Send one key as'],
      ['a key that was never made', FOREIGN_KEY, 'does not know this key'],
      ['what is no key', 'sk-ant-of-somebody-else', 'no key of this gateway'],
    ])('%s: AuthenticationError', async (_, key, said) => {
      const before = countAt(upstream, MESSAGES)
      const error = await thrownBy(anthropicClient(gateway, key).messages.create(request))
      expect(error).toBeInstanceOf(Anthropic.AuthenticationError)
      expect(error).toMatchObject({ status: 401, type: 'authentication_error' })
      expect(error.message).toContain(said)
      expect(error.requestID).toMatch(REQUEST_ID)
      expect(countAt(upstream, MESSAGES)).toBe(before)
    })

    test('a model that the key may not use: PermissionDeniedError, and it is in no list', async () => {
      const limited = anthropicClient(gateway, await gateway.key({ models: ['tiny'] }))
      const error = await thrownBy(limited.messages.create({ ...request, model: 'other' }))
      expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError)
      expect(error).toMatchObject({ type: 'permission_error' })
      expect((await limited.models.list()).data.map(({ id }) => id)).toEqual(['tiny'])
    })

    test('an unknown model: NotFoundError', async () => {
      const error = await thrownBy(client.messages.create({ ...request, model: 'nobody-has-this' }))
      expect(error).toBeInstanceOf(Anthropic.NotFoundError)
      expect(error).toMatchObject({ type: 'not_found_error' })
      expect(error.message).toContain("model 'nobody-has-this' not found. `GET /v1/models` lists")
    })

    test('a route that no server has: BadRequestError, as Claude Code shows nothing of another 404', async () => {
      const error = await thrownBy(client.messages.batches.list())
      expect(error).toBeInstanceOf(Anthropic.BadRequestError)
    })

    test('a request without a model: BadRequestError', async () => {
      const error = await thrownBy(client.post('/v1/messages', { body: { messages } }))
      expect(error).toBeInstanceOf(Anthropic.BadRequestError)
      expect(error).toMatchObject({ type: 'invalid_request_error' })
    })

    test("the upstream's own refusal: the class of its status, with its own words", async () => {
      upstream.behave([fail(400, 'the context is too long')])
      const error = await thrownBy(client.messages.create(request))
      expect(error).toBeInstanceOf(Anthropic.BadRequestError)
      expect(error.message).toContain('the context is too long')
    })

    test('an upstream that crashed: InternalServerError', async () => {
      upstream.behave(crash)
      const error = await thrownBy(client.messages.create(request))
      expect(error).toBeInstanceOf(Anthropic.InternalServerError)
      expect(error).toMatchObject({ status: 502, type: 'api_error' })
    })

    test.each([
      ['breaks off', [frames(5), cut], /middle of its answer/],
      ['reports a failure', [frames(5), errorFrame('out of memory'), cut], /out of memory/],
    ] as const)('a stream that %s: APIError after what had come', async (_, steps, said) => {
      upstream.behave(steps)
      const stream = client.messages.stream(request)
      let text = ''
      stream.on('text', (piece) => {
        text += piece
      })
      const error = await thrownBy(stream.finalMessage())
      expect(error).toBeInstanceOf(Anthropic.APIError)
      expect(error.message).toMatch(said)
      expect(text).toBe('Hello from')
    })
  })

  test('leaving a stream reaches the upstream', async () => {
    upstream.behave([frames(5), hold])
    const stream = await client.messages.create({ ...request, stream: true, metadata: { user_id: 'leaver' } })
    for await (const event of stream) {
      if (event.type === 'content_block_delta') break
    }
    const received = upstream.requests.find(({ json }) => json['metadata'] !== undefined)
    expect((await received?.ended)?.how).toBe('abandoned')
  })

  describe('what it asks again, by its own defaults', () => {
    test.each([
      ['died before it answered', crash],
      ['died in the middle of its answer', [bytes(10), cut]],
    ] as const)('not an upstream that %s: it may have done the work', async (_, steps) => {
      const before = countAt(upstream, MESSAGES)
      upstream.behave(steps)
      const error = await thrownBy(client.withOptions({ maxRetries: 2 }).messages.create(request))
      expect(error).toMatchObject({ status: 502 })
      expect(countAt(upstream, MESSAGES)).toBe(before + 1)
    })

    test('a model that may be of an upstream which was not heard of yet, after as long as it is told', async () => {
      await using late = await startLateUpstream()
      const { gateway, fetch } = late
      const retrying = anthropicClient(gateway, await gateway.key(), { maxRetries: 1, fetch })
      expect((await retrying.messages.create({ ...request, model: 'late' })).stop_reason).toBe('end_turn')
      expect(late.told).toEqual(['3'])
      expect((await gateway.rows()).map((row) => row.error_code)).toEqual(['upstream_away', null])
    })

    test('not an upstream that was too slow', async () => {
      const clock = new ManualClock()
      const config = { timeouts: { firstByte: '2s' } }
      await using slow = await startTestGateway({ upstreams: [upstream.origin], clock, config })
      upstream.behave([hold], { model: 'other' })
      const retrying = anthropicClient(slow, await slow.key(), { maxRetries: 2 })
      const before = countAt(upstream, MESSAGES)
      const failed = thrownBy(retrying.messages.create({ ...request, model: 'other' }))
      while (countAt(upstream, MESSAGES) === before) await upstream.nextRequest()
      clock.advance(2_250)
      expect(await failed).toMatchObject({ status: 504, type: 'timeout_error' })
      expect(countAt(upstream, MESSAGES)).toBe(before + 1)
    })
  })
})

/** What `work` rejects with, which must be an error of the SDK. */
async function thrownBy(work: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof Anthropic.APIError) return thrown
  throw new Error('no error of the SDK was thrown', { cause: thrown })
}
