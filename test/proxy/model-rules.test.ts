import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigLayer } from '../../src/config/environment.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post } from './client.ts'
import { until } from './turns.ts'

const opened = new AsyncDisposableStack()
let ollama: ScriptedUpstream
let second: ScriptedUpstream
let llama: ScriptedUpstream
beforeAll(async () => {
  ollama = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', 'think:latest'] }))
  second = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['far:latest'] }))
  llama = opened.use(await startScriptedUpstream({ server: 'llama-server', models: ['lean'] }))
})
afterAll(() => opened.disposeAsync())

const messages = [{ role: 'user', content: 'hi' }]
const CHAT = '/v1/chat/completions'

async function startRuled(models: ConfigLayer[string], servers: readonly ScriptedUpstream[] = [ollama]) {
  const upstreams = servers.map(({ origin }) => origin)
  const gateway = await startTestGateway({ translates: true, upstreams, config: { models } })
  await until(() => gateway.parts.upstreams.all().every(({ known }) => known.models?.length))
  return gateway
}

/** What an upstream was sent for a request that has to succeed. */
async function sent(gateway: TestGateway, path: string, body: object, from: ScriptedUpstream = ollama) {
  const answer = await post({ url: gateway.url, key: await gateway.key(), path, body: { messages, ...body } })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  const request = from.requests.findLast(({ json }) => json['messages'] !== undefined)
  return { path: request?.path, body: request?.json ?? {}, headers: answer.headers }
}

const CLIENTS: readonly (readonly [name: string, path: string, body: object])[] = [
  ['ollama', '/api/chat', { stream: false }],
  ['openai', CHAT, {}],
  ['openai, streamed', CHAT, { stream: true }],
  ['anthropic', '/v1/messages', { max_tokens: 9 }],
]

describe.each(CLIENTS)(
  'num_ctx, keep_alive and think by a rule reach Ollama for a client of %s',
  (_name, path, more) => {
    test('on its own API', async () => {
      const defaults = { num_ctx: 16_384, keep_alive: '30m', think: false }
      await using gateway = await startRuled([{ match: 'tiny*', defaults }])
      const asked = await sent(gateway, path, { model: 'tiny', ...more })
      expect(asked.path).toBe('/api/chat')
      expect(asked.body).toMatchObject({ keep_alive: '30m', think: false, options: { num_ctx: 16_384 } })
    })

    test('for the models that match alone', async () => {
      await using gateway = await startRuled([{ match: 'other*', defaults: { num_ctx: 16_384 } }])
      const asked = await sent(gateway, path, { model: 'tiny', ...more })
      expect(asked.path).toBe(path)
      expect(asked.body).not.toHaveProperty('options')
    })
  },
)

test('what a request says itself stands', async () => {
  await using gateway = await startRuled([{ match: '*', defaults: { num_ctx: 16_384, temperature: 0.1, think: true } }])
  const own = await sent(gateway, '/api/chat', {
    model: 'tiny',
    stream: false,
    think: false,
    options: { num_ctx: 512 },
  })
  expect(own.body).toMatchObject({ think: false, options: { num_ctx: 512, temperature: 0.1 } })
  const openai = await sent(gateway, CHAT, { model: 'tiny', temperature: 0.9, max_tokens: 5 })
  expect(openai.body).toMatchObject({ options: { num_ctx: 16_384, temperature: 0.9, num_predict: 5 } })
})

test('what a server has no place for is not sent to it', async () => {
  const defaults = { num_ctx: 16_384, temperature: 0.2 }
  await using gateway = await startRuled([{ match: '*', defaults }], [llama])
  const asked = await sent(gateway, CHAT, { model: 'lean' }, llama)
  expect([asked.path, asked.body['temperature']]).toEqual([CHAT, 0.2])
  expect(asked.body).not.toHaveProperty('num_ctx')
  expect(asked.body).not.toHaveProperty('options')
})

test('`native` is Ollama’s own API for every client, `off` is none but the client’s', async () => {
  await using native = await startRuled([{ match: '*', translate: 'native' }])
  const asked = await sent(native, CHAT, { model: 'tiny' })
  expect([asked.path, asked.headers.get('x-punku-translated')]).toEqual(['/api/chat', 'ollama-chat'])
  await using off = await startRuled([{ match: '*', translate: 'off', defaults: { num_ctx: 1_024 } }])
  const passed = await sent(off, CHAT, { model: 'tiny' })
  expect([passed.path, passed.headers.get('x-punku-translated')]).toEqual([CHAT, null])
  expect(passed.body).not.toHaveProperty('options')
})

