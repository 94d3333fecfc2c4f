import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { createLog } from '../../src/core/log.ts'
import { DirectUpstream } from '../../src/gateway/upstreams/direct-upstream.ts'
import { HttpDispatcher } from '../../src/http-client/http-dispatcher.ts'
import { startTestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import { RawConnection } from '../support/raw.ts'
import { cut, end, errorFrame, fail, frames, raw, respond } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { DIALECT_ROUTES, expectShape } from './refusal.ts'
import { CHAT, openSite, type Site, USER_AGENT, until } from './site.ts'
import { type RawAnswer, send } from './wire.ts'

/** Stands for what must not be seen elsewhere; it is nowhere else in the tree. */
const MARKER = 'zqx7marker'

const { line, body } = CHAT

/** Everything the gateway writes down: log lines at debug level, rows, metrics, and the bytes of its database. */
async function writtenDown(site: Site): Promise<string> {
  const rows = JSON.stringify(await site.gateway.rows())
  const metrics = await site.ask('GET /metrics HTTP/1.1')
  expect(metrics.status).toBe(200)
  const files = readdirSync(site.gateway.home).filter((name) => name.startsWith('punku.db'))
  expect(files.length).toBeGreaterThan(0)
  const bytes = files.map((name) => readFileSync(join(site.gateway.home, name), 'latin1'))
  return [...site.gateway.logLines, rows, metrics.body, ...bytes].join('\n')
}

describe('to the upstream', () => {
  const FORWARDED = [
    'accept',
    'accept-encoding',
    'anthropic-beta',
    'anthropic-version',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
    'x-session-id',
    'x-stainless-lang',
  ]

  const PRIVATE = [
    'Cookie',
    'Cookie2',
    'Referer',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-User',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Via',
    'Proxy-Authorization',
    'Proxy-Connection',
    'X-Auth-Token',
    'Api-Key',
    'X-Goog-Api-Key',
    'OpenAI-Organization',
    'OpenAI-Project',
    'X-Punku-Key',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'Traceparent',
    'Baggage',
    'Sec-Fetch-Site',
    'Range',
    'If-None-Match',
    'Date',
    'From',
    'Max-Forwards',
    'Trailer',
    'TE',
    'Keep-Alive',
    'Accept-Language',
    'Priority',
  ]

  test.each([...DIALECT_ROUTES.map(({ path }) => path), '/api/show'])(
    'only the headers of the list go on %s',
    async (path) => {
      await using site = await openSite()
      const answer = await site.ask(
        `POST ${path} HTTP/1.1`,
        body,
        ...PRIVATE.map((name) => `${name}: ${MARKER}`),
        `x-api-key: ${site.key}`,
        `Origin: http://127.0.0.1:${site.port}`,
        'Accept-Encoding: gzip',
        'Accept: */*',
        'Content-Type: application/json',
        'anthropic-version: 2023-06-01',
        'anthropic-beta: tools-2024-04-04',
        'x-session-id: session-1',
        'x-stainless-lang: js',
      )
      expect(answer.status).toBe(200)
      const [request] = site.reached()
      const names = request!.rawHeaders.filter((_, index) => index % 2 === 0)
      expect(names.toSorted()).toEqual(FORWARDED)
      expect(request!.headers).toMatchObject({
        host: `127.0.0.1:${site.upstream.port}`,
        'accept-encoding': 'identity',
        'content-length': String(body.length),
        'user-agent': USER_AGENT,
        'x-session-id': 'session-1',
      })
      const wire = JSON.stringify([request!.url, request!.rawHeaders])
      expect(wire).not.toContain(MARKER)
      expect(wire).not.toContain(site.key)
    },
  )

  test('what Connection names stays here', async () => {
    await using site = await openSite()
    const lines = ['Connection: X-Session-Id, anthropic-beta', 'X-Session-Id: mine', 'anthropic-beta: mine']
    expect((await site.ask(line, body, ...lines)).status).toBe(200)
    expect(site.reached()[0]!.headers).not.toHaveProperty('x-session-id')
    expect(site.reached()[0]!.headers).not.toHaveProperty('anthropic-beta')
  })

  test('a value that is no plain text stays here', async () => {
    await using site = await openSite()
    expect((await site.ask(line, body, 'x-session-id: caf\xe9', 'Accept: a\x80b')).status).toBe(200)
    expect(site.reached()[0]!.headers).not.toHaveProperty('x-session-id')
    expect(site.reached()[0]!.headers).not.toHaveProperty('accept')
  })

  test('a model upload goes with its length and no more', async () => {
    await using site = await openSite({ grant: { routes: ['manage'] } })
    const path = `/api/blobs/sha256:${'a'.repeat(64)}`
    const answer = await site.ask(`POST ${path} HTTP/1.1`, 'GGUF', `Cookie: ${MARKER}`, 'X-Forwarded-For: 10.0.0.1')
    expect(answer.status).toBe(201)
    const [request] = site.reached()
    expect(request!.rawHeaders.filter((_, index) => index % 2 === 0).toSorted()).toEqual([
      'accept-encoding',
      'connection',
      'content-length',
      'host',
      'user-agent',
    ])
    expect(request!.body.toString()).toBe('GGUF')
  })

  test("the gateway's own questions carry nothing of the caller", async () => {
    await using site = await openSite()
    const before = site.upstream.requests.length
    await site.ask('GET /api/ps HTTP/1.1', '', `Cookie: ${MARKER}`)
    await site.ask('GET /v1/models?limit=5 HTTP/1.1', '', `x-session-id: ${MARKER}`)
    await site.ask('POST /api/chat HTTP/1.1', '{"model":"missing","messages":[]}', `x-session-id: ${MARKER}`)
    const asked = site.upstream.requests.slice(before)
    expect(asked.length).toBeGreaterThan(0)
    for (const { url, rawHeaders } of asked) {
      expect(JSON.stringify([url, rawHeaders])).not.toMatch(new RegExp(`${MARKER}|${USER_AGENT}|${site.key}`))
    }
  })

  test('a key in the path is taken off', async () => {
    await using site = await openSite({ config: { gateway: { keyInPath: true } } })
    const [answer] = await send(
      site.port,
      `POST /k/${site.key}/api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer?.status).toBe(200)
    const [request] = site.reached()
    expect(request!.url).toBe('/api/chat')
    expect(JSON.stringify(request!.rawHeaders)).not.toContain(site.key)
    expect(await writtenDown(site)).not.toContain(site.key)
  })

  test('no query, no field and no header but `x-punku-upstream` picks another upstream', async () => {
    await using first = await startScriptedUpstream({ server: 'ollama' })
    await using second = await startScriptedUpstream({ server: 'ollama' })
    await using gateway = await startTestGateway({ upstreams: [first.origin, second.origin] })
    // With leave to have the model server call others, by `api_base`: to the gateway it is one field of many.
    const key = await gateway.key({ allowsFetch: true })
    const other = `127.0.0.1:${second.port}`
    const attempts = [
      `X-Upstream: ${other}`,
      `X-Forwarded-Host: ${other}`,
      `X-Original-Host: ${other}`,
      `X-Target-URL: http://${other}`,
      `X-Base-Url: http://${other}`,
    ]
    const json = JSON.stringify({
      model: 'tiny',
      messages: [],
      stream: false,
      api_base: `http://${other}`,
      upstream: other,
    })
    for (const target of [
      '/api/chat',
      `/api/chat?upstream=${other}`,
      `/api/chat?x-punku-upstream=${other}&api_base=http://${other}`,
    ]) {
      for (const host of ['127.0.0.1', other]) {
        const head = [
          `POST ${target} HTTP/1.1`,
          `Host: ${host}`,
          `x-api-key: ${key}`,
          'Connection: close',
          `Content-Length: ${json.length}`,
        ]
        const [answer] = await send(gateway.port, [...head, ...attempts, `\r\n${json}`].join('\r\n'))
        expect(answer?.status).toBe(200)
        expect(answer?.header('x-punku-upstream')).toBe(`127.0.0.1:${first.port}`)
      }
    }
    expect(first.requests.filter(({ path }) => path === '/api/chat')).toHaveLength(6)
    expect(second.requests.filter(({ path }) => path === '/api/chat')).toHaveLength(0)
  })

  test("the process's proxy variables bend no call", async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    let proxied = 0
    const proxy = createServer((socket) => {
      proxied += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
    const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: '', no_proxy: '' }
    try {
      const child = fileURLToPath(new URL('./proxy-child.ts', import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, [child, upstream.origin], {
        env: { ...env, NODE_USE_ENV_PROXY: '1', NODE_OPTIONS: '' },
      })
      expect(stdout).toBe('200')
    } finally {
      proxy.close()
    }
    expect(proxied).toBe(0)
    expect(upstream.requests.some(({ path }) => path === '/v1/chat/completions')).toBe(true)
  })
})

describe('to the client', () => {
  const UPSTREAM_HEADERS = {
    'set-cookie': `session=${MARKER}`,
    location: `http://${MARKER}.example/`,
    'content-location': `/${MARKER}`,
    server: MARKER,
    'x-powered-by': MARKER,
    via: `1.1 ${MARKER}`,
    'access-control-allow-origin': '*',
    'access-control-allow-credentials': 'true',
    'www-authenticate': `Basic realm="${MARKER}"`,
    'proxy-authenticate': `Basic realm="${MARKER}"`,
    'x-request-id': MARKER,
    'request-id': MARKER,
    'openai-organization': MARKER,
    'anthropic-organization-id': MARKER,
    'strict-transport-security': 'max-age=1',
    'clear-site-data': '"*"',
    refresh: `0; url=http://${MARKER}.example/`,
    link: `<http://${MARKER}.example/>; rel=preload`,
    'alt-svc': `h2="${MARKER}.example:443"`,
    'content-security-policy': MARKER,
    'x-punku-upstream': MARKER,
    etag: MARKER,
    connection: 'close',
    'keep-alive': 'timeout=5',
  }
  const SENT = [
    'cache-control',
    'connection',
    'content-length',
    'content-security-policy',
    'content-type',
    'date',
    'request-id',
    'transfer-encoding',
    'x-content-type-options',
  ]
  const OWN = ['content-security-policy', 'x-content-type-options']
  const ALLOWED = new Set([...SENT, ...OWN, 'x-accel-buffering', 'x-punku-upstream', 'x-request-id', 'retry-after'])

  test.each([
    [200, 'application/json', '{"model":"tiny","done":true}'],
    [200, 'application/x-ndjson', '{"model":"tiny","done":true}\n'],
    [404, 'application/json', '{"error":"no"}'],
    [429, 'application/json', '{"error":"busy"}'],
    [500, 'text/plain', 'no'],
  ])('only the headers of the list come back with %i %s', async (status, type, text) => {
    await using site = await openSite()
    site.upstream.behave([respond(status, { ...UPSTREAM_HEADERS, 'content-type': type, 'retry-after': '3' }, text)])
    const answer = await site.ask(line, '{"model":"tiny","messages":[]}')
    expect(answer.status).toBe(status)
    const names = answer.headerLines.map((header) => header.slice(0, header.indexOf(':')).toLowerCase())
    expect(names.filter((name) => !ALLOWED.has(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    expect(answer.header('retry-after')).toBe('3')
    expect(answer.headerLines.join('\n')).not.toContain(MARKER)
    expect(answer.header('x-punku-upstream')).toBe(`127.0.0.1:${site.upstream.port}`)
  })

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is told as an error and never followed', async (status) => {
    await using other = await startScriptedUpstream({ server: 'ollama' })
    await using site = await openSite()
    const location = `${other.origin}/api/chat?${MARKER}`
    site.upstream.behave([respond(status, { location, 'content-type': 'text/html' }, MARKER)])
    const answer = await site.ask(line, body)
    expectShape(answer, { code: 'upstream_invalid', dialect: 'ollama' })
    expect(answer.header('location')).toBeUndefined()
    expect(answer.body).not.toContain(MARKER)
    expect(other.requests).toHaveLength(0)
    await site.expectWell()
  })

  test.each([401, 403])("the upstream's own refusal of the gateway (%i) stays here", async (status) => {
    await using site = await openSite()
    const headers = { 'www-authenticate': `Bearer ${MARKER}`, 'content-type': 'application/json' }
    site.upstream.behave([respond(status, headers, JSON.stringify({ error: MARKER }))])
    const answer = await site.ask(line, body)
    expectShape(answer, { code: 'upstream_denied', dialect: 'ollama' })
    expect(JSON.stringify(answer)).not.toContain(MARKER)
    expect(await writtenDown(site)).not.toContain(MARKER)
  })

  test("the upstream's credential goes to it, and is written nowhere", async () => {
    await using upstream = await startScriptedUpstream({ server: 'llama-server', models: ['guarded'], apiKey: MARKER })
    await using site = await openSite()
    await site.gateway.parts.upstreams.add(
      new DirectUpstream({
        orgId: 'default',
        url: upstream.origin,
        credential: { header: 'authorization', reveal: () => MARKER },
        createDispatcher: (origin) => new HttpDispatcher({ origin, clock: systemClock }),
        clock: systemClock,
        log: createLog({ level: 'debug', format: 'json', destination: { write: () => {} } }),
      }),
    )
    const answer = await site.ask('POST /v1/chat/completions HTTP/1.1', '{"model":"guarded","messages":[]}')
    expect(answer.status).toBe(200)
    const request = upstream.requests.at(-1)!
    expect(request.headers.authorization).toBe(`Bearer ${MARKER}`)
    expect(JSON.stringify(answer)).not.toContain(MARKER)
    expect(await writtenDown(site)).not.toContain(MARKER)
  })

  test('where the models are is told to nobody in an error', async () => {
    await using site = await openSite()
    const { port } = site.upstream
    await site.upstream.close()
    const answer = await site.ask(line, body)
    expectShape(answer, { code: 'upstream_refused', dialect: 'ollama' })
    expect(answer.body).not.toContain(String(port))
    expect(answer.body).not.toContain('ECONN')
  })
})

describe('into what is written down', () => {
  test('no credential, whatever is wrong with it', async () => {
    await using site = await openSite({ config: { gateway: { keyInPath: true } } })
    const { keys } = site.gateway.parts.state
    const ended = await site.gateway.key({ name: 'ended' })
    await keys.revoke(LOCAL, 'ended')
    const elsewhere = await site.gateway.key({ networks: ['10.0.0.0/8'] })
    const rotated = await site.gateway.key({ name: 'rotated' })
    await keys.rotate(LOCAL, 'rotated', 0)
    const real = [site.key, ended, elsewhere, rotated]
    const secretOf = (key: string) => key.slice(key.lastIndexOf('_') + 1)
    const shown: string[] = []

    const wrong = fc.oneof(
      fc.constantFrom(...real),
      fc.tuple(fc.constantFrom(...real), fc.nat({ max: 60 })).map(([key, at]) => key.slice(0, at) + key.slice(at + 1)),
      fc.constantFrom(...real).map((key) => key.toUpperCase()),
      fc.constantFrom(...real).map((key) => `${key},${key}`),
      fc.stringMatching(/^sk-[\w-]{20,60}$/),
      fc.stringMatching(/^[!-~]{12,80}$/),
      fc.stringMatching(/^[\x80-\xff]{12,40}$/),
    )
    const place = fc.constantFrom(
      (text: string) => ['/api/chat', `Authorization: Bearer ${text}`],
      (text: string) => ['/v1/messages', `x-api-key: ${text}`],
      (text: string) => ['/v1/chat/completions', `Authorization: Basic ${text}`],
      (text: string) => ['/v1/chat/completions', `Authorization: ${text}`],
      (text: string) => ['/v1/chat/completions', `Authorization: bearer  ${text} `],
      (text: string) => ['/v1/messages', `Authorization: Bearer ${text}`, `x-api-key: ${text}x`],
      (text: string) => ['/v1/messages', `x-api-key: ${text}`, `x-api-key: ${text}`],
      (text: string) => [`/k/${text.replaceAll(/[^\w-]/g, '')}/api/chat`],
      (text: string) => [`/api/chat?key=${text.replaceAll(/[^\w-]/g, '')}`, `Authorization: Bearer ${text}x`],
      (text: string) => ['/metrics', `Authorization: Bearer ${text}`, 'X-Forwarded-For: 10.0.0.1'],
    )
    await fc.assert(
      fc.asyncProperty(wrong, place, async (text, put) => {
        const [target = '', ...lines] = put(text)
        const head = [
          `POST ${target} HTTP/1.1`,
          'Host: 127.0.0.1',
          'Connection: close',
          `Content-Length: ${body.length}`,
        ]
        const answers = await send(site.port, Buffer.from([...head, ...lines, `\r\n${body}`].join('\r\n'), 'latin1'))
        // Only where it is right, and alone, does it open anything.
        if (!real.includes(text)) for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400)
        shown.push(text, ...real.map(secretOf))
        const told = answers.map(({ headerLines, body: said }) => [...headerLines, said].join('\n')).join('\n')
        for (const secret of [text, ...real.map(secretOf)]) expect(told).not.toContain(secret)
      }),
      { numRuns: 300 },
    )
    const written = (await writtenDown(site)).toLowerCase()
    for (const secret of new Set(shown)) expect(written).not.toContain(secret.toLowerCase())
  })

  test('no prompt and no answer, however the exchange ends', async () => {
    await using site = await openSite({ upstream: { words: [MARKER, ' answer'] } })
    const prompt = (fields = '') =>
      JSON.stringify({
        model: 'tiny',
        messages: [{ role: 'user', content: `prompt ${MARKER}` }],
        prompt: MARKER,
        system: MARKER,
        input: MARKER,
        max_tokens: 9,
      }).replace('{', `{${fields}`)
    const endings = [
      [],
      [fail(400, MARKER)],
      [fail(404, MARKER)],
      [fail(500, MARKER)],
      [fail(503, MARKER)],
      [respond(200, { 'content-type': 'text/html' }, `<html>${MARKER}`)],
      [respond(200, { 'content-type': 'application/json' }, `{"${MARKER}":`)],
      [frames(2), errorFrame(MARKER), end],
      [frames(2), cut],
      [raw(`HTTP/1.1 200 OK\r\n${MARKER}\r\n\r\n${MARKER}`)],
      [raw(`${MARKER} is not HTTP\r\n\r\n`), cut],
      [raw(`HTTP/1.1 200 OK\r\ncontent-length: ${MARKER}\r\n\r\n`)],
      [raw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${MARKER}\r\n`)],
    ]
    const paths = ['/api/generate', '/api/chat', '/v1/chat/completions', '/v1/responses', '/v1/messages']
    const answers: RawAnswer[] = []
    for (const ending of endings) {
      for (const path of paths) {
        for (const fields of ['"stream":false,', '"stream":true,']) {
          if (ending.length > 0) site.upstream.behave(ending)
          answers.push(...(await send(site.port, site.request(`POST ${path} HTTP/1.1`, prompt(fields)))))
        }
      }
    }
    // It was there to be seen.
    expect(answers.some(({ status, body: said }) => status === 200 && said.includes(MARKER))).toBe(true)
    for (const broken of [
      `${prompt()}x`,
      prompt('"model":"tiny",'),
      prompt('"x":\u0001,'),
      MARKER,
      `"${MARKER}"`,
      prompt('"tools":{,'),
    ]) {
      const [answer] = await send(site.port, site.request(line, broken))
      expect(answer?.status).toBe(400)
      expect(answer?.body).not.toContain(MARKER)
    }
    // And one that is cut off in the middle by its own client.
    using connection = await RawConnection.open(site.port)
    await connection.send(site.head(line, 'Content-Length: 500') + prompt().slice(0, 100))
    await until(() => site.gateway.parts.gateway.liveExchanges === 1)
    connection.reset()
    await until(() => site.gateway.parts.gateway.liveExchanges === 0)
    expect((await site.gateway.rows()).length).toBeGreaterThan(130)
    const written = await writtenDown(site)
    expect(written).toContain('tiny')
    expect(written).not.toContain(MARKER)
  })
})
