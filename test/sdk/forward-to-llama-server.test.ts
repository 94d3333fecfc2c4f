import { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../proxy/turns.ts'
import { ClientPlace } from '../support/client-place.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { PLAIN_TOKENS } from '../support/gguf.ts'
import { expectCounted } from '../support/llama-counters.ts'
import { type LlamaServer, llamaServerOrSkip, startLlamaServer, untilIdle } from '../support/llama-server.ts'

const TEXT = PLAIN_TOKENS.join('')
const messages = [{ role: 'user', content: 'hi' }]

const program = await llamaServerOrSkip()

describe.skipIf(program === undefined)(
  "Ollama's own client, unchanged, at `punku forward` before a real llama-server",
  () => {
    const opened = new AsyncDisposableStack()
    let talker: LlamaServer
    let endless: LlamaServer
    let gateway: TestGateway
    let client: Ollama

    beforeAll(async () => {
      talker = opened.use(await startLlamaServer({ alias: 'talker', args: ['--metrics'] }))
      endless = opened.use(await startLlamaServer({ alias: 'endless', tokens: [' tick', ' tock'], isEndless: true }))
      const upstreams = [talker.origin, endless.origin]
      gateway = opened.use(await startTestGateway({ translates: true, upstreams }))
      const place = opened.use(new ClientPlace({ url: gateway.url, key: await gateway.key() }))
      const forward = place.start('forward', '--listen', '127.0.0.1:0')
      const said = await forward.until((text) => text.includes('Ctrl-C ends it.'))
      client = new Ollama({ host: /^Listening {2}(\S+)$/m.exec(said)?.[1] ?? '' })
    })
    afterAll(() => opened.disposeAsync())

    test('lists, shows, chats and streams, and both count the same', async () => {
      expect((await client.list()).models.map(({ name }) => name).sort()).toEqual(['endless', 'talker'])
      expect((await client.show({ model: 'talker' })).capabilities).toContain('completion')
      const whole = await client.chat({ model: 'talker', messages })
      expect(whole.message.content).toBe(TEXT)
      const told = [whole]
      let streamed = ''
      for await (const part of await client.chat({ model: 'talker', messages, stream: true })) {
        streamed += part.message.content
        if (part.done) told.push(part)
      }
      expect(streamed).toBe(TEXT)
      const rows = (await gateway.rows()).filter(({ route }) => route === 'POST /api/chat')
      expect(rows).toMatchObject(
        told.map(({ prompt_eval_count, eval_count }) => ({
          prompt_tokens: prompt_eval_count,
          completion_tokens: eval_count,
          client_name: 'ollama-js',
          is_estimated: 0,
        })),
      )
      const sum = (name: 'prompt_tokens' | 'cached_tokens' | 'completion_tokens') =>
        rows.reduce((total, row) => total + (row[name] ?? 0), 0)
      const summed = {
        promptTokens: sum('prompt_tokens'),
        cachedTokens: sum('cached_tokens'),
        completionTokens: sum('completion_tokens'),
      }
      await expectCounted(summed, [talker.origin])
    })

    test('an `abort` stops the engine', async () => {
      const stream = await client.chat({ model: 'endless', messages, stream: true })
      await expect(async () => {
        for await (const part of stream) if (part.message.content === ' tock') stream.abort()
      }).rejects.toThrow('abort')
      await untilIdle(endless)
      await settled(gateway)
      expect((await gateway.rows()).at(-1)).toMatchObject({
        route: 'POST /api/chat',
        status: 499,
        error_code: 'client_closed',
        is_estimated: 1,
      })
    })
  },
)
