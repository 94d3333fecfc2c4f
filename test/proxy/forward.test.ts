import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ForwardOptions, openForward, type RunningForward } from '../../src/client/forward/forward.ts'
import type { ForwardEvent } from '../../src/client/forward/forward-standing.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { ManualClock } from '../support/clock.ts'
import { ConnectProxy } from '../support/connect-proxy.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { RawConnection, rawExchange } from '../support/raw.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { fail, flood, frames, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { untilStill } from '../support/stillness.ts'
import { postRaw, ReadStream } from './client.ts'
import { settled, until } from './turns.ts'

const CHAT = { path: '/api/chat', body: { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] } }
const WRONG = `pk_${'0'.repeat(10)}_${'0'.repeat(52)}`
const MIB = 1_048_576

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let forward: RunningForward
const events: ForwardEvent[] = []

beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest'] }))
  gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin] }))
  const key = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  forward = opened.use(await open(gateway.url, key, { onEvent: (event) => events.push(event) }))
})
afterAll(() => opened.disposeAsync())

function open(url: string, key: string, more: Partial<ForwardOptions> = {}): Promise<RunningForward> {
  return openForward({
    gateway: { url, key: new Secret(key), caFile: undefined },
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    ...more,
  })
}

/** The next chat that reaches the model server, and none that has. */
async function nextChat(): Promise<ReceivedRequest> {
  const earlier = new Set<ReceivedRequest>(upstream.requests)
  for (;;) {
    const request = await upstream.nextRequest(CHAT.path)
    if (!earlier.has(request)) return request
  }
}

/** One request with these head lines; the status, the head and the body of the answer. */
async function raw(request: string, port = forward.port) {
  const text = await rawExchange(port, request)
  const end = text.indexOf('\r\n\r\n')
  return { status: Number(text.slice(9, 12)), head: text.slice(0, end), body: text.slice(end + 4) }
}

const get = (path: string, lines = '', method = 'GET') =>
  raw(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${forward.port}\r\n${lines}connection: close\r\n\r\n`)

describe('programs that cannot send the key', () => {
  test("Ollama's own client, unchanged: lists, chats, streams, embeds, pulls", async () => {
    const client = new Ollama({ host: forward.url })
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['tiny:latest'])
    const whole = await client.chat({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
    let streamed = ''
    for await (const part of await client.chat({ model: 'tiny', messages: [], stream: true })) {
      streamed += part.message.content
    }
    expect(streamed).toBe(whole.message.content)
    expect((await client.show({ model: 'tiny' })).capabilities).toContain('completion')
    expect(await client.pull({ model: 'tiny' })).toMatchObject({ status: 'success' })
  })

  test("OpenAI's SDK with any text as its key", async () => {
    const client = new OpenAI({ baseURL: `${forward.url}/v1`, apiKey: 'not-needed', maxRetries: 0 })
    const stream = await client.chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toContain('Hello')
  })

  test("Ollama's command line: is told that it runs, and each of its requests passes", async () => {
    const knock = await get('/', 'user-agent: ollama/0.33.0 (amd64 linux) Go/go1.24.6\r\n', 'HEAD')
    expect([knock.status, knock.body]).toEqual([200, ''])
    expect((await get('/')).body).toBe('Ollama is running')
    expect((await get('/', 'accept: text/html\r\n')).body).toBe('Ollama is running')
    expect((await get('/api/tags')).body).toContain('tiny:latest')
    expect((await get('/api/version')).status).toBe(200)
    expect((await get('/v1/models/tiny')).status).toBe(200)
  })

  test('whose run it is goes with each request, and nothing of the client itself', async () => {
    const seen: (readonly string[])[] = []
    const server = createServer((request, response) => {
      seen.push(request.rawHeaders)
      response
        .writeHead(200, {
          'access-control-allow-origin': '*',
          'set-cookie': 'a=b',
          'x-other': 'c',
          'content-length': 2,
        })
        .end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address() as { readonly port: number }
    await using own = await open(`http://127.0.0.1:${address.port}/base/path`, 'pk_a_b', {
      session: 'run_1',
      label: 'local',
    })
    const lines = [
      ...['authorization: Bearer ollama', 'x-api-key: sk-1', 'api-key: a', 'cookie: a=b', 'x-forwarded-for: 10.0.0.1'],
      ...['forwarded: for=10.0.0.1', 'via: 1.1 a', 'x-real-ip: 10.0.0.1', 'te: trailers', 'x-punku-session: run_2'],
      ...['connection: close, x-hop', 'x-hop: 1', 'x-kept: 1', 'sec-fetch-site: none', 'accept: */*'],
    ]
    const host = `host: localhost:${own.port}`
    const { head, body } = await raw(`GET /api/tags?x=1 HTTP/1.1\r\n${host}\r\n${lines.join('\r\n')}\r\n\r\n`, own.port)
    const names = seen[0]?.filter((_, at) => at % 2 === 0).sort()
    expect(names).toEqual([
      'accept',
      'authorization',
      'connection',
      'host',
      'x-kept',
      'x-punku-label',
      'x-punku-session',
    ])
    expect(seen[0]).toEqual(expect.arrayContaining(['Bearer pk_a_b', 'run_1', 'local', `127.0.0.1:${address.port}`]))
    expect(body).toBe('{}')
    expect(head).toMatch(/x-other: c/)
    expect(head).not.toMatch(/access-control|set-cookie/i)
    server.close()
    server.closeAllConnections()
  })
})

