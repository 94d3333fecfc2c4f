import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { hold, rest } from '../support/scripted/steps.ts'
import { expectRefused, expectShape } from './refusal.ts'
import { CHAT, openSite, type Site, until } from './site.ts'
import { chunked, readAnswers, send } from './wire.ts'

let site: Site
beforeAll(async () => {
  site = await openSite({ config: { limits: { headersTime: '1s' } } })
})
afterAll(() => site[Symbol.asyncDispose]())

const { line, body } = CHAT
const LENGTH = `Content-Length: ${body.length}`
const CHUNKED = 'Transfer-Encoding: chunked'
const latin1 = (text: string) => Buffer.from(text, 'latin1')

describe('a body whose end two parsers could see in two places', () => {
  // Each is answered once, and the connection ends: what follows is nobody's request.
  test.each([
    ['a length, then chunks', [LENGTH, CHUNKED]],
    ['chunks, then a length', [CHUNKED, LENGTH]],
    ['the same length twice', [LENGTH, LENGTH]],
    ['two lengths', [LENGTH, 'Content-Length: 3']],
    ['a list of lengths', [`Content-Length: ${body.length}, ${body.length}`]],
    ['a length with a plus', [`Content-Length: +${body.length}`]],
    ['a length below zero', ['Content-Length: -1']],
    ['a length in hexadecimal', ['Content-Length: 0x2d']],
    ['a length with a space inside', ['Content-Length: 4 5']],
    ['a length that overflows 64 bits', ['Content-Length: 18446744073709551661']],
    ['a length without digits', ['Content-Length:']],
    ['chunks twice', [CHUNKED, CHUNKED]],
    ['chunked twice in one line', ['Transfer-Encoding: chunked, chunked']],
    ['a coding after the chunks', ['Transfer-Encoding: chunked, identity']],
    ['a name before the colon with a space', ['Transfer-Encoding : chunked']],
    ['a vertical tab before the coding', ['Transfer-Encoding: \x0bchunked']],
    ['the coding over two lines', ['Transfer-Encoding:\r\n chunked']],
  ])('%s', async (_name, lines) => {
    await expectRefused(site, latin1(site.head(line, ...lines) + chunked(body)), { code: 'invalid_request' })
  })

  test.each([
    ['a coding that is not read', ['Transfer-Encoding: identity']],
    ['a coding that only looks like chunked', ['Transfer-Encoding: xchunked']],
    ['a coding in quotes', ['Transfer-Encoding: "chunked"']],
    ['a coding under the chunks', ['Transfer-Encoding: gzip, chunked']],
    ['two codings in two lines', ['Transfer-Encoding: identity', CHUNKED]],
  ])('%s', async (_name, lines) => {
    const bytes = latin1(site.head(line, ...lines) + chunked(body))
    await expectRefused(site, bytes, { code: 'invalid_request', dialect: 'ollama' })
  })

  test('chunks in HTTP/1.0, which has none', async () => {
    const head = site.head('POST /api/chat HTTP/1.0', 'Connection: keep-alive', CHUNKED)
    await expectRefused(site, head + chunked(body), { code: 'invalid_request', dialect: 'ollama' })
  })

  test.each([
    ['letters for a size', `zz\r\n${body}\r\n0\r\n\r\n`],
    ['a size below zero', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a plus', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size that overflows', `fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`],
    ['a space behind the size', '5 \r\nhello\r\n0\r\n\r\n'],
    ['no line end behind the chunk', '5\r\nhelloX\r\n0\r\n\r\n'],
    ['bare line feeds', '5\nhello\n0\n\n'],
    ['a bare line feed behind an extension', '5;a\nhello\r\n0\r\n\r\n'],
    ['an extension of 20 KB', `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`],
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('chunks: %s', async (_name, chunks) => {
    const bytes = latin1(site.head(line, CHUNKED) + chunks)
    await expectRefused(site, bytes, { code: 'invalid_request', dialect: 'ollama' })
  })

  test('a request smuggled behind a body is a request of its own, and has no key', async () => {
    const reachedBefore = site.reached().length
    const smuggled = `POST /api/pull HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 16\r\n\r\n{"model":"evil"}`
    const answers = await send(site.port, site.head(line, LENGTH) + body + smuggled)
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
    const reached = site.reached().slice(reachedBefore)
    expect(reached.map(({ path }) => path)).toEqual(['/api/chat'])
    expect(reached[0]!.body.toString()).toBe(body)
    await site.expectWell()
  })

  test('what is longer than its length says is not sent on', async () => {
    const reachedBefore = site.reached().length
    await send(site.port, `${site.head(line, LENGTH)}${body}{"model":"tiny"} and more`)
    const bodies = site
      .reached()
      .slice(reachedBefore)
      .map((request) => request.body.toString())
    expect(bodies.every((sent) => sent === body)).toBe(true)
    await site.expectWell()
  })

  test('chunks with extensions and trailers are taken, and come to the upstream as a plain body', async () => {
    const chunks = `${body.length.toString(16)};name=value\r\n${body}\r\n0\r\nX-Trailer: secret\r\n\r\n`
    const [answer] = await send(site.port, site.head(line, CHUNKED, 'Connection: close') + chunks)
    expect(answer?.status).toBe(200)
    const last = site.reached().at(-1)!
    expect(last.body.toString()).toBe(body)
    expect(last.headers).toMatchObject({ 'content-length': String(body.length) })
    expect(last.headers['transfer-encoding']).toBeUndefined()
    expect(last.rawHeaders.join().toLowerCase()).not.toContain('trailer')
  })
})

describe('a head that is none', () => {
  test.each([
    ['a header folded over two lines', () => site.head(line, 'X-A: b\r\n c', LENGTH) + body],
    ['bare line feeds', () => (site.head(line, LENGTH) + body).replaceAll('\r\n', '\n')],
    ['one bare line feed', () => site.head(line, LENGTH, 'X-A: b\nX-B: c') + body],
    ['one bare carriage return', () => site.head(line, LENGTH, 'X-A: b\rX-B: c') + body],
    ['a space in a name', () => site.head(line, LENGTH, 'X A: b') + body],
    ['a space before a colon', () => site.head(line, LENGTH, 'X-A : b') + body],
    ['a header without a name', () => site.head(line, LENGTH, ': b') + body],
    ['a header without a colon', () => site.head(line, LENGTH, 'X-A') + body],
    ['NUL in a value', () => site.head(line, LENGTH, 'X-A: b\0c') + body],
    ['a request line without a method', () => site.head(' /api/tags HTTP/1.1')],
    ['a method in small letters', () => site.head('get /api/tags HTTP/1.1')],
    ['a method that nobody knows', () => site.head('FOO /api/tags HTTP/1.1')],
    ['HTTP/1.2', () => site.head('GET /api/status HTTP/1.2')],
    ['HTTP/3.0', () => site.head('GET /api/status HTTP/3.0')],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ["TLS's hello", () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['noise', () => Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 197 + 91) % 256)).toString('latin1')],
    ['a space in the target', () => site.head('GET /api /version HTTP/1.1')],
    ['a tab in the target', () => site.head('GET /api\tversion HTTP/1.1')],
    ['NUL in the target', () => site.head('GET /api/\0version HTTP/1.1')],
    ['a letter beyond ASCII in the target', () => site.head('GET /api/v\xe9 HTTP/1.1')],
    ['a target without a slash', () => site.head('GET api/version HTTP/1.1')],
  ])('%s', async (_name, text) => {
    await expectRefused(site, latin1(text()), { code: 'invalid_request' })
  })

  test('HTTP/0.9', async () => {
    await expectRefused(site, 'GET /v1/models\r\n\r\n', { code: 'invalid_request' })
  })

  test('100 headers of 8 KB', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `X-${i}: ${'a'.repeat(8_192)}`)
    const head = site.head('GET /api/status HTTP/1.1', ...lines)
    // A page at a time, as a network brings them: the answer must not be lost under what still comes.
    const pages = Array.from({ length: Math.ceil(head.length / 4_096) }, (_, i) =>
      head.slice(i * 4_096, (i + 1) * 4_096),
    )
    await expectRefused(site, pages, { code: 'headers_too_large' })
  })

  test('one header line more than may be', async () => {
    const lines = (count: number) => Array.from({ length: count - 4 }, (_, i) => `X-${i}: a`)
    const full = await send(site.port, site.head('GET /api/status HTTP/1.1', 'Connection: close', ...lines(100)))
    expect(full[0]?.status).toBe(200)
    const head = site.head('GET /api/status HTTP/1.1', 'Connection: close', ...lines(101))
    await expectRefused(site, head, { code: 'headers_too_large', dialect: 'ollama' })
  })

  test('a very long URL', async () => {
    const get = (length: number) => site.head(`GET /v1/${'a'.repeat(length)} HTTP/1.1`, 'Connection: close')
    await expectRefused(site, get(3_000), { code: 'invalid_request' })
    await expectRefused(site, get(40_000), { code: 'headers_too_large' })
  })

  test('slow loris: a head that comes a byte at a time, and one that never comes', async () => {
    using silent = await RawConnection.open(site.port)
    using slow = await RawConnection.open(site.port)
    const head = site.head('GET /api/status HTTP/1.1')
    let sent = 0
    const dripping = setInterval(() => void slow.send(head[sent++] ?? 'x'), 20)
    try {
      const [answer] = readAnswers((await slow.untilClosed()).toString('latin1'))
      expectShape(answer!, { code: 'request_timeout' })
      expect(sent).toBeLessThan(head.length)
    } finally {
      clearInterval(dripping)
    }
    await silent.untilClosed()
    await site.expectWell()
  })
})