test('`off` refuses where only another format would do', async () => {
  const refusalOf = async (servers: readonly ScriptedUpstream[]) => {
    await using gateway = await startRuled([{ match: '*', translate: 'off' }], servers)
    const body = { model: 'lean', messages, stream: false }
    const refused = await post({ url: gateway.url, key: await gateway.key(), path: '/api/chat', body })
    return [refused.status, await refused.text()]
  }
  expect(await refusalOf([llama])).toEqual([404, expect.stringContaining('No model server here serves')])
  expect(await refusalOf([llama, ollama])).toEqual([404, expect.stringContaining('turned translation off')])
  await using allowed = await startRuled([], [llama])
  expect((await sent(allowed, '/api/chat', { model: 'lean', stream: false }, llama)).path).toBe(CHAT)
})

test('a rule on one upstream holds there alone, and goes before one for all', async () => {
  await using gateway = await startRuled([], [ollama, second])
  const { modelRuleService } = gateway.parts.state
  const rule = { match: '*', version: undefined, translate: undefined }
  const put = (upstream: string | undefined, num_ctx: number) =>
    modelRuleService.putRule(LOCAL, { ...rule, upstream, defaults: { num_ctx } })
  await put(undefined, 1_024)
  await put(gateway.upstreamId(second.origin), 2_048)
  expect((await sent(gateway, CHAT, { model: 'tiny' })).body).toMatchObject({ options: { num_ctx: 1_024 } })
  expect((await sent(gateway, CHAT, { model: 'far' }, second)).body).toMatchObject({ options: { num_ctx: 2_048 } })
  await modelRuleService.removeRule(LOCAL, { match: '*', upstream: undefined })
  expect((await sent(gateway, CHAT, { model: 'tiny' })).path).toBe(CHAT)
})

test('rules fit the model that an alias stands for', async () => {
  await using gateway = await startTestGateway({
    translates: true,
    upstreams: [ollama.origin],
    config: {
      models: [{ match: 'tiny', defaults: { num_ctx: 4_096 } }],
      aliases: [{ name: 'gpt-*', model: 'tiny:latest' }],
    },
  })
  const asked = await sent(gateway, CHAT, { model: 'gpt-5' })
  expect(asked.body).toMatchObject({ model: 'tiny:latest', options: { num_ctx: 4_096 } })
})

test('seconds of keep_alive reach Ollama as a number, however they were said, and the answer names what was put in', async () => {
  for (const [said, given] of [
    ['-1', -1],
    ['30', 30],
    [90, 90],
    ['1h30m', '1h30m'],
  ]) {
    await using gateway = await startRuled([{ defaults: { keep_alive: said, temperature: 0.5 } }])
    for (const [, path, more] of CLIENTS) {
      const asked = await sent(gateway, path, { model: 'tiny', ...more })
      expect([path, asked.body['keep_alive']]).toEqual([path, given])
      expect(asked.headers.get('x-punku-defaults')).toBe('keep_alive temperature')
    }
  }
})

test('what cannot be carried is refused; a suffix alone is passed to where it means something', async () => {
  await using gateway = await startRuled([{ defaults: { num_ctx: 4_096 } }])
  const key = await gateway.key()
  for (const wrong of [{ n: 2 }, { num_ctx: 'abc' }]) {
    const refused = await post({ url: gateway.url, key, path: CHAT, body: { model: 'tiny', messages, ...wrong } })
    expect([wrong, refused.status]).toEqual([wrong, 400])
  }
  const path = '/v1/completions'
  const filled = await post({ url: gateway.url, key, path, body: { model: 'tiny', prompt: 'a', suffix: 'b' } })
  expect([filled.status, filled.headers.get('x-punku-translated')]).toEqual([200, null])
})

test('`off` leaves what the gateway knows itself: about how many tokens there are, and what a model is', async () => {
  await using gateway = await startRuled([{ match: '*', translate: 'off' }], [llama, ollama])
  const key = await gateway.key()
  const shown = await post({ url: gateway.url, key, path: '/api/show', body: { model: 'lean' } })
  const counted = await post({
    url: gateway.url,
    key,
    path: '/v1/messages/count_tokens',
    body: { model: 'tiny', messages },
  })
  expect([shown.status, counted.status, counted.headers.get('x-punku-estimated')]).toEqual([200, 200, 'input_tokens'])
})
