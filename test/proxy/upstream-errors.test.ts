import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/core/error.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway, TEST_PATH } from '../support/gateway.ts'
import { RawServer } from '../support/raw-server.ts'
import type { Step } from '../support/scripted/playback.ts'
import { cut, fail, hold, raw, reset, respond, rest } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post } from './client.ts'
import { STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'
import { expectError, WHOLE_CASES, wholeCaseOf } from './whole-answers.ts'

/** Said by upstreams here and nowhere else: it must not reach a client through an error of the gateway's own. */
const UPSTREAM_TEXT = 'said-by-the-upstream'
const PAGE = `<!doctype html><title>${UPSTREAM_TEXT}</title>`

const clock = new ManualClock()
const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ clock, config: { timeouts: { firstByte: '5s' } } }))
})
afterAll(() => opened.disposeAsync())

async function lastRow(): Promise<RequestRow | undefined> {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

// A stream was asked for and a whole answer alike: before its first byte both can still be refused whole.
const cases = [...WHOLE_CASES, ...STREAM_CASES].map((of) => ({ ...of, isStreamed: of.body['stream'] !== false }))

describe.each(cases)('POST $path, streamed: $isStreamed', (of) => {
  const send = () => post({ url: ground.gateway.url, key: ground.key, ...of })

  const failures: readonly (readonly [what: string, steps: readonly Step[], code: ErrorCode, said: RegExp])[] = [
    ['is reset before its head', [raw('HTTP/1.1 2'), reset], 'upstream_reset', /before it answered/],
    ['is cut before its head', [raw('HTTP/1.1 2'), cut], 'upstream_reset', /before it answered/],
    ['is no HTTP', [raw(`${UPSTREAM_TEXT}\r\n`), cut], 'upstream_invalid', /not valid HTTP/],
    ['has a head without end', [raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`), hold], 'upstream_invalid', /HTTP/],
    ['is a page', [respond(200, { 'content-type': 'text/html' }, PAGE)], 'upstream_invalid', /a web page/],
    [
      'says it is compressed, and is not',
      [respond(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}')],
      'upstream_invalid',
      /cannot be unpacked/,
    ],
    [
      'is compressed in a way that is not read',
      [respond(200, { 'content-type': 'application/json', 'content-encoding': 'compress' }, '{}')],
      'upstream_invalid',
      /compressed its answer .* not read here/,
    ],
    ['asks the gateway for a key', [fail(401, UPSTREAM_TEXT)], 'upstream_denied', /refused the gateway itself/],
    ['forbids the gateway', [fail(403, UPSTREAM_TEXT)], 'upstream_denied', /refused the gateway itself/],
  ]
  test.each(failures)('an answer that %s', async (_, steps, code, said) => {
    ground.upstreamOf(of).behave(steps, { path: of.path })
    const response = await send()
    const shown = JSON.stringify([...response.headers])
    const message = await expectError(response, of.dialect, code)
    expect(message).toMatch(said)
    expectNothingOfTheUpstream(shown + message, ground.upstreamOf(of).port)
    expect(await lastRow()).toMatchObject({ error_code: code, key_id: expect.any(String), is_streamed: 0 })
  })

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
    await using elsewhere = await startScriptedUpstream({ server: 'ollama' })
    const location = `${elsewhere.origin}/${UPSTREAM_TEXT}`
    ground.upstreamOf(of).behave([respond(status, { location }, UPSTREAM_TEXT)], { path: of.path })
    const response = await send()
    expect(response.headers.get('location')).toBeNull()
    expect(await expectError(response, of.dialect, 'upstream_invalid')).toContain('redirect, which is never followed')
    expect(elsewhere.requests).toEqual([])
  })

  test('no answer in time', async () => {
    const playing = ground.play(of, [hold])
    // No more than the limit at once, or a stream's signs of life would begin it.
    const failed = send()
    await playing
    clock.advance(5_250)
    expect(await expectError(await failed, of.dialect, 'upstream_timeout')).toContain('time allowed for the first byte')
  })

  const refusals = [
    [400, 'upstream_rejected'],
    [404, 'upstream_rejected'],
    [422, 'upstream_rejected'],
    [429, 'upstream_busy'],
    [500, 'upstream_failed'],
    [503, 'upstream_busy'],
    [529, 'upstream_busy'],
  ] as const
  test.each(refusals)("the upstream's own %i passes as it is", async (status, code) => {
    const body = `{"error": "${UPSTREAM_TEXT} \\u00e9", "more":[1,  2]}\n`
    const own = { 'content-type': 'application/problem+json', 'retry-after': '7', 'x-should-retry': 'true' }
    const private_ = {
      'set-cookie': 'a=b',
      server: 'secret/1.0',
      'www-authenticate': 'Basic',
      'x-request-id': 'theirs',
    }
    ground.upstreamOf(of).behave([respond(status, { ...own, ...private_ }, body)], { path: of.path })
    const response = await send()
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(body)
    expect(Object.fromEntries(response.headers)).toMatchObject(own)
    for (const name of ['set-cookie', 'server', 'www-authenticate']) expect(response.headers.get(name)).toBeNull()
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    const row = await lastRow()
    expect(row).toMatchObject({ status, error_code: code, response_bytes: Buffer.byteLength(body) })
    expect(JSON.stringify(row)).not.toContain(UPSTREAM_TEXT)
  })

  test('an upstream that is not running', async () => {
    const { server } = of
    const gone = await startScriptedUpstream({ server, models: ['tiny', 'llama'] })
    await using gateway = await startTestGateway({ upstreams: [gone.origin] })
    const key = await gateway.key({ routes: ['inference', 'manage'] })
    await gone.close()
    const response = await post({ url: gateway.url, key, ...of })
    const message = await expectError(response, of.dialect, 'upstream_refused')
    expect(message).toContain('Start it')
    expectNothingOfTheUpstream(message + JSON.stringify([...response.headers]), gone.port)
    expect(await gateway.rows()).toMatchObject([{ status: 502, error_code: 'upstream_refused' }])
    const line = gateway.logLines.map((text) => JSON.parse(text)).find(({ code }) => code === 'upstream_refused')
    // An agent tells the gateway no addresses.
    const failure =
      TEST_PATH === 'direct' ? `nothing listens on 127.0.0.1:${gone.port}` : expect.stringContaining('refused')
    expect(line).toMatchObject({ failure })
    expect(line).not.toHaveProperty('err')
  })

  test('an upstream that was never there', async () => {
    const gone = await startScriptedUpstream({ server: of.server })
    await gone.close()
    await using gateway = await startTestGateway({ upstreams: [gone.origin] })
    const response = await post({
      url: gateway.url,
      key: await gateway.key({ routes: ['inference', 'manage'] }),
      ...of,
    })
    expect(response.headers.get('retry-after')).toBe('5')
    await expectError(response, of.dialect, 'upstream_refused')
  })
})

describe('a connection that was kept too long', () => {
  const of = wholeCaseOf('ollama')
  const path = { path: of.path }
  const send = () => post({ url: ground.gateway.url, key: ground.key, ...of })
  const asked = () => ground.upstreamOf(of).requests.filter((request) => request.path === of.path)

  test('is retried on a new one, unseen by the client', async () => {
    const upstream = ground.upstreamOf(of)
    await (await send()).text()
    const before = asked().length
    upstream.behave([reset], path)
    const response = await send()
    expect(response.status).toBe(200)
    await response.text()
    const [stale, fresh] = asked().slice(before)
    expect(fresh?.body).toEqual(stale?.body)
    expect(fresh?.connection).not.toBe(stale?.connection)
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null })
  })

  test('is retried once', async () => {
    const upstream = ground.upstreamOf(of)
    await (await send()).text()
    const before = asked().length
    upstream.behave([reset], { ...path, times: 2 })
    await expectError(await send(), of.dialect, 'upstream_reset')
    expect(asked().length).toBe(before + 2)
  })

  test('a new connection that breaks is not retried', async () => {
    let asked = 0
    await using server = await RawServer.start(async (connection) => {
      for (;;) {
        const request = await connection.request()
        if (request === undefined) return
        if (request.head.startsWith(`POST ${of.path} `)) {
          asked++
          connection.reset()
          return
        }
        const isVersion = request.head.startsWith('GET /api/version')
        const body = isVersion ? '{"version":"0.33.0"}' : '{"models":[{"name":"tiny:latest"}]}'
        connection.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        )
        connection.end()
      }
    })
    await using gateway = await startTestGateway({ upstreams: [server.origin] })
    await expectError(await post({ url: gateway.url, key: await gateway.key(), ...of }), of.dialect, 'upstream_reset')
    expect(asked).toBe(1)
  })
})

test('after a failure the next request is answered', async () => {
  for (const of of STREAM_CASES) {
    ground.upstreamOf(of).behave([rest], { path: of.path })
    const response = await post({ url: ground.gateway.url, key: ground.key, ...of })
    expect(await response.text()).toContain(of.terminator)
  }
})

function expectNothingOfTheUpstream(text: string, port: number): void {
  expect(text).not.toContain(UPSTREAM_TEXT)
  expect(text).not.toContain(String(port))
  expect(text).not.toMatch(/127\.0\.0\.1|ECONN|socket|undici/)
}