describe('bytes', () => {
  test('a stream comes token by token, each as soon as it is there', async () => {
    upstream.behave([frames(1), hold, frames(1), hold, rest])
    const arrived = nextChat()
    const stream = await ReadStream.open({ url: forward.url, ...CHAT })
    const request = await arrived
    const one = await stream.until((text) => text.split('\n').length === 2)
    expect(one).toContain('"done":false')
    request.release()
    await stream.until((text) => text.split('\n').length === 3)
    request.release()
    expect(await stream.rest()).toContain('"done":true')
  })

  test('a client that leaves ends the work at the model server', async () => {
    upstream.behave([frames(2), hold])
    const arrived = nextChat()
    const client = await postRaw({ url: forward.url, ...CHAT })
    const request = await arrived
    await client.until((text) => text.includes('done'))
    client.reset()
    expect((await request.ended).how).toBe('abandoned')
    await settled(gateway)
  })

  test('a client that leaves before the answer begins ends it too', async () => {
    upstream.behave([hold])
    const arrived = nextChat()
    const client = await postRaw({ url: forward.url, ...CHAT })
    const request = await arrived
    client.socket.destroy()
    expect((await request.ended).how).toBe('abandoned')
    await settled(gateway)
  })

  test('a slow reader holds the model server back, and nothing piles up', async () => {
    upstream.behave([flood(65_536)])
    const arrived = nextChat()
    const client = await postRaw({ url: forward.url, ...CHAT })
    client.setReading(false)
    const request = await arrived
    const held = await untilStill(() => {
      expect(request.sentBytes).toBeLessThan(128 * MIB)
      return request.sentBytes
    })
    expect(held).toBeGreaterThan(65_536)
    client.setReading(true)
    await until(() => client.socket.bytesRead > held + MIB)
    client.reset()
    await settled(gateway)
  })

  test('a client that takes nothing is cut after its time, and the model server is free', async () => {
    const clock = new ManualClock()
    await using own = await open(gateway.url, await gateway.key(), { clock, limits: { stalledReaderMs: 60_000 } })
    upstream.behave([flood(65_536)])
    const arrived = nextChat()
    const client = await postRaw({ url: own.url, ...CHAT })
    client.setReading(false)
    const request = await arrived
    await untilStill(() => request.sentBytes)
    clock.advance(60_000)
    expect((await request.ended).how).toBe('abandoned')
    client.reset()
    await settled(gateway)
  })

  test('uploads pass whole: with a length, in chunks, after they were invited', async () => {
    const content = 'x'.repeat(3 * MIB)
    const body = JSON.stringify({ ...CHAT.body, messages: [{ role: 'user', content }], stream: false })
    const start = `POST /api/chat HTTP/1.1\r\nhost: 127.0.0.1:${forward.port}\r\ncontent-type: application/json\r\n`
    const whole = await rawExchange(forward.port, [
      `${start}content-length: ${body.length}\r\nconnection: close\r\n\r\n`,
      body,
    ])
    expect(whole).toMatch(/^HTTP\/1\.1 200/)
    const half = body.length >> 1
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    const chunks = [chunk(body.slice(0, half)), chunk(body.slice(half)), '0\r\n\r\n']
    const inChunks = await rawExchange(forward.port, [
      `${start}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`,
      ...chunks,
    ])
    expect(inChunks).toMatch(/^HTTP\/1\.1 200/)
    using patient = await RawConnection.open(forward.port)
    await patient.send(`${start}content-length: ${body.length}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n`)
    await patient.until((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    await patient.send(body)
    expect((await patient.untilClosed()).toString()).toMatch(/HTTP\/1\.1 200/)
    const sent = upstream.requests.filter((request) => request.body.length > MIB)
    expect(sent.map(({ json }) => (json['messages'] as typeof CHAT.body.messages)[0]?.content.length)).toEqual(
      Array.from({ length: 3 }, () => content.length),
    )
  })

  test('an answer that comes before the upload is whole reaches its client, whatever is still sent', async () => {
    using client = await RawConnection.open(forward.port)
    const start = `POST /api/chat HTTP/1.1\r\nhost: 127.0.0.1:${forward.port}\r\ncontent-type: application/json\r\n`
    await client.send(`${start}content-length: ${10_000 * MIB}\r\n\r\n${'x'.repeat(MIB)}`)
    expect(await client.until((text) => text.includes('}'))).toMatch(/^HTTP\/1\.1 413/)
    await client.send('x'.repeat(MIB))
    client.reset()
  })

  test('an answer with a length keeps it, and its connection takes the next request', async () => {
    using connection = await RawConnection.open(forward.port)
    for (const count of [1, 2]) {
      await connection.send(`GET /api/version HTTP/1.1\r\nhost: localhost:${forward.port}\r\n\r\n`)
      await connection.until((text) => text.split('"version"').length === count + 1)
    }
    expect(connection.text).toMatch(/content-length: \d+/)
    expect(connection.text).not.toMatch(/transfer-encoding/)
  })

  test("errors pass as the gateway wrote them, in the form of the client's API", async () => {
    upstream.behave([fail(400, 'does not support tools')])
    await expect(new Ollama({ host: forward.url }).chat({ model: 'tiny', messages: [] })).rejects.toMatchObject({
      status_code: 400,
      error: 'does not support tools',
    })
    const direct = await fetch(`${gateway.url}/v1/nothing`, { method: 'POST', body: '{}' })
    const { status, body } = await get('/v1/nothing', 'content-length: 0\r\n', 'POST')
    expect(status).toBe(404)
    expect(Object.keys(JSON.parse(body))).toEqual(Object.keys((await direct.json()) as object))
  })
})

describe('what is not forwarded', () => {
  test.each([
    '/control/v1/keys',
    '/ui/',
    '/metrics',
    '/tunnel',
    '/connect',
    '/healthz',
    '/api',
    '/v1',
    '/apix/a',
    '/completion',
  ])('%s, which is no API of models, is not found', async (path) => {
    expect((await get(path)).status).toBe(404)
  })

  test.each([
    '/api/../control/v1/keys',
    '/v1/%2e%2e/control',
    '/v1/models/..%2f..%2fcontrol',
    '/api/./tags',
    '/api\\tags',
    'http://other.test/api/tags',
  ])('%s, which others could read in another way, is refused', async (path) => {
    expect((await get(path)).status).toBe(400)
  })

  test.each([
    'origin: https://evil.test',
    'origin: null',
    'origin: http://127.0.0.1:11434',
    'Origin: vscode-webview://a',
    'sec-fetch-site: cross-site',
    'sec-fetch-site: same-site',
    'Sec-Fetch-Site: none\r\nsec-fetch-site: cross-site',
    'sec-fetch-site: none\r\nsec-fetch-mode: navigate',
    'sec-fetch-mode: websocket',
    'referer: https://evil.test/page',
    'referer: http://127.0.0.1:1/',
    'referer: about:blank',
    'access-control-request-method: POST',
  ])('a page (%s) is refused in words, and may read nothing', async (lines) => {
    const asked = () => upstream.requests.filter(({ path }) => path === CHAT.path).length
    const before = asked()
    for (const method of ['POST', 'OPTIONS']) {
      const { status, head, body } = await get(CHAT.path, `${lines}\r\n`, method)
      expect(status).toBe(403)
      expect(head).not.toMatch(/access-control/i)
      expect(JSON.parse(body).error).toMatch(/no page may use it/)
    }
    expect(asked()).toBe(before)
  })

  test('nothing of a browser that no page of another site sent is taken for one', async () => {
    const own = `http://localhost:${forward.port}/`
    expect(
      (await get('/api/tags', `sec-fetch-site: same-origin\r\nsec-fetch-mode: cors\r\nreferer: ${own}\r\n`)).status,
    ).toBe(200)
  })

  test('any other name than that of loopback with this port is refused (DNS rebinding)', async () => {
    const ask = async (lines: string) =>
      (await raw(`GET /api/tags HTTP/1.1\r\n${lines}connection: close\r\n\r\n`)).status
    const { port } = forward
    for (const host of [`LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect(await ask(`host: ${host}\r\n`)).toBe(200)
    }
    const strange = [
      `evil.test:${port}`,
      'localhost',
      '127.0.0.1:1',
      `localhost.evil.test:${port}`,
      `0.0.0.0:${port}`,
      '',
    ]
    for (const host of [...strange, `127.0.0.2:${port}`, `a@localhost:${port}`]) {
      expect(await ask(`host: ${host}\r\n`), host).toBe(403)
    }
    expect(await ask(`host: localhost:${port}\r\nhost: evil.test\r\n`)).toBe(403)
    expect((await raw('GET /api/tags HTTP/1.0\r\n\r\n')).status).toBe(403)
  })

  test('what is no request, or takes more than it may, is refused', async () => {
    expect((await raw('nonsense\r\n\r\n')).status).toBe(400)
    expect((await raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).body).toMatch(/plain HTTP/)
    expect((await get('/api/tags', `a: ${'x'.repeat(70_000)}\r\n`)).status).toBe(431)
    expect((await get('127.0.0.1:80', '', 'CONNECT')).status).toBe(400)
    await using small = await open(gateway.url, WRONG, { limits: { connections: 1 } })
    using first = await RawConnection.open(small.port)
    using second = await RawConnection.open(small.port)
    expect((await second.untilClosed()).length).toBe(0)
    expect(first.isClosed).toBe(false)
  })
})

test('a session or label that no header can carry is refused before anything listens', async () => {
  await expect(open(gateway.url, WRONG, { label: 'a\r\nb: c' })).rejects.toThrow(/x-punku-label can carry plain ASCII/)
  await expect(open(gateway.url, WRONG, { session: '' })).rejects.toThrow(/x-punku-session/)
})

describe('the gateway', () => {
  test('that is away is told at once, in the form of each API, once in the log, and so is its return', async () => {
    const port = await findFreePort()
    const key = await gateway.key()
    const told: ForwardEvent[] = []
    await using own = await open(`http://127.0.0.1:${port}`, key, { onEvent: (event) => told.push(event) })
    const said =
      /Punku asked http:\S+ The gateway cannot be reached: nothing listens .*\(ECONNREFUSED\)\. Check that it runs/
    await expect(new Ollama({ host: own.url }).list()).rejects.toMatchObject({
      status_code: 503,
      error: expect.stringMatching(said),
    })
    const openai = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: 'a', maxRetries: 0 })
    await expect(openai.models.list()).rejects.toMatchObject({ status: 503, message: expect.stringMatching(said) })
    const messages = await fetch(`${own.url}/v1/messages`, { method: 'POST', body: '{}' })
    expect(await messages.json()).toMatchObject({ type: 'error', error: { message: expect.stringMatching(said) } })
    expect((await fetch(own.url)).status).toBe(503)
    await using _back = await startTestGateway({ upstreams: [], home: gateway.home, port })
    expect(await (await fetch(`${own.url}/api/tags`)).text()).not.toMatch(said)
    expect(told.map(({ kind }) => kind)).toEqual(['gateway_away', 'gateway_back'])
  })

  test('that accepts and never speaks is given up in time, with no answer held', async () => {
    await using silent = await ConnectProxy.start({ isSilent: true })
    vi.stubEnv('HTTP_PROXY', `http://${silent.authority}`)
    vi.stubEnv('NO_PROXY', '')
    try {
      await using own = await open('http://gateway.test', WRONG, { limits: { connectTimeoutMs: 50 } })
      const answer = await fetch(`${own.url}/api/tags`)
      expect(answer.status).toBe(503)
      expect(await answer.text()).toMatch(/proxy of this network .* did not answer in time/)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('is reached through the proxy that the environment names', async () => {
    await using proxy = await ConnectProxy.start()
    vi.stubEnv('HTTP_PROXY', `http://${proxy.authority}`)
    vi.stubEnv('NO_PROXY', '')
    try {
      await using named = await startTestGateway({
        upstreams: [upstream.origin],
        config: { gateway: { hosts: ['gateway.test'] } },
      })
      await using own = await open(`http://gateway.test:${named.port}`, await named.key())
      for (const _ of [1, 2]) expect((await fetch(`${own.url}/api/tags`)).status).toBe(200)
      expect(proxy.asked).toEqual([`gateway.test:${named.port}`])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('with a certificate of an authority of its own is reached with that, and else the reason is told', async () => {
    const server = createHttpsServer({ cert: GATEWAY_CERTIFICATE, key: GATEWAY_PRIVATE_KEY }, (request, response) => {
      request.pipe(response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    const folder = mkdtempSync(join(tmpdir(), 'punku-forward-'))
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, GATEWAY_CERTIFICATE)
    const of = { url: `https://localhost:${port}`, key: new Secret(WRONG) }
    try {
      await using trusting = await open(of.url, WRONG, { gateway: { ...of, caFile } })
      for (const body of ['{"a":1}', 'x'.repeat(2 * MIB)]) {
        const answer = await fetch(`${trusting.url}/api/chat`, { method: 'POST', body })
        expect(await answer.text()).toBe(body)
      }
      await using strange = await open(of.url, WRONG)
      const answer = await fetch(`${strange.url}/api/tags`)
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/does not trust .*--ca-file/)])
      await using plain = await open(of.url.replace('https', 'http'), WRONG)
      expect((await fetch(`${plain.url}/api/tags`)).status).toBeGreaterThanOrEqual(400)
    } finally {
      server.close()
      server.closeAllConnections()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('that refuses the key: its 401 passes, and one remark is made', async () => {
    const told: ForwardEvent[] = []
    await using own = await open(gateway.url, WRONG, { onEvent: (event) => told.push(event) })
    for (const _ of [1, 2]) {
      const answer = await fetch(`${own.url}/api/tags`)
      expect(answer.status).toBe(401)
      expect(await answer.text()).toMatch(/does not know this key/)
    }
    expect(told).toEqual([{ kind: 'key_refused' }])
  })

  test('is asked for whoever shows the pass of a run, in whichever way, and for nobody else', async () => {
    await using own = await open(gateway.url, await gateway.key(), { pass: 'run-pass' })
    const status = async (headers: Record<string, string>) => (await fetch(`${own.url}/api/tags`, { headers })).status
    for (const headers of [
      { authorization: 'Bearer run-pass' },
      { authorization: `Basic ${btoa('anybody:run-pass')}` },
      { 'x-api-key': 'run-pass', authorization: 'Bearer foreign' },
      { 'api-key': 'run-pass' },
    ])
      expect(await status(headers)).toBe(200)
    for (const headers of [
      {},
      { authorization: 'Bearer run-pas' },
      { 'x-api-key': 'run-pass-' },
      { cookie: 'run-pass' },
    ])
      expect(await status(headers)).toBe(401)
  })

  test('that refuses the key is asked with the one that there is by then', async () => {
    const told: ForwardEvent[] = []
    let renewed: Secret | undefined
    const onEvent = (event: ForwardEvent) => told.push(event)
    await using own = await open(gateway.url, WRONG, { onEvent, renewedKey: () => renewed })
    const status = async () => (await fetch(`${own.url}/api/tags`)).status
    expect(await status()).toBe(401)
    renewed = new Secret(await gateway.key())
    expect([await status(), await status()]).toEqual([401, 200])
    expect(told.map(({ kind }) => kind)).toEqual(['key_refused', 'gateway_back'])
  })

  test('answered all along, and nothing was told', () => expect(events).toEqual([]))
})

test('a close lets an answer end that runs, and takes no more', async () => {
  const own = await open(gateway.url, await gateway.key())
  upstream.behave([frames(1), hold, rest])
  const arrived = nextChat()
  const stream = await ReadStream.open({ url: own.url, ...CHAT })
  const request = await arrived
  await stream.until((text) => text.includes('\n'))
  const closed = own.close()
  request.release()
  expect(await stream.rest()).toContain('"done":true')
  await closed
  await expect(fetch(`${own.url}/api/tags`)).rejects.toThrow()
})
