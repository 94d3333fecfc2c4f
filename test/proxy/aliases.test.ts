import { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import { RawConnection } from '../support/raw.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post, ReadStream } from './client.ts'
import { settled, until } from './turns.ts'

const CHATS: readonly (readonly [name: string, path: string, more: object])[] = [
  ['ollama', '/api/chat', {}],
  ['openai', '/v1/chat/completions', {}],
  ['anthropic', '/v1/messages', { max_tokens: 9 }],
]

/** On each a server has the route, and one has not. */
const MODELS = [
  ['big', 'plain'],
  ['claude-opus-9', 'small:latest'],
] as const

const opened = new AsyncDisposableStack()
let ollama: ScriptedUpstream
let plain: ScriptedUpstream
let gateway: TestGateway
let key: string
beforeAll(async () => {
  ollama = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['small:latest', 'other:latest'] }))
  const lacks = ['/v1/messages', '/v1/responses', '/api/chat']
  plain = opened.use(await startScriptedUpstream({ server: 'openai', models: ['plain'], lacks }))
  const config = {
    aliases: [
      { name: 'big', model: 'plain' },
      { name: 'claude-*', model: 'small:latest' },
      { name: 'gone', model: 'nowhere' },
    ],
  }
  gateway = opened.use(await startTestGateway({ translates: true, upstreams: [ollama.origin, plain.origin], config }))
  key = await gateway.key()
  await until(() => gateway.parts.upstreams.all().every(({ known }) => known.models?.length))
})
afterAll(() => opened.disposeAsync())

const messages = [{ role: 'user', content: 'hi' }]

function lastSent(): Readonly<Record<string, unknown>> {
  const sent = [ollama, plain].flatMap(({ requests }) => requests).filter(({ json }) => json['messages'] !== undefined)
  return sent.at(-1)?.json ?? {}
}

