import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const messages = [{ role: 'user', content: 'hi' }]
/** Each is put to Ollama's own API, since it says how the model is to be run. */
const ASKS = [
  ['/v1/chat/completions', { model: 'tiny', messages }],
  ['/v1/responses', { model: 'tiny', input: 'hi' }],
  ['/v1/messages', { model: 'tiny', max_tokens: 9, messages }],
  ['/v1/embeddings', { model: 'tiny', input: 'hi' }],
] as const

describe('what a request may not have passed as it is, it may not have translated', () => {
  const opened = new AsyncDisposableStack()
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  beforeAll(async () => {
    upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
  })
  afterAll(() => opened.disposeAsync())

  /** Requests of clients: the gateway's own ask what there is. */
  function asked(): number {
    return upstream.requests.filter(({ method, path }) => method === 'POST' && path !== '/api/show').length
  }

  async function ask(path: string, body: string, key: string) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await fetch(`${gateway.url}${path}`, { method: 'POST', headers, body })
    await answer.arrayBuffer()
    return answer
  }

  test.each(ASKS)('a model is pinned or unloaded by who may manage alone: %s', async (path, body) => {
    for (const keepAlive of [-1, 0, '999h', '0s']) {
      const wanted = JSON.stringify({ ...body, keep_alive: keepAlive, num_ctx: 4_096 })
      const answer = await ask(path, wanted, await gateway.key())
      expect([answer.status, answer.headers.get('x-punku-left-out')]).toEqual([200, 'keep_alive'])
      const sent = upstream.requests.at(-1)
      expect(sent?.path).toMatch(/^\/api\/(?:chat|embed)$/)
      expect([sent?.json['keep_alive'] ?? null, sent?.json['options']]).toEqual([
        null,
        expect.objectContaining({ num_ctx: 4_096 }),
      ])
      await ask(path, wanted, await gateway.key({ routes: ['inference', 'metadata', 'manage'] }))
      expect(upstream.requests.at(-1)?.json['keep_alive']).toBe(keepAlive)
    }
    await settled(gateway)
    expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
  })

  test.each(ASKS)('what decides how it is translated stands once: %s', async (path, body) => {
    const before = asked()
    for (const field of [
      '"keep_alive":"5m","keep_alive":-1',
      '"num_ctx":1024,"num_ctx":9',
      '"Think":true,"think":false',
    ]) {
      const twice = `${JSON.stringify(body).slice(0, -1)},${field}}`
      expect((await ask(path, twice, await gateway.key())).status).toBe(400)
    }
    expect(asked()).toBe(before)
  })

  test('a search that its owner wants refused is refused where the request is translated too', async () => {
    const config = { gateway: { webSearch: 'refuse' } }
    await using strict = await startTestGateway({ translates: true, upstreams: [upstream.origin], config })
    const before = asked()
    for (const [path, body] of ASKS.slice(0, 3)) {
      const answer = await fetch(`${strict.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await strict.key()}` },
        body: JSON.stringify({ ...body, tools: [{ type: 'web_search' }], num_ctx: 4_096 }),
      })
      expect([path, answer.status]).toEqual([path, 403])
    }
    expect(asked()).toBe(before)
  })
})