describe('targets that are not in their one spelling', () => {
  test.each([
    '/%61pi/chat',
    '/api/ch%61t',
    '/api%2fchat',
    '/api%2Fchat',
    '/api%5cchat',
    '/%2e%2e/api/chat',
    '/api/chat%00',
    '/api/chat%20',
    '/api/chat%',
    '/api/chat%252e',
    '/api/../api/chat',
    '/api/./chat',
    '/api/chat/.',
    '/api/chat/..',
    '/api\\chat',
    '\\api\\chat',
    '/api/chat#fragment',
    'http://127.0.0.1/api/chat',
    'http://evil.example/api/chat',
    '*',
  ])('%s', async (target) => {
    const bytes = site.request(`POST ${target} HTTP/1.1`, body)
    // The shape is a guess there: by what the path seems to be.
    const dialect = target.startsWith('/api/') ? 'ollama' : 'openai'
    // Node's parser has its own mind about a few of them; it too says `invalid_request`.
    await expectRefused(site, bytes, { code: 'invalid_request', dialect })
  })

  test('an authority in front of a path is a part of that path, which is no route', async () => {
    const bytes = site.request('POST //evil.example/api/chat HTTP/1.1', body)
    await expectRefused(site, bytes, { code: 'route_not_found', dialect: 'ollama' })
  })

  test.each(['GET', 'OPTIONS'])('%s *', async (method) => {
    await expectRefused(site, site.request(`${method} * HTTP/1.1`), { code: 'invalid_request' })
  })

  test('CONNECT', async () => {
    await expectRefused(site, site.head('CONNECT 127.0.0.1:22 HTTP/1.1'), { code: 'method_not_allowed' })
  })

  test.each(['TRACE', 'PUT', 'PATCH', 'PROPFIND', 'OPTIONS'])('%s on a route that stands', async (method) => {
    const bytes = site.request(`${method} /api/chat HTTP/1.1`)
    const answer = await expectRefused(site, bytes, { code: 'method_not_allowed', dialect: 'ollama' })
    expect(answer.header('allow')).toBe('POST')
    expect(answer.body).not.toContain('Bearer')
  })
})

