import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  SCRIPTED_EMBEDDING,
  SCRIPTED_TEXT,
  SCRIPTED_TOOL_ARGUMENTS,
  SCRIPTED_USAGE,
} from '../support/scripted/answer.ts'
import { bytes, cut, errorFrame, fail, frames, hold } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { countAt, crash, FOREIGN_KEY, messages, openaiClient, parameters } from './clients.ts'
import { startLateUpstream } from './late-upstream.ts'

const CHAT = '/v1/chat/completions'
const REQUEST_ID = /^req_[0-9a-z]{20}$/

describe.each(['ollama', 'llama-server'] as const)("OpenAI's SDK before %s", (server) => {
  const opened = new AsyncDisposableStack()
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let client: OpenAI

  beforeAll(async () => {
    upstream = opened.use(await startScriptedUpstream({ server, models: ['tiny', 'other'] }))
    gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
    client = openaiClient(gateway, await gateway.key())
  })
  afterAll(() => opened.disposeAsync())

  describe('what it asks for', () => {
    test('chat', async () => {
      const whole = await client.chat.completions.create({ model: 'tiny', messages })
      expect(whole.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
      expect(whole.usage?.completion_tokens).toBe(SCRIPTED_USAGE.completionTokens)
      expect(whole._request_id).toMatch(REQUEST_ID)

      const stream = client.chat.completions.stream({
        model: 'tiny',
        messages,
        stream_options: { include_usage: true },
      })
      expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe(SCRIPTED_TEXT)
      expect((await stream.totalUsage()).prompt_tokens).toBe(SCRIPTED_USAGE.promptTokens)
    })

    test('tools', async () => {
      const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }]
      const call = { function: { name: 'weather', arguments: JSON.stringify(SCRIPTED_TOOL_ARGUMENTS) } }
      const whole = await client.chat.completions.create({ model: 'tiny', messages, tools })
      expect(whole.choices[0]?.message.tool_calls).toMatchObject([call])
      const stream = client.chat.completions.stream({ model: 'tiny', messages, tools })
      const streamed = await stream.finalChatCompletion()
      expect(streamed.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [call] } })
    })

    test('completions', async () => {
      expect((await client.completions.create({ model: 'tiny', prompt: 'hi' })).choices[0]?.text).toBe(SCRIPTED_TEXT)
      let said = ''
      const stream = await client.completions.create({ model: 'tiny', prompt: 'hi', stream: true })
      for await (const part of stream) said += part.choices[0]?.text ?? ''
      expect(said).toBe(SCRIPTED_TEXT)
    })

    test('responses, spoken and calling', async () => {
      expect((await client.responses.create({ model: 'tiny', input: 'hi' })).output_text).toBe(SCRIPTED_TEXT)
      const spoken = client.responses.stream({ model: 'tiny', input: 'hi' })
      expect((await spoken.finalResponse()).output_text).toBe(SCRIPTED_TEXT)
      const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
      const calling = client.responses.stream({ model: 'tiny', input: 'hi', tools })
      expect((await calling.finalResponse()).output[0]).toMatchObject({
        type: 'function_call',
        name: 'weather',
        arguments: JSON.stringify(SCRIPTED_TOOL_ARGUMENTS),
      })
    })

    test.each([
      ['base64, which is what it asks for by itself', {}, 'base64'],
      ['float', { encoding_format: 'float' as const }, 'float'],
    ])('embeddings as %s', async (_, format, sent) => {
      const answer = await client.embeddings.create({ model: 'tiny', input: ['a', 'b'], ...format })
      expect(answer.data.map(({ embedding }) => embedding)).toEqual([SCRIPTED_EMBEDDING, SCRIPTED_EMBEDDING])
      expect(upstream.requests.at(-1)?.json['encoding_format']).toBe(sent)
    })

    test('the models, and one of them', async () => {
      const listed = (await client.models.list()).data
      expect(listed.map(({ id }) => id)).toEqual(['tiny', 'other'])
      expect(listed[0]).toMatchObject({ object: 'model', created: expect.any(Number), owned_by: expect.any(String) })
      expect(await client.models.retrieve('tiny')).toMatchObject({ id: 'tiny', object: 'model' })
    })
  })

  describe('the errors it throws', () => {
    test.each([
      ['no key', undefined, 'Send one key as'],
      ['a key that was never made', FOREIGN_KEY, 'does not know this key'],
      ['what is no key', 'sk-of-somebody-else', 'no key of this gateway'],
    ])('%s: AuthenticationError', async (_, key, said) => {
      const before = countAt(upstream, CHAT)
      const error = await thrownBy(openaiClient(gateway, key).chat.completions.create({ model: 'tiny', messages }))
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' })
      expect(error.message).toContain(said)
      expect(error.requestID).toMatch(REQUEST_ID)
      expect(countAt(upstream, CHAT)).toBe(before)
    })

    test('a model that the key may not use: PermissionDeniedError, and it is in no list', async () => {
      const limited = openaiClient(gateway, await gateway.key({ models: ['tiny'] }))
      const error = await thrownBy(limited.chat.completions.create({ model: 'other', messages }))
      expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
      expect(error).toMatchObject({ code: 'model_not_allowed', param: 'model' })
      expect((await limited.models.list()).data.map(({ id }) => id)).toEqual(['tiny'])
      expect(await thrownBy(limited.models.retrieve('other'))).toBeInstanceOf(OpenAI.PermissionDeniedError)
    })

    test('a route class that the key may not use: PermissionDeniedError', async () => {
      const reader = openaiClient(gateway, await gateway.key({ routes: ['metadata'] }))
      const error = await thrownBy(reader.chat.completions.create({ model: 'tiny', messages }))
      expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
      expect(error).toMatchObject({ code: 'route_not_allowed' })
    })

    test('an unknown model: NotFoundError', async () => {
      const chat = await thrownBy(client.chat.completions.create({ model: 'nobody-has-this', messages }))
      expect(chat).toBeInstanceOf(OpenAI.NotFoundError)
      expect(chat).toMatchObject({ code: 'model_not_found', param: 'model' })
      expect(await thrownBy(client.models.retrieve('nobody-has-this'))).toBeInstanceOf(OpenAI.NotFoundError)
    })

    test('a route that no server has: NotFoundError', async () => {
      const error = await thrownBy(client.images.generate({ model: 'tiny', prompt: 'a cat' }))
      expect(error).toBeInstanceOf(OpenAI.NotFoundError)
      expect(error).toMatchObject({ code: 'route_not_found' })
    })

    test('a request without a model: BadRequestError', async () => {
      const error = await thrownBy(client.post('/chat/completions', { body: { messages } }))
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error).toMatchObject({ code: 'invalid_request', param: 'model' })
    })

    test("the upstream's own refusal: the class of its status, with its own words", async () => {
      upstream.behave([fail(400, 'the context is too long')])
      const error = await thrownBy(client.chat.completions.create({ model: 'tiny', messages }))
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error.message).toContain('the context is too long')
      expect(error.requestID).toMatch(REQUEST_ID)
    })

    test('an upstream that crashed: InternalServerError', async () => {
      upstream.behave(crash)
      const error = await thrownBy(client.chat.completions.create({ model: 'tiny', messages }))
      expect(error).toBeInstanceOf(OpenAI.InternalServerError)
      expect(error).toMatchObject({ status: 502, code: 'upstream_reset', type: 'server_error' })
    })

    test.each([
      ['breaks off', [frames(3), cut], /middle of its answer/],
      ['reports a failure', [frames(3), errorFrame('out of memory'), cut], /out of memory/],
    ] as const)('a stream that %s: APIError after what had come', async (_, steps, said) => {
      upstream.behave(steps)
      let text = ''
      const error = await thrownBy(
        (async () => {
          const stream = await client.chat.completions.create({ model: 'tiny', messages, stream: true })
          for await (const part of stream) text += part.choices[0]?.delta.content ?? ''
        })(),
      )
      expect(error).toBeInstanceOf(OpenAI.APIError)
      expect(error.message).toMatch(said)
      expect(text).toBe('Hello from')
    })

    test('a responses stream that breaks off: APIError', async () => {
      upstream.behave([frames(6), cut])
      const error = await thrownBy(client.responses.stream({ model: 'tiny', input: 'hi' }).finalResponse())
      expect(error).toBeInstanceOf(OpenAI.APIError)
      expect(error.message).toContain('in the middle of its answer')
    })
  })

  test('leaving a stream reaches the upstream', async () => {
    upstream.behave([frames(2), hold])
    const stream = await client.chat.completions.create({ model: 'tiny', messages, stream: true, user: 'leaver' })
    for await (const part of stream) {
      if (part.choices[0]?.delta.content === 'Hello') break
    }
    const request = upstream.requests.find(({ json }) => json['user'] === 'leaver')
    expect((await request?.ended)?.how).toBe('abandoned')
  })

  describe('what it asks again, by its own defaults', () => {
    test.each([
      ['died before it answered', crash, 502],
      ['died in the middle of its answer', [bytes(10), cut], 502],
    ] as const)('not an upstream that %s: it may have done the work', async (_, steps, status) => {
      const before = countAt(upstream, CHAT)
      upstream.behave(steps)
      const retrying = client.withOptions({ maxRetries: 2 })
      const error = await thrownBy(retrying.chat.completions.create({ model: 'tiny', messages }))
      expect(error).toMatchObject({ status })
      expect(countAt(upstream, CHAT)).toBe(before + 1)
    })

    test('not an upstream that was too slow', async () => {
      const clock = new ManualClock()
      const config = { timeouts: { firstByte: '2s' } }
      await using slow = await startTestGateway({ translates: true, upstreams: [upstream.origin], clock, config })
      upstream.behave([hold], { model: 'other' })
      const retrying = openaiClient(slow, await slow.key(), { maxRetries: 2 })
      const before = countAt(upstream, CHAT)
      const failed = thrownBy(retrying.chat.completions.create({ model: 'other', messages }))
      while (countAt(upstream, CHAT) === before) await upstream.nextRequest()
      clock.advance(2_250)
      expect(await failed).toMatchObject({ status: 504, code: 'upstream_timeout' })
      expect(countAt(upstream, CHAT)).toBe(before + 1)
    })

    test('an upstream that is not running: nothing was done', async () => {
      const gone = await startScriptedUpstream({ server })
      await using lost = await startTestGateway({ translates: true, upstreams: [gone.origin] })
      await gone.close()
      const retrying = openaiClient(lost, await lost.key(), { maxRetries: 1 })
      const error = await thrownBy(retrying.chat.completions.create({ model: 'tiny', messages }))
      expect(error).toMatchObject({ status: 502, code: 'upstream_refused' })
      expect((await lost.rows()).map((row) => row.error_code)).toEqual(['upstream_refused', 'upstream_refused'])
    })

    test('a model that may be of an upstream which was not heard of yet, after as long as it is told', async () => {
      await using late = await startLateUpstream()
      const { gateway, fetch } = late
      const retrying = openaiClient(gateway, await gateway.key(), { maxRetries: 1, fetch })
      const answer = await retrying.chat.completions.create({ model: 'late', messages })
      expect(answer.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
      expect(late.told).toEqual(['3'])
      expect((await gateway.rows()).map((row) => row.error_code)).toEqual(['upstream_away', null])
    })
  })
})

/** What `work` rejects with, which must be an error of the SDK. */
async function thrownBy(work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof OpenAI.APIError) return thrown
  throw new Error('no error of the SDK was thrown', { cause: thrown })
}
