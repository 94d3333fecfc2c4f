import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { PLAIN_TOKENS } from '../support/gguf.ts'
import { type LlamaServer, llamaServerOrSkip, startLlamaServer, untilIdle } from '../support/llama-server.ts'
import { toolCallModel } from '../support/scripted-models.ts'
import { anthropicClient, messages, ollamaClient, openaiClient, parameters } from './clients.ts'

const TEXT = PLAIN_TOKENS.join('')
const ARGUMENTS = { city: 'Cuzco' }

const program = await llamaServerOrSkip()

describe.skipIf(program === undefined)('a real llama-server behind the gateway', () => {
  const opened = new AsyncDisposableStack()
  let gateway: TestGateway
  let key: string
  let endless: LlamaServer

  beforeAll(async () => {
    const start = async (options: Parameters<typeof startLlamaServer>[0]): Promise<LlamaServer> =>
      opened.use(await startLlamaServer(options))
    const servers = await Promise.all([
      start({ alias: 'talker' }),
      start({ alias: 'caller', ...toolCallModel('weather', ARGUMENTS) }),
      start({ alias: 'endless', tokens: [' tick', ' tock'], isEndless: true }),
      start({ alias: 'filler', tokens: ['{"city":', ' "Cuzco"}'] }),
      start({ alias: 'embedder', args: ['--embeddings', '--pooling', 'mean'] }),
    ])
    endless = servers[2]
    gateway = opened.use(await startTestGateway({ translates: true, upstreams: servers.map(({ origin }) => origin) }))
    key = await gateway.key()
  })
  afterAll(() => opened.disposeAsync())

  test('its list says what one request gets of the context, and what the model was trained for', async () => {
    // Two slots share the 8192 that it is started with.
    await expect
      .poll(async () => {
        const answer = await fetch(`${gateway.url}/v1/models/talker`, { headers: { authorization: `Bearer ${key}` } })
        return answer.json()
      })
      .toMatchObject({ id: 'talker', meta: { n_ctx: 4_096, n_ctx_train: 262_144 } })
  })

  describe("OpenAI's SDK", () => {
    test('chat, and its usage in the rows', async () => {
      const client = openaiClient(gateway, key)
      const whole = await client.chat.completions.create({ model: 'talker', messages })
      expect(whole.choices[0]?.message.content).toBe(TEXT)
      const stream = client.chat.completions.stream({
        model: 'talker',
        messages,
        stream_options: { include_usage: true },
      })
      expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe(TEXT)
      const { prompt_tokens, completion_tokens } = await stream.totalUsage()
      await settled(gateway)
      expect((await gateway.rows()).slice(-2)).toMatchObject([
        { model_used: 'talker', completion_tokens: whole.usage?.completion_tokens, is_estimated: 0 },
        { model_used: 'talker', prompt_tokens, completion_tokens, is_estimated: 0, error_code: null },
      ])
    })

    test('tools', async () => {
      const client = openaiClient(gateway, key)
      const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }]
      const call = { function: { name: 'weather', arguments: JSON.stringify(ARGUMENTS) } }
      const whole = await client.chat.completions.create({ model: 'caller', messages, tools })
      expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [call] } })
      const streamed = await client.chat.completions.stream({ model: 'caller', messages, tools }).finalChatCompletion()
      expect(streamed.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [call] } })
    })

    test('completions and responses', async () => {
      const client = openaiClient(gateway, key)
      expect((await client.completions.create({ model: 'talker', prompt: 'hi' })).choices[0]?.text).toBe(TEXT)
      expect((await client.responses.create({ model: 'talker', input: 'hi' })).output_text).toBe(TEXT)
      // The server's own events lack the indexes that this accumulator needs.
      const streamed = await client.responses.stream({ model: 'talker', input: 'hi' }).finalResponse()
      expect([streamed.status, streamed.output_text]).toEqual(['completed', TEXT])
    })

    test('responses with tools, and with what they have to be', async () => {
      const client = openaiClient(gateway, key)
      const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
      const called = await client.responses.stream({ model: 'caller', input: 'hi', tools }).finalResponse()
      expect(called.output).toMatchObject([
        { type: 'function_call', name: 'weather', arguments: JSON.stringify(ARGUMENTS) },
      ])
      const format = zodTextFormat(z.object({ city: z.string() }), 'place')
      const parsed = await client.responses.parse({ model: 'filler', input: 'hi', text: { format } })
      expect(parsed.output_parsed).toEqual(ARGUMENTS)
      const streamed = await client.responses.stream({ model: 'filler', input: 'hi', text: { format } }).finalResponse()
      expect(streamed.output_parsed).toEqual(ARGUMENTS)
    })

    test('embeddings, the same as floats and as base64', async () => {
      const client = openaiClient(gateway, key)
      const request = { model: 'embedder', input: ['a', 'b'] }
      const floats = await client.embeddings.create({ ...request, encoding_format: 'float' })
      const decoded = await client.embeddings.create(request)
      expect(floats.data).toHaveLength(2)
      for (const [index, { embedding }] of floats.data.entries()) {
        expect(embedding.length).toBeGreaterThan(0)
        expect(decoded.data[index]?.embedding).toEqual(embedding.map((value) => expect.closeTo(value, 5)))
      }
    })

    test('the models of all servers, without their paths', async () => {
      const client = openaiClient(gateway, key)
      const { data } = await client.models.list()
      expect(data.map(({ id }) => id).sort()).toEqual(['caller', 'embedder', 'endless', 'filler', 'talker'])
      expect(JSON.stringify(data)).not.toContain('.gguf')
      expect((await client.models.retrieve('talker')).owned_by).toBe('llamacpp')
    })

    test("the server's own refusal, as it is", async () => {
      const client = openaiClient(gateway, key)
      const refused = client.post('/chat/completions', { body: { model: 'talker', messages: 'hi' } })
      await expect(refused).rejects.toBeInstanceOf(OpenAI.APIError)
      await settled(gateway)
      expect((await gateway.rows()).at(-1)).toMatchObject({ error_code: expect.stringMatching(/^upstream_/) })
    })
  })

  describe("Anthropic's SDK", () => {
    const request = { max_tokens: 100, messages }

    test('messages', async () => {
      const client = anthropicClient(gateway, key)
      const whole = await client.messages.create({ model: 'talker', ...request })
      expect(whole.content).toMatchObject([{ type: 'text', text: TEXT }])
      const streamed = await client.messages.stream({ model: 'talker', ...request }).finalMessage()
      expect(streamed.content).toMatchObject([{ type: 'text', text: TEXT }])
      expect(streamed.usage.output_tokens).toBeGreaterThan(0)
    })

    test('tools', async () => {
      const client = anthropicClient(gateway, key)
      const tools = [{ name: 'weather', input_schema: parameters }]
      const call = { type: 'tool_use', name: 'weather', input: ARGUMENTS }
      const whole = await client.messages.create({ model: 'caller', ...request, tools })
      expect(whole).toMatchObject({ stop_reason: 'tool_use', content: [call] })
      const streamed = await client.messages.stream({ model: 'caller', ...request, tools }).finalMessage()
      expect(streamed).toMatchObject({ stop_reason: 'tool_use', content: [call] })
    })

    test('a token count', async () => {
      const { input_tokens } = await anthropicClient(gateway, key).messages.countTokens({ model: 'talker', messages })
      expect(input_tokens).toBeGreaterThan(0)
    })

    test('a model that is nowhere', async () => {
      const lost = anthropicClient(gateway, key).messages.create({ model: 'nobody-has-this', ...request })
      await expect(lost).rejects.toBeInstanceOf(Anthropic.NotFoundError)
    })
  })

  describe("Ollama's SDK", () => {
    test('chat, whole and streamed', async () => {
      const client = ollamaClient(gateway, key)
      const whole = await client.chat({ model: 'talker', messages })
      expect([whole.message.content, whole.done_reason, whole.eval_count]).toEqual([TEXT, 'stop', expect.any(Number)])
      let text = ''
      for await (const part of await client.chat({ model: 'talker', messages, stream: true }))
        text += part.message.content
      expect(text).toBe(TEXT)
      const generated = await client.generate({ model: 'talker', prompt: 'hi' })
      expect(generated.response).toBe(TEXT)
    })

    test('tools', async () => {
      const tools = [{ type: 'function', function: { name: 'weather', description: 'w', parameters } }]
      const { message } = await ollamaClient(gateway, key).chat({ model: 'caller', messages, tools })
      expect(message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: ARGUMENTS } }])
    })

    test('vectors', async () => {
      const { embeddings } = await ollamaClient(gateway, key).embed({ model: 'embedder', input: ['one', 'two'] })
      expect(embeddings.map(({ length }) => length)).toEqual([expect.any(Number), embeddings[0]?.length])
    })

    test('what there is, and what is known of it', async () => {
      const client = ollamaClient(gateway, key)
      expect((await client.list()).models.map(({ name }) => name)).toContain('talker')
      const shown = await client.show({ model: 'talker' })
      expect([shown.capabilities, shown.parameters]).toEqual([
        expect.arrayContaining(['completion']),
        expect.stringContaining('4096'),
      ])
    })
  })

  test('a prompt that is too long is so in the words of each API, by the error of its own class', async () => {
    const long = [{ role: 'user' as const, content: 'hello '.repeat(9_000) }]
    const openai = openaiClient(gateway, key)
    const ask = { model: 'talker', max_tokens: 8 }
    const thrown = async (asked: Promise<unknown>) =>
      await asked.then(
        () => undefined,
        (error: unknown) => error,
      )
    const chat = await thrown(openai.chat.completions.create({ ...ask, messages: long }))
    expect(chat).toBeInstanceOf(OpenAI.BadRequestError)
    const response = await thrown(openai.responses.create({ model: 'talker', input: long }))
    expect(response).toBeInstanceOf(OpenAI.BadRequestError)
    expect(response).toMatchObject({ code: 'context_length_exceeded' })
    const message = await thrown(anthropicClient(gateway, key).messages.create({ ...ask, messages: long }))
    expect(message).toBeInstanceOf(Anthropic.BadRequestError)
    expect(String(message)).toMatch(/prompt is too long: \d+ tokens > 4096 maximum/)
    expect(await thrown(ollamaClient(gateway, key).chat({ model: 'talker', messages: long }))).toMatchObject({
      name: 'ResponseError',
      status_code: 400,
    })
  })

  test('a client that leaves stops the engine', async () => {
    const client = openaiClient(gateway, key)
    const stream = await client.chat.completions.create({ model: 'endless', messages, stream: true })
    for await (const part of stream) if (part.choices[0]?.delta.content === ' tock') break
    await untilIdle(endless)
    await settled(gateway)
    expect((await gateway.rows()).at(-1)).toMatchObject({
      error_code: 'client_closed',
      status: 499,
      is_estimated: 1,
      completion_tokens: expect.any(Number),
    })
  })
})