describe('requests sent ahead on one connection', () => {
  const models = ['one', 'two', 'three']
  const chat = (model: string) => `{"model":"${model}","messages":[],"stream":false}`

  test('are answered in order, and are one at a time at the upstream', async () => {
    await using own = await openSite({ upstream: { models: [...models, 'tiny'] } })
    own.upstream.behave([hold, rest], { times: 3 })
    using connection = await RawConnection.open(own.port)
    await connection.send(
      models.map((model) => own.head(line, `Content-Length: ${chat(model).length}`) + chat(model)).join(''),
    )
    for (const [index, model] of models.entries()) {
      const request = await own.upstream.nextRequest()
      expect(request.json['model']).toBe(model)
      expect(own.reached()).toHaveLength(index + 1)
      request.release()
      await connection.until((text) => readAnswers(text).length === index + 1)
    }
    expect(readAnswers(connection.text).map(({ json }) => json?.['model'])).toEqual(models)
    await own.expectWell()
  })

  test('more than is held for a client are not read before their turn, and then answered', async () => {
    await using own = await openSite()
    own.upstream.behave([hold, rest], { path: '/api/status', times: 1 })
    const version = own.head('GET /api/status HTTP/1.1', `x-filler: ${'x'.repeat(8_000)}`)
    const count = 40
    using connection = await RawConnection.open(own.port)
    const sent = connection.send(version.repeat(count))
    await until(() => own.reached().length === 1)
    own.upstream.requests.at(-1)!.release()
    await sent
    await connection.until((text) => readAnswers(text).length === count)
    expect(readAnswers(connection.text).every(({ status }) => status === 200)).toBe(true)
    await own.expectWell()
  })

  test('of a client that leaves are not sent', async () => {
    await using own = await openSite()
    own.upstream.behave([hold, rest], { path: '/api/status' })
    using connection = await RawConnection.open(own.port)
    await connection.send(own.head('GET /api/status HTTP/1.1').repeat(8))
    await until(() => own.reached().length === 1)
    connection.reset()
    await until(() => own.gateway.parts.gateway.liveExchanges === 0)
    expect(own.reached()).toHaveLength(1)
    await own.expectWell()
  })

  test('that are garbage are refused behind the answer of the one before, and end the connection', async () => {
    await using own = await openSite()
    own.upstream.behave([hold, rest])
    using connection = await RawConnection.open(own.port)
    await connection.send(`${own.head(line, LENGTH)}${body}`)
    const request = await own.upstream.nextRequest()
    await connection.send('\x16\x03\x01 garbage\r\n\r\n')
    request.release()
    await connection.untilClosed()
    expect(readAnswers(connection.text).map(({ status }) => status)).toEqual([200, 400])
    expect((await request.ended).how).toBe('finished')
    await own.expectWell()
  })
})
