import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { request, type Dispatcher as UndiciDispatcher, fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { punkuDispatcher } from '../../src/sdk/punku-dispatcher.ts'
import type { FetchFunction } from '../../src/sdk/punku-fetch.ts'
import { punkuFetch } from '../../src/sdk/punku-fetch.ts'
import type { TunnelHost } from '../../src/sdk/tunnel-host.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { RawServer } from '../support/raw-server.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { cut, frames, head, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const CHAT = '/v1/chat/completions'
const messages = [{ role: 'user' as const, content: 'hi' }]
const body = JSON.stringify({ model: 'tiny', messages, stream: true })
const json = { 'content-type': 'application/json' }

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let other: ScriptedUpstream
let gateway: TestGateway
let key: string
/** Of the tunnel's API, without a path. */
let address: string
beforeAll(async () => {
  other = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['other:latest'] }))
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest'] }))
  gateway = opened.use(await startTestGateway({ upstreams: [other.origin] }))
  const id = await gateway.addUpstream('default', upstream.origin)
  address = `http://ollama.${gateway.parts.upstreams.get(id)?.label}.tunnel`
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())

interface Ways {
  readonly fetch: FetchFunction
  [Symbol.asyncDispose](): PromiseLike<void>
}

/** Each way of asking for an address, as a `fetch`. */
const WAYS: readonly (readonly [name: string, open: () => Ways])[] = [
  ['punkuFetch', () => ({ fetch: punkuFetch({ gateway: gateway.url, key }), async [Symbol.asyncDispose]() {} })],
  [
    "punkuDispatcher with Node's fetch",
    () => {
      const dispatcher = punkuDispatcher({ gateway: gateway.url, key })
      return {
        fetch: (input, init) => fetch(input, { ...init, dispatcher }),
        [Symbol.asyncDispose]: () => dispatcher[Symbol.asyncDispose](),
      }
    },
  ],
  [
    "punkuDispatcher with undici's fetch",
    () => {
      const dispatcher = punkuDispatcher<UndiciDispatcher>({ gateway: gateway.url, key })
      const send = undiciFetch as unknown as (input: unknown, init: object) => Promise<Response>
      return {
        fetch: (input, init) => send(input instanceof Request ? input.url : input, { ...init, dispatcher }),
        [Symbol.asyncDispose]: () => dispatcher[Symbol.asyncDispose](),
      }
    },
  ],
]

