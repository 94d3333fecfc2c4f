import { hostname } from 'node:os'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { RawConnection } from '../support/raw.ts'
import { heldBufferBytes } from './heap.ts'
import { DIALECT_ROUTES, expectRefused, expectShape } from './refusal.ts'
import { CHAT, openSite, type Site, until } from './site.ts'
import { readAnswers, send } from './wire.ts'

let site: Site
const LIMITED = {
  config: {
    limits: { bodyBytes: '1MiB', decodedBodyBytes: '2MiB', jsonDepth: 128 },
    gateway: { origins: ['https://chat.example.org'], hosts: ['models.example.org'] },
  },
}

beforeAll(async () => {
  site = await openSite(LIMITED)
})
afterAll(() => site[Symbol.asyncDispose]())

const { line, body } = CHAT
const LENGTH = `Content-Length: ${body.length}`
const CHUNKED = 'Transfer-Encoding: chunked'
const latin1 = (text: string) => Buffer.from(text, 'latin1')

describe('Host, Origin and other headers that decide', () => {
  const head = (host: string | undefined, ...lines: string[]) =>
    [
      'POST /v1/messages HTTP/1.1',
      ...(host === undefined ? [] : [`Host: ${host}`]),
      `x-api-key: ${site.key}`,
      'Connection: close',
      LENGTH,
      ...lines,
      `\r\n${body}`,
    ].join('\r\n')

  test.each([
    'evil.example',
    'evil.example:11435',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'models.example.org.evil.example',
    'evilmodels.example.org',
    'user@127.0.0.1',
    'evil.example:80@127.0.0.1',
    '127.0.0.1 evil.example',
    '127.0.0.1, evil.example',
    '127.0.0.1:99999',
    '127.0.0.1/evil',
    '0x7f.1',
    '2130706433',
    '[::1',
    '',
  ])('a foreign Host: %j', async (host) => {
    await expectRefused(site, head(host), { code: 'host_not_allowed', dialect: 'anthropic' })
  })

  test.each([
    '127.0.0.1',
    'LOCALHOST:1',
    '[::1]:11435',
    'models.example.org',
    'models.example.org.:8080',
    'host.docker.internal:11435',
    hostname(),
  ])('a Host of its own: %s', async (host) => {
    expect((await send(site.port, head(host)))[0]?.status).toBe(200)
  })

  test('no Host', async () => {
    await expectRefused(site, head(undefined), { code: 'invalid_request', dialect: 'anthropic' })
    const old = `GET /api/version HTTP/1.0\r\nx-api-key: ${site.key}\r\n\r\n`
    await expectRefused(site, old, { code: 'invalid_request', dialect: 'ollama' })
  })

  test.each([
    ['Host twice', 'Host: 127.0.0.1'],
    ['Content-Type twice', 'Content-Type: application/json\r\nContent-Type: text/plain'],
    ['Content-Encoding twice', 'Content-Encoding: gzip\r\nContent-Encoding: gzip'],
    ['an underscore in a name', 'x_api_key: pk_other'],
    ['an underscore that stands for a length', 'Content_Length: 0'],
    ['an underscore that stands for an address', 'X_Forwarded_For: 10.0.0.1'],
    ['an underscore that stands for a coding', 'Transfer-Encoding_: a\r\nTransfer_Encoding: chunked'],
    ['an underscore that stands for a key', 'Authorization_: a\r\nX-Goog_Api-Key: pk_other'],
    ['Content-Type three times', 'Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Type: a/c'],
  ])('%s', async (_name, extra) => {
    await expectRefused(site, head('127.0.0.1', extra), { code: 'invalid_request', dialect: 'anthropic' })
  })

  test.each([
    'https://evil.example',
    'null',
    'https://chat.example.org.evil.example',
    'http://chat.example.org',
    'file://',
    '',
  ])('a foreign Origin: %j', async (origin) => {
    const answer = await expectRefused(site, head('127.0.0.1', `Origin: ${origin}`), {
      code: 'origin_not_allowed',
      dialect: 'anthropic',
    })
    expect(answer.header('access-control-allow-origin')).toBeUndefined()
    const preflight = site.request(
      'OPTIONS /v1/messages HTTP/1.1',
      '',
      `Origin: ${origin}`,
      'Access-Control-Request-Method: POST',
    )
    const refused = await expectRefused(site, preflight, { code: 'origin_not_allowed', dialect: 'anthropic' })
    expect(refused.headerLines.join().toLowerCase()).not.toContain('access-control')
  })

  test('an Origin of the list: its preflight is answered without a key, and its page may read the answer', async () => {
    const origin = 'https://chat.example.org'
    const [preflight] = await send(
      site.port,
      `OPTIONS /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: POST\r\n` +
        'Access-Control-Request-Headers: x-api-key\r\nConnection: close\r\n\r\n',
    )
    expect(preflight?.status).toBe(204)
    expect(preflight?.header('access-control-allow-origin')).toBe(origin)
    expect(preflight?.header('access-control-allow-headers')).toContain('x-api-key')
    expect(preflight?.header('access-control-allow-credentials')).toBeUndefined()
    const [answer] = await send(site.port, head('127.0.0.1', `Origin: ${origin}`))
    expect(answer?.status).toBe(200)
    expect(answer?.header('access-control-allow-origin')).toBe(origin)
    expect(answer?.header('vary')).toBe('origin')
    const [refused] = await send(site.port, head('127.0.0.1', `Origin: ${origin}`).replace(site.key, 'pk_wrong'))
    expect(refused?.status).toBe(401)
    expect(refused?.header('access-control-allow-origin')).toBe(origin)
  })

  test.each([
    ['/api/chat', 'ollama'],
    ['/v1/responses', 'openai'],
    ['/v1/messages', 'anthropic'],
    ['/v1/no/such/route', 'openai'],
  ] as const)('an upgrade to websocket on %s', async (path, dialect) => {
    const lines = ['Upgrade: x, WebSocket', 'Connection: keep-alive, Upgrade', 'Sec-WebSocket-Version: 13']
    const smuggled = 'GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
    const reachedBefore = site.reached().length
    // The connection ends, and what follows is nobody's.
    const [answer, ...more] = await send(site.port, site.head(`GET ${path} HTTP/1.1`, ...lines) + smuggled)
    expect(more).toEqual([])
    expectShape(answer!, { code: 'upgrade_refused', dialect })
    expect(answer?.status).toBe(426)
    expect(answer?.header('upgrade')).toBe('HTTP/1.1')
    expect(answer?.body).toContain('supports_websockets = false')
    expect(site.reached()).toHaveLength(reachedBefore)
    await site.expectWell()
  })

  test.each(['h2c', 'TLS/1.2', 'TLS/1.0, HTTP/2.0', 'HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11', 'websocket', ''])(
    'an offer of %j with a body is passed over: the request is answered as it came, and the offer stays here',
    async (offered) => {
      const offer = [`Upgrade: ${offered}`, 'Connection: Upgrade, HTTP2-Settings, close', 'HTTP2-Settings: AAMAAABk']
      for (const { path } of DIALECT_ROUTES) {
        const answers = await send(site.port, site.head(`POST ${path} HTTP/1.1`, LENGTH, ...offer) + body)
        expect(answers.map(({ status }) => status)).toEqual([200])
        const last = site.upstream.requests.at(-1)!
        expect(last.body.toString()).toBe(body)
        const sent = last.rawHeaders.map((text) => text.toLowerCase())
        expect(sent).not.toContain('upgrade')
        expect(sent).not.toContain('http2-settings')
      }
    },
  )

  test.each(['GET /v1/models', 'GET /api/tags', 'GET /healthz', 'HEAD /', 'GET /control/v1/entrance'])(
    'an offer of TLS with %s',
    async (request) => {
      const offer = ['Upgrade: TLS/1.2, HTTP/2.0', 'Connection: Upgrade, close']
      const [answer] = await send(site.port, site.head(`${request} HTTP/1.1`, ...offer), request.startsWith('HEAD'))
      expect(answer?.status).toBe(200)
    },
  )

  test.each(['session_id', 'Conversation_ID', 'x_session_id', 'user_agent', 'x-stainless_os'])(
    'a header %s is passed over, and stays here',
    async (name) => {
      for (const { path } of DIALECT_ROUTES) {
        const [answer] = await send(site.port, site.request(`POST ${path} HTTP/1.1`, body, `${name}: secret-of-codex`))
        expect(answer?.status).toBe(200)
        expect(site.reached().at(-1)?.rawHeaders.join()).not.toContain('secret-of-codex')
      }
    },
  )

  test('the same Content-Type twice goes on once', async () => {
    const type = 'Content-Type: application/json'
    for (const { path } of DIALECT_ROUTES) {
      const [answer] = await send(site.port, site.request(`POST ${path} HTTP/1.1`, body, type, type))
      expect(answer?.status).toBe(200)
      const names =
        site
          .reached()
          .at(-1)
          ?.rawHeaders.map((text) => text.toLowerCase()) ?? []
      expect(names.filter((name) => name === 'content-type')).toHaveLength(1)
    }
  })

  test('Expect: the body is asked for only once the key has been checked', async () => {
    const text = site.head(line, LENGTH, 'Connection: close', 'Expect: 100-continue')
    using invited = await RawConnection.open(site.port)
    await invited.send(text)
    await invited.until((got) => got.includes('\r\n\r\n'))
    expect(invited.text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await invited.send(body)
    const answers = readAnswers((await invited.untilClosed()).toString('latin1'))
    expect(answers.map(({ status }) => status)).toEqual([100, 200])
    for (const [bad, code] of [
      [text.replace(site.key, 'pk_wrong'), 'key_malformed'],
      [text.replace('/api/chat', '/api/me'), 'route_not_allowed'],
    ] as const) {
      await expectRefused(site, bad, { code, dialect: 'ollama' })
    }
  })

  test('Expect: anything else is 417', async () => {
    const reachedBefore = site.reached().length
    const answers = await send(site.port, `${site.head(line, LENGTH, 'Connection: close', 'Expect: a-miracle')}${body}`)
    expect(answers.map(({ status }) => status)).toEqual([417])
    expect(site.reached()).toHaveLength(reachedBefore)
    await site.expectWell()
  })
})

describe.each(DIALECT_ROUTES)('a body for $path', ({ dialect, path }) => {
  const post = (content: string | Uint8Array, ...lines: string[]) =>
    site.request(`POST ${path} HTTP/1.1`, content, ...lines)
  const json = (fields: string) => `{${fields},"messages":[],"stream":false}`
  const good = json('"model":"tiny"')

  test('a good one passes unchanged', async () => {
    const spaced =
      '{ "messages" : [ {"role":"user","content":"\\u00e9 \u{1f44b}"} ] ,\r\n\t"stream":false,"m\\u006fdel":"tiny","n":1e2 }'
    expect((await send(site.port, post(spaced)))[0]?.status).toBe(200)
    expect(site.reached().at(-1)?.body.toString()).toBe(spaced)
  })

  test.each([
    ['nothing', ''],
    ['white space', ' \r\n\t'],
    ['no JSON', 'hello'],
    ['a list', '[{"model":"tiny"}]'],
    ['a string', '"tiny"'],
    ['null', 'null'],
    ['an object cut off', '{"model":"tiny","messages":['],
    ['two objects', `${good}${good}`],
    ['something behind the object', `${good}x`],
    ['a comma too many', '{"model":"tiny","messages":[],}'],
    ['single quotes', "{'model':'tiny','messages':[]}"],
    ['a name without quotes', '{model:"tiny","messages":[]}'],
    ['a comment', json('/* "model":"big", */"model":"tiny"')],
    ['a value that is none', json('"model":"tiny","x":@')],
    ['NaN', json('"model":"tiny","temperature":NaN')],
    ['a number with a leading zero', json('"model":"tiny","n":01')],
    ['a control character in a string', json('"model":"tiny","x":"a\nb"')],
    ['NUL behind the object', `${good}\0`],
    ['an escape that JSON has not', json('"model":"tiny","x":"\\x41"')],
    ['a byte order mark', `\ufeff${good}`],
    ['UTF-16', Buffer.from(good, 'utf16le')],
    ['a byte that is not UTF-8', latin1(json('"model":"tiny","x":"\xff"'))],
    ['an overlong slash', latin1(json('"model":"tiny","x":"\xc0\xaf"'))],
    ['a surrogate in UTF-8', latin1(json('"model":"tiny","x":"\xed\xa0\x80"'))],
    ['10,000 lists deep', json(`"model":"tiny","x":${'['.repeat(10_000)}${']'.repeat(10_000)}`)],
    ['10,000 objects deep', json(`"model":"tiny","x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)],
    ['500,000 lists that never close', `{"model":"tiny","x":${'['.repeat(500_000)}`],
    ['one level too deep', json(`"model":"tiny","x":${'['.repeat(128)}${']'.repeat(128)}`)],
  ])('no JSON: %s', async (_name, content) => {
    // A body that is not there misses its model, one that is there and empty is no JSON: both are the caller's fault.
    const code = content === '' ? 'invalid_request' : 'invalid_json'
    const answer = await expectRefused(site, post(content), { code, dialect })
    expect(answer.body).not.toContain('hello')
  })

  test.each([
    ['model twice', '"model":"tiny","model":"big"'],
    ['model twice, the same', '"model":"tiny","model":"tiny"'],
    ['MODEL', '"MODEL":"big"'],
    ['MODEL beside model', '"model":"tiny","MODEL":"big"'],
    ['Model before model', '"Model":"big","model":"tiny"'],
    ['model in escapes beside model', '"model":"tiny","mod\\u0065l":"big"'],
    ['model in escapes and capitals', '"model":"tiny","\\u004dodel":"big"'],
    ['stream twice', '"model":"tiny","stream":true'],
    ['tools twice', '"model":"tiny","tools":[],"tools":[]'],
    ['Tools', '"model":"tiny","Tools":[]'],
    ['toolſ, with the long s that Go folds', '"model":"tiny","tool\u017f":[]'],
    ['an option twice', '"model":"tiny","options":{"num_ctx":1,"NUM_CTX":1000000}'],
  ])('ambiguous: %s', async (_name, fields) => {
    await expectRefused(site, post(json(fields)), { code: 'ambiguous_request', dialect })
  })

  test.each([
    '1',
    'null',
    'true',
    '["tiny"]',
    '{"name":"tiny"}',
    '""',
    '" tiny"',
    '"tiny\\u0000"',
    '"ti\\nny"',
    '"tiny\\u200b"',
    '"tiny/\\ud800"',
  ])('a model that is %s', async (value) => {
    await expectRefused(site, post(json(`"model":${value}`)), { code: 'invalid_request', dialect })
  })

  test('no model', async () => {
    await expectRefused(site, post(json('"name":"tiny"')), { code: 'invalid_request', dialect })
  })

  test.each([
    'application/json; charset=utf-7',
    'application/json;charset="UTF-7"',
    'application/json; charset=utf-8; charset=utf-7',
    'application/json; charset=utf-16le',
    'application/json; charset*=utf-7',
    "application/json; x=y;charset='utf-8'",
  ])('another character set: %s', async (type) => {
    // In UTF-7 this names another model behind the one that was checked.
    const content = json('"model":"tiny","x":"+ACI-,+ACI-model+ACI-:+ACI-big"')
    await expectRefused(site, post(content, `Content-Type: ${type}`), { code: 'unsupported_encoding', dialect })
  })

  test.each([
    'application/x-www-form-urlencoded',
    'Application/X-WWW-Form-Urlencoded; charset=utf-8',
    'multipart/form-data; boundary=form',
    'multipart/mixed; boundary=form',
  ])('JSON that is said to be a form goes on as JSON: %s', async (type) => {
    // To a reader of forms this names another model.
    const content = json('"model":"tiny","x":"&model=big&"')
    expect((await send(site.port, post(content, `Content-Type: ${type}`)))[0]?.status).toBe(200)
    const received = site.reached().at(-1)
    expect(received?.headers['content-type']).toBe('application/json')
    expect(received?.body.toString()).toBe(content)
  })

  test.each([
    'application/json',
    'application/json;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'text/plain; charset="utf-8"',
  ])('a content type as clients send it: %s', async (type) => {
    expect((await send(site.port, post(good, `Content-Type: ${type}`)))[0]?.status).toBe(200)
  })

  const compressors = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const

  test.each(compressors)('%s: undone, and passed on plain to the byte', async (encoding, compress) => {
    expect((await send(site.port, post(compress(good), `Content-Encoding: ${encoding}`)))[0]?.status).toBe(200)
    const last = site.reached().at(-1)!
    expect(last.body.toString()).toBe(good)
    expect(last.headers['content-encoding']).toBeUndefined()
    expect(last.headers['content-length']).toBe(String(good.length))
  })

  test.each(compressors)('%s: what it holds is checked', async (encoding, compress) => {
    const content = compress(json('"model":"tiny","MODEL":"big"'))
    const bytes = post(content, `Content-Encoding: ${encoding}`)
    await expectRefused(site, bytes, { code: 'ambiguous_request', dialect })
  })

  test.each(compressors)('%s: a bomb', async (encoding, compress) => {
    const bomb = compress(Buffer.from(json(`"model":"tiny","x":"${'a'.repeat(32 * 1_024 * 1_024)}"`)))
    expect(bomb.length).toBeLessThan(64 * 1_024)
    await expectRefused(site, post(bomb, `Content-Encoding: ${encoding}`), { code: 'request_too_large', dialect })
  })

  test.each(compressors)('%s: broken, cut off, something behind it, and plain', async (encoding, compress) => {
    const whole = compress(Buffer.from(good))
    const broken = [
      whole.subarray(0, whole.length - 5),
      Buffer.concat([whole, Buffer.from('{"model":"big"}')]),
      Buffer.from(good),
    ]
    for (const content of broken) {
      const bytes = post(content, `Content-Encoding: ${encoding}`)
      await expectRefused(site, bytes, { code: 'invalid_request', dialect })
    }
  })

  test.each([
    'gzip, gzip',
    'gzip,br',
    'identity, gzip',
    'deflate, gzip',
    'compress',
    'aws-chunked',
    'utf-8',
    '*',
    'gzip;q=1',
    '',
  ])('encoding %j', async (encoding) => {
    const bytes = post(gzipSync(gzipSync(good)), `Content-Encoding: ${encoding}`)
    await expectRefused(site, bytes, { code: 'unsupported_encoding', dialect })
  })

  test('200 MB by its length: refused before it is read', async () => {
    const head = site.head(`POST ${path} HTTP/1.1`, 'Connection: close', 'Content-Length: 200000000')
    await expectRefused(site, head, { code: 'request_too_large', dialect })
  })

  test('a body that stops half way', async () => {
    const clock = new ManualClock()
    await using still = await openSite({ clock })
    using connection = await RawConnection.open(still.port)
    await connection.send(still.head(`POST ${path} HTTP/1.1`, `Content-Length: ${good.length}`) + good.slice(0, 10))
    await until(() => still.gateway.parts.gateway.liveExchanges === 1)
    clock.advance(29_000)
    await connection.send(good.slice(10, 20))
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(29_000)
    expect(connection.text).toBe('')
    clock.advance(1_000)
    const answers = readAnswers(await connection.until((text) => readAnswers(text).length > 0))
    expectShape(answers[0]!, { code: 'request_timeout', dialect })
    expect(still.reached()).toHaveLength(0)
    // The rest may still come, but not for ever.
    clock.advance(10_500)
    await connection.untilClosed()
    await still.expectWell()
    expect((await still.gateway.rows())[0]).toMatchObject({ status: 408, error_code: 'request_timeout' })
  })
})

describe('bodies that are too much', () => {
  test('200 MB in chunks: refused at the limit, and the memory stays bounded', async () => {
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x10_0000, 'a'), Buffer.from('\r\n')])
    // Its clock stands still: whoever sends slowly would be cut.
    await using still = await openSite({ ...LIMITED, clock: new ManualClock() })
    using connection = await RawConnection.open(still.port)
    await connection.send(`${still.head(line, CHUNKED)}8\r\n{"pad":"\r\n`)
    const before = heldBufferBytes()
    let peak = 0
    // Nothing is read before all is sent, as many clients do it: the gateway has to take it and throw it away.
    connection.setReading(false)
    for (let sent = 0; sent < 200; sent++) {
      await connection.send(chunk)
      if (sent % 10 === 0) peak = Math.max(peak, heldBufferBytes() - before)
    }
    await connection.send('0\r\n\r\n')
    connection.setReading(true)
    const answers = readAnswers(await connection.until((text) => readAnswers(text).length > 0))
    expectShape(answers[0]!, { code: 'request_too_large', dialect: 'ollama' })
    expect(peak).toBeLessThan(16 * 1_024 * 1_024)
    expect(still.reached()).toHaveLength(0)
    await still.expectWell()
  })

  test('a body for nobody is thrown away, also without a key', async () => {
    const head = site.head(line, 'Content-Length: 20000000', 'Connection: close').replace(site.key, 'pk_wrong')
    const answer = await expectRefused(site, [head, Buffer.alloc(20_000_000)], {
      code: 'key_malformed',
      dialect: 'ollama',
    })
    expect(answer.body).not.toContain('pk_wrong')
  })

  test('a body on GET is not passed on', async () => {
    for (const path of ['/api/version', '/api/tags', '/v1/models', '/api/status']) {
      const answer = await site.ask(`GET ${path} HTTP/1.1`, '{"model":"tiny"}')
      expect(answer.status).toBe(200)
    }
    const status = site.reached().at(-1)!
    expect(status.path).toBe('/api/status')
    expect(status.body).toHaveLength(0)
    expect(status.headers['content-length']).toBeUndefined()
    await site.expectWell()
  })
})

describe('name beside model', () => {
  const show = (fields: string) => site.request('POST /api/show HTTP/1.1', `{${fields}}`)

  test('on /api/show two names must be one', async () => {
    const code = 'ambiguous_request'
    await expectRefused(site, show('"model":"tiny","name":"big"'), { code, dialect: 'ollama' })
    await expectRefused(site, show('"name":"big","model":"tiny"'), { code, dialect: 'ollama' })
    await expectRefused(site, show('"model":"tiny","NAME":"tiny"'), { code, dialect: 'ollama' })
    for (const fields of ['"model":"tiny","name":"TINY:latest"', '"name":"tiny"', '"model":"tiny","name":""']) {
      expect((await send(site.port, show(fields)))[0]?.status).toBe(200)
    }
  })

  test('on /api/chat it means nothing, but stands there once', async () => {
    const chat = (fields: string) => site.request(line, `{"model":"tiny","messages":[],"stream":false,${fields}}`)
    expect((await send(site.port, chat('"name":"big"')))[0]?.status).toBe(200)
    await expectRefused(site, chat('"name":"a","Name":"b"'), { code: 'ambiguous_request', dialect: 'ollama' })
  })
})
