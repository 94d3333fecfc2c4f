import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import type { ErrorCode } from '../../src/core/error.ts'
import { openState } from '../../src/gateway/serve/state.ts'
import { ManualClock } from '../support/clock.ts'
import { LOCAL } from '../support/key-actors.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { post, postRaw, ReadStream, requestText } from './client.ts'
import {
  caseOf,
  STREAM_CASES,
  type StreamCase,
  type StreamGround,
  startStreamGround,
  streamErrorIn,
} from './stream-cases.ts'
import { settled, until } from './turns.ts'
import { expectError, WHOLE_CASES, wholeCaseOf } from './whole-answers.ts'

const clock = new ManualClock()
const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ clock, config: { gateway: { trustedProxies: ['127.0.0.1'] } } }))
})
afterAll(() => opened.disposeAsync())

let keyCount = 0
const ALL_ROUTES = { routes: ['inference', 'metadata', 'manage'] }

/** Makes a key for all routes; its name with its text. */
async function issue(grant: { readonly expiresInMs?: number; readonly networks?: readonly string[] } = {}) {
  const name = `keys-test-${keyCount++}`
  return { name, text: await ground.gateway.key({ name, ...ALL_ROUTES, ...grant }) }
}

async function lastRow() {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

/** A stream under the key, in the middle of its frames. */
async function stream(of: StreamCase, key: string) {
  const playing = ground.play(of, [frames(2), hold, rest])
  const reading = await ReadStream.open({ url: ground.gateway.url, key, ...of })
  const request = await playing
  await until(() => request.sentBytes > 0)
  await reading.until((text) => text.includes('\n'))
  return { reading, request }
}

async function expectCut(of: StreamCase, running: Awaited<ReturnType<typeof stream>>, code: ErrorCode, said: RegExp) {
  const text = await running.reading.rest()
  expect(streamErrorIn(text, of.format)).toMatch(said)
  expect(text).not.toContain(of.terminator)
  expect((await running.request.ended).how).toBe('abandoned')
  expect(await lastRow()).toMatchObject({ error_code: code, is_streamed: 1 })
}

describe.each(STREAM_CASES)('a $format stream', (of) => {
  test('is cut when its key is revoked', async () => {
    const { name, text } = await issue()
    const running = await stream(of, text)
    const other = await stream(of, ground.key)
    await ground.gateway.parts.state.keys.revoke(LOCAL, name)
    await expect(post({ url: ground.gateway.url, key: text, ...of })).resolves.toHaveProperty('status', 401)
    expect(streamErrorIn(await running.reading.rest(), of.format)).toMatch(/was revoked/)
    expect((await running.request.ended).how).toBe('abandoned')
    // Nobody else's stream.
    other.request.release()
    expect(await other.reading.rest()).toContain(of.terminator)
  })

  test('is cut within a second when another process revokes its key', async () => {
    const { name, text } = await issue()
    const running = await stream(of, text)
    const { home } = ground.gateway
    const config = loadConfig({ home, env: {}, flags: {} })
    await using elsewhere = await openState({
      home,
      config,
      clock: new ManualClock(clock.now()),
      log: pino({ level: 'silent' }),
    })
    await elsewhere.keys.revoke(LOCAL, name)
    clock.advance(1_000)
    await expectCut(of, running, 'key_revoked', /was revoked/)
  })

  test('is cut when its key expires', async () => {
    const { text } = await issue({ expiresInMs: 20_000 })
    const running = await stream(of, text)
    clock.advance(19_000)
    expect(ground.gateway.parts.keyed.size).toBe(1)
    clock.advance(1_500)
    await expectCut(of, running, 'key_expired', /has expired/)
  })

  test('goes on when its key is rotated, even past the grace', async () => {
    const { name, text } = await issue()
    const running = await stream(of, text)
    await ground.gateway.parts.state.keys.rotate(LOCAL, name, 0)
    clock.advance(1_000)
    running.request.release()
    expect(await running.reading.rest()).toContain(of.terminator)
  })
})

describe('a key that is revoked before there is an answer', () => {
  test.each(WHOLE_CASES)('$dialect: refuses what waits for the upstream', async (of) => {
    const { name, text } = await issue()
    const playing = ground.play(of, [hold, rest])
    const answering = post({ url: ground.gateway.url, key: text, ...of })
    const request = await playing
    await ground.gateway.parts.state.keys.revoke(LOCAL, name)
    expect(await expectError(await answering, of.dialect, 'key_revoked')).toContain('was revoked')
    expect((await request.ended).how).toBe('abandoned')
    expect(await lastRow()).toMatchObject({ status: 401, error_code: 'key_revoked' })
  })

  test('ends a request whose body is still on its way', async () => {
    const of = caseOf('openai-chat')
    const { name, text } = await issue()
    const whole = requestText({ url: ground.gateway.url, key: text, ...of })
    using client = await postRaw({ url: ground.gateway.url, key: ground.key, path: '/v1/none', body: {} })
    await client.until((received) => received.includes('route_not_found'))
    await client.send(whole.slice(0, -5))
    await until(() => ground.gateway.parts.keyed.size === 1)
    await ground.gateway.parts.state.keys.revoke(LOCAL, name)
    await client.until((received) => received.includes('invalid_api_key'))
    clock.advance(1_000)
    await settled(ground.gateway)
  })
})

test('a rotated key: both texts for the grace, then the new one only', async () => {
  const of = wholeCaseOf('ollama')
  const { name, text: older } = await issue()
  const newer = (await ground.gateway.parts.state.keys.rotate(LOCAL, name, 60_000)).text.reveal()
  const ask = (key: string) => post({ url: ground.gateway.url, key, ...of })
  expect([(await ask(older)).status, (await ask(newer)).status]).toEqual([200, 200])
  clock.advance(59_000)
  expect([(await ask(older)).status, (await ask(newer)).status]).toEqual([200, 200])
  clock.advance(1_500)
  expect((await ask(newer)).status).toBe(200)
  expect(await expectError(await ask(older), of.dialect, 'key_expired')).toContain('was rotated')
})

describe('networks', () => {
  const ask = (key: string, forwardedFor?: string) =>
    post({
      url: ground.gateway.url,
      key,
      ...caseOf('openai-chat'),
      headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
    })

  test('the address of the connection, or what a trusted proxy says of it', async () => {
    const { text: here } = await issue({ networks: ['127.0.0.0/8'] })
    const { text: elsewhere } = await issue({ networks: ['10.1.0.0/16'] })
    expect((await ask(here)).status).toBe(200)
    expect((await ask(elsewhere, '10.1.2.3')).status).toBe(200)
    await expectError(await ask(elsewhere), 'openai', 'network_not_allowed')
    await expectError(await ask(here, '10.1.2.3'), 'openai', 'network_not_allowed')
    // The right end is the proxy's own word; what stands before it the client may have written.
    await expectError(await ask(elsewhere, '10.1.2.3, 192.0.2.9'), 'openai', 'network_not_allowed')
  })

  test('a proxy that is not trusted is not believed', async () => {
    await using plain = await startStreamGround()
    const key = await plain.gateway.key({ networks: ['10.1.0.0/16'] })
    const of = caseOf('openai-chat')
    const asking = post({ url: plain.gateway.url, key, ...of, headers: { 'x-forwarded-for': '10.1.2.3' } })
    await expectError(await asking, 'openai', 'network_not_allowed')
  })
})

describe('a credential that does not open', () => {
  const wrong = (key: string) => key.slice(0, -3) + (key.endsWith('000') ? '111' : '000')

  interface Refused {
    readonly what: string
    readonly code: ErrorCode
    /** The credentials sent, from one that is valid. */
    readonly headers: (key: string) => Readonly<Record<string, string>>
  }
  const refused: readonly Refused[] = [
    { what: 'none', code: 'key_missing', headers: () => ({}) },
    { what: 'an empty one', code: 'key_missing', headers: () => ({ 'x-api-key': '' }) },
    {
      what: 'a pair without its colon',
      code: 'key_malformed',
      headers: (key) => ({ authorization: `Basic ${btoa(key)}` }),
    },
    { what: 'another scheme', code: 'key_malformed', headers: (key) => ({ authorization: `Token ${key}` }) },
    { what: 'two in one', code: 'key_malformed', headers: (key) => ({ 'x-api-key': `${key},${key}` }) },
    { what: 'a part of one', code: 'key_malformed', headers: (key) => ({ 'x-api-key': key.slice(0, -1) }) },
    { what: 'one in capitals', code: 'key_malformed', headers: (key) => ({ 'x-api-key': key.toUpperCase() }) },
    { what: 'a wrong secret', code: 'key_unknown', headers: (key) => ({ 'x-api-key': wrong(key) }) },
    {
      what: 'an unknown id',
      code: 'key_unknown',
      headers: (key) => ({ authorization: `Bearer pk_0000000000${key.slice(13)}` }),
    },
    {
      what: 'two that differ',
      code: 'conflicting_credentials',
      headers: (key) => ({ 'x-api-key': key, authorization: `Bearer ${wrong(key)}` }),
    },
  ]

  test.each(refused)('$what: $code, in every dialect, and never repeated', async ({ code, headers }) => {
    // Rows of requests without a key are bounded by the second.
    clock.advance(1_000)
    const { text: key } = await issue()
    const secret = key.slice(14)
    for (const of of WHOLE_CASES) {
      const before = askedOf(of)
      const response = await post({ url: ground.gateway.url, ...of, headers: headers(key) })
      const { body, shown } = await readAll(response)
      await expectError(body, of.dialect, code)
      for (const part of [secret, secret.slice(0, 12), secret.toUpperCase(), btoa(key)])
        expect(shown).not.toContain(part)
      expect(await lastRow()).toMatchObject({ error_code: code, key_id: null })
      expect(askedOf(of)).toBe(before)
    }
    expectNotLogged(secret)
  })

  test.each([
    ['cut off', (key: string) => key.slice(0, 17), 'incomplete or damaged'],
    ['cut off, of an id that nobody has', () => 'pk_0000000000_x64', 'incomplete or damaged'],
    ['in capitals', (key: string) => key.toUpperCase(), 'incomplete or damaged'],
    ['of another service', () => 'sk-nonsense', 'no key of this gateway'],
  ] as const)('one that is %s is told as that', async (_, broken, text) => {
    clock.advance(1_000)
    const { text: key } = await issue()
    for (const of of WHOLE_CASES) {
      const answer = await post({ url: ground.gateway.url, ...of, headers: { 'x-api-key': broken(key) } })
      expect(await expectError(answer, of.dialect, 'key_malformed')).toContain(text)
    }
  })

  test('a revoked and an expired one say so, but only to who has the whole of it', async () => {
    const { name, text: revoked } = await issue()
    await ground.gateway.parts.state.keys.revoke(LOCAL, name)
    const { text: expired } = await issue({ expiresInMs: 1_000 })
    clock.advance(1_500)
    for (const of of WHOLE_CASES) {
      const ask = (key: string) => post({ url: ground.gateway.url, key, ...of })
      await expectError(await ask(revoked), of.dialect, 'key_revoked')
      await expectError(await ask(expired), of.dialect, 'key_expired')
      await expectError(await ask(wrong(revoked)), of.dialect, 'key_unknown')
      await expectError(await ask(wrong(expired)), of.dialect, 'key_unknown')
    }
    for (const key of [revoked, expired]) expectNotLogged(key.slice(14))
  })

  test('a key never reaches the upstream, the log or a row', async () => {
    const { text: key } = await issue()
    const secret = key.slice(14)
    for (const of of STREAM_CASES) {
      const upstream = ground.upstreamOf(of)
      for (const headers of [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }]) {
        const response = await post({ url: ground.gateway.url, ...of, headers })
        expect((await readAll(response)).shown).not.toContain(secret)
        const { rawHeaders, url, body } = upstream.requests.at(-1) ?? { rawHeaders: [], url: '', body: '' }
        expect(JSON.stringify([rawHeaders, url, body.toString()])).not.toContain(secret)
        expect(rawHeaders.map((name) => name.toLowerCase())).not.toContain('authorization')
      }
    }
    await settled(ground.gateway)
    expect(JSON.stringify(await ground.gateway.rows())).not.toContain(secret)
    expectNotLogged(secret)
  })

  /** How many requests of the route have reached its upstream: the gateway's own questions are not counted. */
  function askedOf(of: StreamCase): number {
    return ground.upstreamOf(of).requests.filter(({ path }) => path === of.path).length
  }

  async function readAll(response: Response) {
    const body = response.clone()
    return { body, shown: JSON.stringify([...response.headers]) + (await response.text()) }
  }

  function expectNotLogged(secret: string): void {
    expect(ground.gateway.logLines.join('')).not.toContain(secret)
  }
})