describe.each(WAYS)('%s', (_, open) => {
  test("reaches the tunnel's models from the three SDKs, streaming, with the key in place of their own", async () => {
    await using way = open()
    const { fetch } = way
    const openai = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none', fetch, maxRetries: 0 })
    const anthropic = new Anthropic({ baseURL: address, apiKey: 'none', fetch, maxRetries: 0 })
    const ollama = new Ollama({ host: address, fetch })
    let said = ''
    for await (const { choices } of await openai.chat.completions.create({ model: 'tiny', messages, stream: true })) {
      said += choices[0]?.delta.content ?? ''
    }
    const stream = anthropic.messages.stream({ model: 'tiny', messages, max_tokens: 99 })
    stream.on('text', (text) => {
      said += text
    })
    await stream.finalMessage()
    for await (const part of await ollama.chat({ model: 'tiny', messages, stream: true })) said += part.message.content
    expect(said).toBe(SCRIPTED_TEXT.repeat(3))
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual(['tiny:latest'])
    await expect(openai.chat.completions.create({ model: 'other', messages })).rejects.toMatchObject({ status: 404 })
  })

  test('reaches what the key may use, by the name of an org', async () => {
    await using way = open()
    const listed = await way.fetch('http://acme.tunnel/api/tags')
    const { models } = (await listed.json()) as { readonly models: readonly { readonly name: string }[] }
    expect(models.map(({ name }) => name).sort()).toEqual(['other:latest', 'tiny:latest'])
  })

  test("hands on each piece as it comes, and the caller's leaving to the model server", async () => {
    await using way = open()
    upstream.behave([head, frames(2), hold, rest])
    const abort = new AbortController()
    const response = await way.fetch(address + CHAT, { method: 'POST', headers: json, body, signal: abort.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect((await reader.read()).done).toBe(false)
    const served = upstream.requests.at(-1)
    const reading = reader.read().then(() => reader.read())
    abort.abort()
    await expect(reading).rejects.toThrow(/abort/i)
    expect((await served?.ended)?.how).toBe('abandoned')
  })

  test('shows a stream that broke as broken, and a refusal as the gateway words it', async () => {
    await using way = open()
    upstream.behave([head, frames(2), cut])
    const response = await way.fetch(address + CHAT, { method: 'POST', headers: json, body })
    expect(await response.text()).toMatch(/"error"/)
    const refused = await way.fetch('http://ollama.nobodys.tunnel/v1/models')
    expect([refused.status, JSON.stringify(await refused.json())]).toEqual([
      404,
      expect.stringContaining('no upstream'),
    ])
  })

  test('sends a body that comes in pieces', async () => {
    await using way = open()
    const pieces = ReadableStream.from([body.slice(0, 9), body.slice(9)]).pipeThrough(new TextEncoderStream())
    const init = { method: 'POST', headers: json, body: pieces, duplex: 'half' }
    expect(await (await way.fetch(address + CHAT, init as RequestInit)).text()).toContain('[DONE]')
  })

  test('refuses other hosts, and addresses of no form', async () => {
    await using way = open()
    const count = other.requests.length
    for (const url of [other.origin, `http://bar.x.tunnel/`, 'http://ollama.x.tunnel:99/']) {
      const refused = await way.fetch(url).catch((thrown: Error) => thrown.cause ?? thrown)
      expect(refused).toMatchObject({ name: 'TunnelRefusal' })
    }
    expect(other.requests).toHaveLength(count)
  })
})

/** A server that answers each request with one text, and keeps what it was sent. */
async function recording(answer: string): Promise<RawServer & { readonly heads: string[] }> {
  const heads: string[] = []
  const server = await RawServer.start(async (connection) => {
    heads.push((await connection.request())?.head ?? '')
    connection.write(answer)
    connection.end()
  })
  return Object.assign(server, { heads })
}

describe('the key', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'

  test('goes to no other host, though such are passed on where that was asked for', async () => {
    await using elsewhere = await recording(OK)
    const ask = punkuFetch({ gateway: gateway.url, key, otherwise: fetch })
    await using agent = punkuDispatcher({ gateway: gateway.url, key, otherwise: await nodeDispatcher() })
    expect(await (await ask(`${elsewhere.origin}/x`, { headers: { authorization: 'own' } })).text()).toBe('ok')
    expect(await (await fetch(`${elsewhere.origin}/x`, { dispatcher: agent })).text()).toBe('ok')
    expect(elsewhere.heads).toHaveLength(2)
    expect(elsewhere.heads.join()).not.toContain(key)
    expect(elsewhere.heads[0]).toContain('own')
  })

  test.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
    await using target = await recording(OK)
    const location = `HTTP/1.1 ${status} Go\r\nLocation: ${target.origin}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    await using moved = await recording(location)
    const options = { gateway: moved.origin, key, otherwise: fetch }
    const init = { method: 'POST', body: 'x' }
    await expect(punkuFetch(options)('http://acme.tunnel/', init)).rejects.toMatchObject({ reason: 'redirect' })
    await using agent = punkuDispatcher({ ...options, otherwise: await nodeDispatcher() })
    const failed = await fetch('http://acme.tunnel/', { ...init, dispatcher: agent }).catch((thrown: Error) => thrown)
    expect((failed as Error).cause).toMatchObject({ reason: 'redirect' })
    expect([moved.heads.length, target.heads.length]).toEqual([2, 0])
  })

  test("takes the place of the client's, whatever header that is in", async () => {
    await using standIn = await recording(OK)
    const foreign = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'proxy-authorization']
    const headers = { ...Object.fromEntries(foreign.map((name) => [name, 'foreign'])), 'x-session-id': 'kept' }
    const options = { gateway: `${standIn.origin}/base/`, key }
    await punkuFetch(options)('http://ollama.box.tunnel/v1/models?a=b', { headers })
    await using agent = punkuDispatcher<UndiciDispatcher>(options)
    await (await request('http://ollama.box.tunnel/v1/models?a=b', { headers, dispatcher: agent })).body.text()
    expect(standIn.heads).toHaveLength(2)
    for (const text of standIn.heads) {
      expect(text).toMatch(/GET \/base\/v1\/models\?a=b HTTP/)
      expect(text).toContain(`Bearer ${key}`)
      expect(text.toLowerCase()).toContain('x-punku-upstream: box')
      expect(text).toContain('kept')
      expect(text).not.toContain('foreign')
      expect(text).not.toContain('tunnel')
    }
  })

  test('may be asked for, by org and upstream; another org than its own is refused', async () => {
    const asked: TunnelHost[] = []
    const keyOf = async (host: TunnelHost) => {
      asked.push(host)
      return key
    }
    const ask = punkuFetch({ gateway: gateway.url, key: keyOf })
    await using agent = punkuDispatcher({ gateway: gateway.url, key: keyOf })
    const url = address.replace('.tunnel', '.acme.tunnel')
    expect((await ask(`${url}/api/tags`)).status).toBe(200)
    expect((await fetch(`${url}/api/tags`, { dispatcher: agent })).status).toBe(200)
    const upstreamLabel = address.split('.')[1]
    expect(asked).toEqual([1, 2].map(() => ({ org: 'acme', upstream: upstreamLabel })))
    const own = punkuFetch({ gateway: gateway.url, key, org: 'lab' })
    expect((await own('http://lab.tunnel/api/tags')).status).toBe(200)
    await expect(own('http://acme.tunnel/api/tags')).rejects.toMatchObject({ reason: 'other_org' })
    await expect(punkuFetch({ gateway: gateway.url, key: () => 'none' })(url)).rejects.toMatchObject({
      reason: 'options',
    })
  })

  test('stands in no message', () => {
    for (const gateway of ['ftp://x', 'http://a.tunnel', 'https://u:p@x', 'x']) {
      expect(() => punkuFetch({ gateway, key })).toThrow(expect.objectContaining({ reason: 'options' }))
    }
    expect(() => punkuFetch({ gateway: 'https://x', key: 'secret word' })).toThrow(/pk_/)
    expect(() => punkuFetch({ gateway: 'https://x', key: 'secret word' })).not.toThrow(/secret/)
  })
})

test('a Request is asked as a URL is', async () => {
  const ask = punkuFetch({ gateway: gateway.url, key })
  const response = await ask(
    new Request(address + CHAT, { method: 'POST', headers: { ...json, 'x-api-key': 'x' }, body }),
  )
  expect(await response.text()).toContain('[DONE]')
})

test('an older undici, as that of Node 24, hears of an answer in its own shape', async () => {
  await using agent = punkuDispatcher<UndiciDispatcher>({ gateway: gateway.url, key })
  const told: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  let resume = () => {}
  const older = {
    onConnect: () => void told.push('connect'),
    onHeaders(status: number, raw: Buffer[], more: () => void) {
      resume = more
      told.push(`${status} ${raw.map(String).includes('content-type')}`)
      return false
    },
    onData(chunk: Buffer) {
      told.push(String(chunk.length > 0))
      return true
    },
    onComplete: () => resolve(),
    onError: (error: Error) => void told.push(error.message),
  }
  agent.dispatch({ origin: address, path: '/api/tags', method: 'GET' }, older as never)
  await expect.poll(() => told.slice(0, 2)).toEqual(['connect', '200 true'])
  resume()
  await promise
  expect(told.slice(2)).toContain('true')
  agent.dispatch({ origin: 'http://example.org', path: '/', method: 'GET' }, older as never)
  expect(told.at(-1)).toMatch(/not of a tunnel/)
})

/** The dispatcher that Node's own `fetch` has by itself. */
async function nodeDispatcher() {
  await fetch('data:,')
  return (globalThis as never)[Symbol.for('undici.globalDispatcher.1')] as {
    dispatch(options: never, handler: never): boolean
  }
}
