import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post, postRaw } from './client.ts'

const PIN = 'x-punku-upstream'
const CHATS: readonly (readonly [dialect: string, path: string, more: object, refused: number])[] = [
  ['ollama', '/api/chat', { stream: false }, 404],
  ['openai', '/v1/chat/completions', {}, 404],
  ['anthropic', '/v1/messages', { max_tokens: 9 }, 400],
]

const opened = new AsyncDisposableStack()
let first: ScriptedUpstream
let second: ScriptedUpstream
let gateway: TestGateway
let key: string
beforeAll(async () => {
  first = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['shared:latest', 'one:latest'] }))
  second = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['shared:latest', 'two:latest'] }))
  gateway = opened.use(await startTestGateway({ upstreams: [first.origin, second.origin] }))
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())

function chat(path: string, more: object, pin: string, model = 'shared') {
  const body = { model, messages: [{ role: 'user', content: 'hi' }], ...more }
  return post({ url: gateway.url, key, path, body, headers: { [PIN]: pin } })
}

function labelOf({ origin }: ScriptedUpstream): string {
  return gateway.parts.upstreams.get(gateway.upstreamId(origin))?.label ?? ''
}

describe.each(CHATS)('a request of %s', (_, path, more, refused) => {
  test('goes to the upstream that it names by id or by label, in any letter case', async () => {
    for (const upstream of [second, first, second]) {
      const id = gateway.upstreamId(upstream.origin)
      for (const pin of [id, labelOf(upstream), labelOf(upstream).toUpperCase()]) {
        const response = await chat(path, more, pin)
        expect([response.status, response.headers.get(PIN)]).toEqual([200, id])
        expect(upstream.requests.at(-1)?.rawHeaders.join()).not.toContain(PIN)
        await response.arrayBuffer()
      }
    }
  })

  test('for one that is not there is refused in its words, and reaches none', async () => {
    const counts = [first.requests.length, second.requests.length]
    const response = await chat(path, more, 'nobodys')
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([refused, 'false'])
    expect(await response.text()).toContain('There is no upstream of the name')
    expect([first.requests.length, second.requests.length]).toEqual(counts)
  })

  test('for a model that the upstream lacks is refused, though another has it', async () => {
    const response = await chat(path, more, labelOf(first), 'two')
    expect(response.status).toBe(404)
    expect(await response.text()).toContain("model 'two' not found")
    expect((await chat(path, more, labelOf(second), 'two')).status).toBe(200)
  })
})

test.each([
  ['/api/tags', {}],
  ['/v1/models', {}],
  ['/v1/models', { 'anthropic-version': '2023-06-01' }],
])('a list at %s shows the models of the upstream that is named', async (path, headers) => {
  const list = async (pin: string) => {
    const answer = await fetch(gateway.url + path, {
      headers: { authorization: `Bearer ${key}`, ...headers, [PIN]: pin },
    })
    const body = (await answer.json()) as Record<string, readonly { readonly id?: string; readonly name?: string }[]>
    return (body['models'] ?? body['data'] ?? []).map(({ id, name }) => id ?? name).sort()
  }
  expect(await list(labelOf(first))).toEqual(['one:latest', 'shared:latest'])
  expect(await list(labelOf(second))).toEqual(['shared:latest', 'two:latest'])
})

test('a key may no more of an upstream that it names than of any', async () => {
  const narrow = await gateway.key({ models: ['one'] })
  const body = { model: 'shared', messages: [], stream: false }
  const headers = { [PIN]: labelOf(first) }
  const response = await post({ url: gateway.url, key: narrow, path: '/api/chat', body, headers })
  expect(response.status).toBe(403)
})

test('no name, and two names, are refused: what was meant must not become any', async () => {
  expect((await chat('/api/chat', {}, '')).status).toBe(400)
  const extraHead = `${PIN}: ${labelOf(first)}\r\n${PIN}: ${labelOf(second)}\r\n`
  const body = { model: 'shared', messages: [], stream: false }
  const connection = await postRaw({ url: gateway.url, key, path: '/v1/chat/completions', body, extraHead })
  expect(await connection.until((text) => text.includes('}}'))).toContain('ambiguous_request')
  connection.reset()
})

test('a page may ask to send it', async () => {
  const headers = {
    origin: gateway.url,
    'access-control-request-method': 'POST',
    'access-control-request-headers': `authorization, ${PIN}`,
  }
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'OPTIONS', headers })
  expect(answer.headers.get('access-control-allow-headers')).toContain(PIN)
})