async function get(
  path: string,
  given: { readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {},
) {
  const authorization = `Bearer ${given.key ?? key}`
  const response = await fetch(gateway.url + path, { headers: { authorization, ...given.headers } })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

describe.each(CHATS)('a client of %s', (_name, path, more) => {
  describe.each(MODELS)('that asks for %s', (alias, model) => {
    test.each([false, true])('is answered by the model that is meant (streamed: %j)', async (stream) => {
      for (const { requests } of [ollama, plain]) (requests as unknown[]).length = 0
      const answer = await ReadStream.open({
        url: gateway.url,
        key,
        path,
        body: { model: alias, messages, stream, ...more },
      })
      const text = await answer.rest()
      expect(answer.response.status, text).toBe(200)
      expect(answer.isBroken).toBe(false)
      expect(lastSent()).toMatchObject({ model })
      await settled(gateway)
      expect((await gateway.rows()).at(-1)).toMatchObject({ model_asked: alias, status: 200, error_code: null })
    })
  })

  test('is let in by the model that is meant, whatever the name', async () => {
    const [byName, byModel] = [
      await gateway.key({ models: ['big', 'claude-*'] }),
      await gateway.key({ models: ['plain'] }),
    ]
    const ask = (text: string) => post({ url: gateway.url, key: text, path, body: { model: 'big', messages, ...more } })
    const refused = await ask(byName)
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('may not use that model')])
    const answered = await ask(byModel)
    expect([answered.status, await answered.text()]).toEqual([200, expect.any(String)])
  })

  test('is refused by the model that is meant while a large body still comes', async () => {
    const byName = await gateway.key({ models: ['claude-*'] })
    using connection = await RawConnection.open(gateway.port)
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${gateway.port}\r\nauthorization: Bearer ${byName}\r\n`
    const length = 'content-type: application/json\r\ncontent-length: 9000000\r\n\r\n'
    await connection.send(
      `${head}${length}{"model":"claude-x","messages":[{"role":"user","content":"${'x'.repeat(200_000)}`,
    )
    expect(await connection.until((text) => text.includes('may not use that model'))).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('lists', () => {
  test.each([
    ['openai', {}],
    ['anthropic', { 'anthropic-version': '2023-06-01' }],
  ] as const)('of %s have each name whose model is there, and no pattern', async (_, headers) => {
    const ids = async (text?: string) => {
      const { json } = await get('/v1/models', { headers, ...(text !== undefined && { key: text }) })
      return (json['data'] as { id: string }[]).map(({ id }) => id)
    }
    expect(await ids()).toEqual(['small:latest', 'other:latest', 'plain', 'big'])
    expect(await ids(await gateway.key({ models: ['plain'] }))).toEqual(['plain', 'big'])
    expect(await ids(await gateway.key({ models: ['big', 'small'] }))).toEqual(['small:latest'])
  })

  test('of Ollama have it with the facts of its model', async () => {
    await using own = await startTestGateway({
      translates: true,
      upstreams: [ollama.origin],
      config: { aliases: [{ name: 'gpt-4o', model: 'small' }] },
    })
    const host = own.url
    const client = new Ollama({ host, headers: { authorization: `Bearer ${await own.key()}` } })
    await expect.poll(async () => (await client.list()).models.length).toBe(3)
    const { models } = await client.list()
    expect(models[2]).toEqual({ ...models[0], name: 'gpt-4o', model: 'gpt-4o' })
    await client.show({ model: 'gpt-4o' })
    expect(ollama.requests.findLast(({ path }) => path === '/api/show')?.json).toEqual({ model: 'small' })
  })

  test.each([
    ['big', 'plain'],
    ['claude-opus-9', 'small:latest'],
  ])('show %s under that name', async (alias, model) => {
    for (const headers of [{}, { 'anthropic-version': '2023-06-01' }]) {
      const [shown, meant] = [
        await get(`/v1/models/${alias}`, { headers }),
        await get(`/v1/models/${model}`, { headers }),
      ]
      expect(shown.status).toBe(200)
      expect(shown.json['id']).toBe(alias)
      expect(Object.keys(shown.json)).toEqual(Object.keys(meant.json))
    }
    expect((await get(`/v1/models/${alias}`, { key: await gateway.key({ models: [alias] }) })).status).toBe(403)
  })

  test('show one of a server that has no Ollama’s route', async () => {
    const shown = await post({ url: gateway.url, key, path: '/api/show', body: { model: 'big' } })
    expect([shown.status, await shown.json()]).toMatchObject([200, { details: {}, capabilities: expect.any(Array) }])
  })

  test('have it in the place of a model of that name, which nobody can ask for', async () => {
    await using own = await startTestGateway({
      translates: true,
      upstreams: [ollama.origin],
      config: { aliases: [{ name: 'other', model: 'small' }] },
    })
    const client = new Ollama({ host: own.url, headers: { authorization: `Bearer ${await own.key()}` } })
    await expect
      .poll(async () => (await client.list()).models.map(({ name }) => name))
      .toEqual(['small:latest', 'other'])
  })
})

test('the row of a request that was translated has the model that answered', async () => {
  const body = { model: 'claude-x', max_tokens: 9, stop_sequences: ['x'], messages }
  const answer = await post({ url: gateway.url, key, path: '/v1/messages', body })
  expect(await answer.json()).toMatchObject({ model: 'claude-x' })
  await settled(gateway)
  expect((await gateway.rows()).at(-1)).toMatchObject({
    model_asked: 'claude-x',
    model_used: 'small:latest',
    translated: 'ollama-chat',
  })
})

test('an alias stands for nothing where models are made, copied and removed', async () => {
  const manager = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  const body = { source: 'other', destination: 'claude-opus-9' }
  await post({ url: gateway.url, key: manager, path: '/api/copy', body })
  expect(ollama.requests.findLast(({ path }) => path === '/api/copy')?.json).toEqual(body)
  await fetch(`${gateway.url}/api/delete`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${manager}` },
    body: JSON.stringify({ model: 'claude-opus-9' }),
  })
  expect(ollama.requests.findLast(({ path }) => path === '/api/delete')?.json).toEqual({ model: 'claude-opus-9' })
})

test('an alias opens nothing by the name in a form, which is sent as it is', async () => {
  const form = new FormData()
  form.set('model', 'big')
  form.set('file', new Blob(['RIFF']), 'a.wav')
  const headers = { authorization: `Bearer ${await gateway.key({ models: ['plain'] })}` }
  const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form })
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('may not use that model')])
})

test('what an org has said goes before the configuration, and is nothing to another org', async () => {
  await using own = await startTestGateway({
    translates: true,
    upstreams: [ollama.origin],
    config: { aliases: [{ name: 'gpt-*', model: 'small' }] },
  })
  const { modelRuleService, modelRules } = own.parts.state
  await modelRuleService.putAlias(LOCAL, { name: 'gpt-5', model: 'other', version: undefined })
  const text = await own.key()
  const ask = async (model: string) => {
    const { status } = await post({
      url: own.url,
      key: text,
      path: '/api/chat',
      body: { model, messages, stream: false },
    })
    return [status, ollama.requests.findLast(({ path }) => path === '/api/chat')?.json['model']]
  }
  expect(await ask('gpt-5')).toEqual([200, 'other'])
  expect(await ask('gpt-4')).toEqual([200, 'small'])
  expect(modelRules.modelOf('org_2', 'gpt-5:latest')).toBe('small')
  await modelRuleService.removeAlias(LOCAL, 'GPT-5')
  expect(await ask('gpt-5')).toEqual([200, 'small'])
})
