import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fail, frames, hold, rest } from '../support/scripted/steps.ts'
import { post, postRaw } from './client.ts'
import { STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { expectError, WHOLE_CASES } from './whole-answers.ts'

const LISTED = 'https://chat.example.org'
const ORIGINS = [LISTED, 'moz-extension://*', 'http://localhost:*', 'file://', 'null']
const ALLOWED = [LISTED, 'moz-extension://0a1b-2c', 'http://localhost:5173', 'file://', 'null']
const FOREIGN = ['https://evil.example', 'https://localhost:5173', 'chrome-extension://0a1b', '']

const opened = new AsyncDisposableStack()
let ground: StreamGround
let anyGround: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ config: { gateway: { origins: ORIGINS, keyInPath: true } } }))
  anyGround = opened.use(await startStreamGround({ config: { gateway: { anyOriginWithKey: true, keyInPath: true } } }))
})
afterAll(() => opened.disposeAsync())

function preflight(url: string, path: string, headers: Readonly<Record<string, string>>) {
  return fetch(url + path, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', ...headers } })
}

function expectReadable(response: Response, origin: string) {
  expect(response.headers.get('access-control-allow-origin')).toBe(origin)
  expect(response.headers.get('vary')).toMatch(/\borigin\b/)
  expect(response.headers.get('access-control-allow-credentials')).toBeNull()
}

function expectUnreadable(response: Response) {
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
}

describe.each(WHOLE_CASES)('$dialect', (of) => {
  const ask = (on: StreamGround, origin: string, options: { key?: string; path?: string; headers?: object } = {}) => {
    const { key, path = of.path, headers = {} } = options
    return post({ url: on.gateway.url, ...of, path, key, headers: { origin, ...headers } })
  }

  test.each(ALLOWED)('a page of %j that is listed reads answers and errors alike', async (origin) => {
    const { gateway, key } = ground
    const good = await ask(ground, origin, { key })
    expect(good.status).toBe(200)
    expectReadable(good, origin)
    const refusals = [
      await ask(ground, origin),
      await ask(ground, origin, { key: 'pk_wrong' }),
      await ask(ground, origin, { key, path: `${of.path}/no/such/route` }),
      await ask(ground, origin, { key, headers: { content_length: '1' } }),
      await ask(ground, origin, { key, headers: { 'content-encoding': 'x' } }),
      await ask(ground, origin, { key, headers: { 'sec-fetch-dest': 'iframe' } }),
      await ask(ground, origin, { key, path: `${of.path}?key=${key}` }),
      await post({ url: gateway.url, ...of, key, body: 'no json', headers: { origin } }),
      await fetch(gateway.url + of.path, { method: 'PUT', headers: { origin } }),
    ]
    for (const response of refusals) {
      expect(response.status).toBeGreaterThanOrEqual(400)
      expectReadable(response, origin)
    }
    ground.upstreamOf(of).behave([fail(429, 'busy')], { path: of.path })
    expectReadable(await ask(ground, origin, { key }), origin)
  })

  test('its preflight is told what it asked for, within reason', async () => {
    const asked = 'authorization, x-stainless-lang, X-Custom_1, content-type'
    const answer = await preflight(ground.gateway.url, of.path, {
      origin: LISTED,
      'access-control-request-headers': `${asked}, bad name, <x>, ${'y'.repeat(65)}`,
      'access-control-request-private-network': 'true',
      'access-control-request-method': 'PUT',
    })
    expect(answer.status).toBe(204)
    expectReadable(answer, LISTED)
    expect(answer.headers.get('access-control-allow-headers')).toBe(asked)
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, DELETE, PUT')
    expect(answer.headers.get('access-control-allow-private-network')).toBe('true')

    const usual = await preflight(ground.gateway.url, of.path, {
      origin: LISTED,
      'access-control-request-method': 'POST',
    })
    expect(usual.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, DELETE')

    const flood = Array.from({ length: 200 }, (_, at) => `x-header-${at}`).join(',')
    const other = await preflight(ground.gateway.url, of.path, {
      origin: LISTED,
      'access-control-request-headers': flood,
      'access-control-request-method': 'X-Y',
    })
    expect(other.headers.get('access-control-allow-headers')?.split(', ')).toHaveLength(64)
    expect(other.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, DELETE')
    expect(other.headers.get('access-control-allow-private-network')).toBeNull()
  })

  test.each(FOREIGN)('a page of %j is refused, with and without a key, and reads nothing', async (origin) => {
    const asking = [ask(ground, origin, { key: ground.key }), ask(ground, origin), ask(anyGround, origin)]
    for (const response of await Promise.all(asking)) {
      expectUnreadable(response)
      const message = await expectError(response, of.dialect, 'origin_not_allowed')
      expect(message).toContain(origin === '' ? 'something that is none' : `'${origin}'`)
    }
    const headers = { origin, 'access-control-request-headers': 'authorization' }
    expectUnreadable(await preflight(ground.gateway.url, of.path, headers))
  })

  test.each([LISTED, 'https://other.example', 'null'])(
    'by option a page of %j may call with a key in a header',
    async (origin) => {
      const { url } = anyGround.gateway
      for (const header of ['authorization', 'X-API-Key', 'api-key', 'x-goog-api-key']) {
        const asked = { origin, 'access-control-request-headers': `content-type,${header}` }
        const answer = await preflight(url, of.path, asked)
        expect(answer.status).toBe(204)
        expectReadable(answer, origin)
        const good = await ask(anyGround, origin, { headers: { [header]: anyGround.key } })
        expect(good.status).toBe(200)
        expectReadable(good, origin)
      }
      const wrong = await ask(anyGround, origin, { key: 'pk_wrong' })
      expect(wrong.status).toBe(401)
      expectReadable(wrong, origin)
      // A page may make a browser send any of these without asking first.
      const silent = [
        preflight(url, of.path, { origin }),
        preflight(url, of.path, { origin, 'access-control-request-headers': 'content-type' }),
        ask(anyGround, origin, { path: `/k/${anyGround.key}${of.path}` }),
        ask(anyGround, origin, { headers: { authorization: '' } }),
      ]
      for (const response of await Promise.all(silent)) {
        expectUnreadable(response)
        await expectError(response, of.dialect, 'origin_not_allowed')
      }
    },
  )

  test('a foreign Host is named', async () => {
    const { url, key } = { url: ground.gateway.url, key: ground.key }
    const text = async (host: string) => {
      using connection = await postRaw({ url: url.replace('127.0.0.1', host), key, ...of })
      return await connection.until((got) => got.includes('\r\n\r\n') && got.includes('}'))
    }
    expect(await text('evil.example')).toMatch(/ 403 [\s\S]*'evil\.example'[\s\S]*gateway\.hosts/)
    const short = hostname().split('.')[0]
    for (const host of [`${short}.local`, 'host.lima.internal', 'host.orb.internal', 'gateway.docker.internal']) {
      expect(await text(host)).toMatch(/^HTTP\/1\.1 200 /)
    }
  })
})

test.each(STREAM_CASES)('$format: a page reads a stream, and why it broke', async (of) => {
  const playing = ground.play(of, [frames(1), hold, rest])
  const asking = post({ url: ground.gateway.url, key: ground.key, ...of, headers: { origin: LISTED } })
  ;(await playing).release()
  const response = await asking
  expectReadable(response, LISTED)
  expect(await response.text()).toContain(of.terminator)
})

test('a page of an origin that may call is not the owner of the machine', async () => {
  for (const origin of ['null', LISTED]) {
    const metrics = await fetch(`${ground.gateway.url}/metrics`, { headers: { origin } })
    expect(metrics.status).toBe(401)
    const ready: unknown = await (await fetch(`${ground.gateway.url}/readyz`, { headers: { origin } })).json()
    expect(JSON.stringify(ready)).not.toContain('checkedAt')
  }
  expect((await fetch(`${ground.gateway.url}/metrics`)).status).toBe(200)
  const headers = { origin: 'https://evil.example', authorization: 'Bearer x' }
  expect((await fetch(`${anyGround.gateway.url}/metrics`, { headers })).status).toBe(401)
})
