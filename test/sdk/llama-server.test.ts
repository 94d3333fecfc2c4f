import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { PLAIN_TOKENS } from '../support/gguf.ts'
import { type LlamaServer, llamaServerOrSkip, startLlamaServer } from '../support/llama-server.ts'
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
      // Its events lack the indexes that the SDK's own accumulator needs, with or without a gateway between.
      let said = ''
      const stream = await client.responses.create({ model: 'talker', input: 'hi', stream: true })
      for await (const event of stream) if (event.type === 'response.output_text.delta') said += event.delta
      expect(said).toBe(TEXT)
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
      expect(data.map(({ id }) => id).sort()).toEqual(['caller', 'embedder', 'endless', 'talker'])
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

  test("Ollama's SDK is told that nobody here speaks its API", async () => {
    await expect(ollamaClient(gateway, key).chat({ model: 'talker', messages })).rejects.toMatchObject({
      status_code: 404,
      error: expect.stringContaining('No model server here serves POST /api/chat'),
    })
  })

  test('a client that leaves stops the engine', async () => {
    const client = openaiClient(gateway, key)
    const stream = await client.chat.completions.create({ model: 'endless', messages, stream: true })
    for await (const part of stream) if (part.choices[0]?.delta.content === ' tock') break
    await stoppedWorking(endless.origin)
    await settled(gateway)
    expect((await gateway.rows()).at(-1)).toMatchObject({
      error_code: 'client_closed',
      status: 499,
      is_estimated: 1,
      completion_tokens: expect.any(Number),
    })
  })
})

/** Resolves once no slot of the server is at work. */
async function stoppedWorking(origin: string): Promise<void> {
  const isWorking = async () => {
    const slots = (await (await fetch(`${origin}/slots`)).json()) as readonly { readonly is_processing: boolean }[]
    return slots.some((slot) => slot.is_processing)
  }
  while (await isWorking());
}
