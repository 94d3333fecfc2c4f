import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DialectName } from '../../src/core/dialect-name.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post } from './client.ts'
import { WHOLE_CASES } from './whole-answers.ts'

const HF = 'hf.co/x/y:Q4'
const messages = [{ role: 'user' as const, content: 'hi' }]

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let key: string
beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', HF] }))
  gateway = opened.use(
    await startTestGateway({ upstreams: [upstream.origin], config: { gateway: { keyInPath: true } } }),
  )
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())

const sdks = {
  openai: (base: string) => new OpenAI({ baseURL: gateway.url + base, apiKey: key, maxRetries: 0 }),
  anthropic: (base: string) =>
    new Anthropic({ baseURL: gateway.url + base, apiKey: key, authToken: null, maxRetries: 0 }),
  ollama: (base: string) => new Ollama({ host: gateway.url + base, headers: { authorization: `Bearer ${key}` } }),
}

describe('a model whose name has a /', () => {
  test.each([
    ['openai', async () => (await sdks.openai('/v1').models.retrieve(HF)).id],
    ['anthropic', async () => (await sdks.anthropic('').models.retrieve(HF)).id],
  ] as const)("is found by %s's SDK, which escapes it", async (_, ask) => expect(await ask()).toBe(HF))

  test.each(['hf.co%2Fx%2Fy%3AQ4', 'hf.co/x/y:Q4', 'hf.co%2fx/y%3aQ4', 'hf.co/x/y:Q4/'])(
    'is found as %s, with the key in the path too',
    async (name) => {
      const authorization = `Bearer ${key}`
      const found = await fetch(`${gateway.url}/v1/models/${name}`, { headers: { authorization } })
      expect(await found.json()).toMatchObject({ object: 'model' })
      expect((await fetch(`${gateway.url}/k/${key}/v1/models/${name}`)).status).toBe(200)
    },
  )

  test.each(['hf.co%252Fx', '%00', '..%2Ftiny', 'tiny%2F..', 'a%2F%2Fb', 'tiny%3Fx', 'a%0D%0Ab', '%ff', '%'])(
    'is refused as %s',
    async (name) => {
      for (const before of ['', `/k/${key}`]) {
        const answer = await fetch(`${gateway.url}${before}/v1/models/${name}`, {
          headers: { authorization: `Bearer ${key}` },
        })
        expect(answer.status).toBe(400)
        expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request' } })
      }
    },
  )

  test('is held to the key like any other', async () => {
    const limited = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: await gateway.key({ models: ['tiny'] }),
      maxRetries: 0,
    })
    await expect(limited.models.retrieve(HF)).rejects.toMatchObject({ status: 403 })
  })
})

describe('a / too many', () => {
  test.each(WHOLE_CASES)('comes to $path all the same', async (of) => {
    for (const path of [`/${of.path}`, `${of.path}/`, of.path.replaceAll('/', '//'), `${of.path}//?x=/`]) {
      const before = upstream.requests.length
      const answer = await post({ url: gateway.url, key, ...of, path })
      expect(answer.status, path).toBe(200)
      expect(upstream.requests.slice(before).map((request) => request.path)).toEqual([of.path])
    }
  })

  test('changes nothing of what a key may do', async () => {
    for (const path of ['//api/me', '/api//me', '/api/me/', '/debug//pprof/', '//debug/pprof/heap', '/api//delete/']) {
      const before = upstream.requests.length
      const method = path.includes('debug') ? 'GET' : path.includes('delete') ? 'DELETE' : 'POST'
      const answer = await fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${key}` } })
      expect(answer.status, path).toBe(403)
      expect(upstream.requests.length).toBe(before)
    }
  })

  test('in the base URL of an SDK is none of its concern', async () => {
    const openai = await sdks.openai('//v1/').chat.completions.create({ model: 'tiny', messages })
    expect(openai.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
    const ollama = await sdks.ollama('/').chat({ model: 'tiny', messages })
    expect(ollama.message.content).toBe(SCRIPTED_TEXT)
  })
})

describe("Anthropic's API by a base URL with /v1", () => {
  const MESSAGES = '/v1/messages'
  const body = { model: 'tiny', max_tokens: 9, messages }

  test.each(['', '/v1', '/v1/', '//v1'])('and without: %j is right for its SDK', async (base) => {
    const before = upstream.requests.length
    const answer = await sdks.anthropic(base).messages.create(body)
    expect(answer.content).toMatchObject([{ text: SCRIPTED_TEXT }])
    expect(upstream.requests.slice(before).map((request) => request.path)).toEqual([MESSAGES])
    const listed = await sdks.anthropic(base).models.list({ limit: 1 })
    expect(listed).toMatchObject({ data: [{ type: 'model', id: 'tiny:latest' }], has_more: true })
    expect((await sdks.anthropic(base).models.retrieve(HF)).id).toBe(HF)
  })

  test.each(['/messages', '/v1/v1/messages'])('%s goes by the true path, query and all', async (path) => {
    const before = upstream.requests.length
    for (const at of [path, `${path}/`, `/k/${key}${path}`]) {
      const answer = await post({ url: gateway.url, key, path: `${at}?beta=true`, body })
      expect(answer.status, at).toBe(200)
    }
    const sent = upstream.requests.slice(before).map(({ url }) => url)
    expect(sent).toEqual([1, 2, 3].map(() => `${MESSAGES}?beta=true`))
    const rows = await gateway.rows()
    expect(rows.slice(-3).map(({ route }) => route)).toEqual([1, 2, 3].map(() => `POST ${MESSAGES}`))
  })

  test('changes nothing of what a key may do', async () => {
    const narrow = await gateway.key({ models: ['other'] })
    for (const path of ['/messages', '/v1/v1/messages']) {
      const answer = await post({ url: gateway.url, key: narrow, path, body })
      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'permission_error' } })
    }
    const found = await fetch(`${gateway.url}/v1/v1/models/${encodeURIComponent(HF)}`, {
      headers: { authorization: `Bearer ${narrow}` },
    })
    expect(found.status).toBe(403)
  })

  test('counts tokens where a server does', async () => {
    await using counting = await startScriptedUpstream({ server: 'anthropic', models: ['tiny'] })
    await using other = await startTestGateway({ upstreams: [counting.origin] })
    const otherKey = await other.key()
    for (const path of ['/messages/count_tokens', '/v1/v1/messages/count_tokens']) {
      const before = counting.requests.length
      expect((await post({ url: other.url, key: otherKey, path, body })).status).toBe(200)
      expect(counting.requests.slice(before).map((request) => request.path)).toEqual(['/v1/messages/count_tokens'])
    }
  })

  test('lists at /models as at /v1/models', async () => {
    const lists = await Promise.all(
      ['/models', '/v1/models', '/v1/v1/models'].map(async (path) => {
        const answer = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
        return answer.text()
      }),
    )
    expect(new Set(lists).size).toBe(1)
    expect(lists[0]).toContain('tiny:latest')
  })
})

describe('a wrong base URL', () => {
  const chats = {
    openai: (base: string) => sdks.openai(base).chat.completions.create({ model: 'tiny', messages }),
    anthropic: (base: string) => sdks.anthropic(base).messages.create({ model: 'tiny', max_tokens: 9, messages }),
    ollama: (base: string) => sdks.ollama(base).chat({ model: 'tiny', messages }),
  }
  const cases: readonly (readonly [DialectName, base: string, meant: string])[] = [
    ['openai', '', 'POST /v1/chat/completions'],
    ['openai', '/v1/v1', 'POST /v1/chat/completions'],
    ['openai', '/api', 'POST /v1/chat/completions'],
    ['openai', '/api/v1', 'POST /v1/chat/completions'],
    ['openai', '/v1/api', 'POST /v1/chat/completions'],
    ['openai', '/v1/chat/completions', 'POST /v1/chat/completions'],
    ['anthropic', '/v1/messages', 'POST /v1/messages'],
    ['anthropic', '/api', 'POST /v1/messages'],
    ['ollama', '/v1', 'POST /api/chat'],
    ['ollama', '/api', 'POST /api/chat'],
    ['ollama', '/api/chat', 'POST /api/chat'],
    ['ollama', '/v1/api', 'POST /api/chat'],
  ]
  test.each(cases)("%s's SDK with %j shows the path that was meant", async (dialect, base, meant) => {
    await expect(chats[dialect](base)).rejects.toThrow(`${meant} was probably meant`)
  })

  test("Ollama's SDK shows a text also where nothing near is meant", async () => {
    const ollama = sdks.ollama('/somewhere/else')
    await expect(ollama.chat({ model: 'tiny', messages })).rejects.toThrow('was probably meant')
    const answer = await fetch(`${gateway.url}/somewhere`, { headers: { 'user-agent': 'ollama-js/0.6.4 (x64)' } })
    expect(await answer.json()).toEqual({ error: expect.stringContaining('no such route') })
  })
})

test.each(['POST /props', 'POST /slots/1', 'GET /v1/responses/resp_1', 'POST /sleep'])(
  'a route that no server here has is not refused for the key: %s',
  async (label) => {
    const [method = '', path = ''] = label.split(' ')
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await fetch(gateway.url + path, { method, headers, body: method === 'GET' ? null : '{}' })
    expect(await answer.json()).toMatchObject({ error: { code: 'route_not_served' } })
    expect(answer.status).toBe(404)
  },
)
