import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { fillDisk } from '../support/full-disk.ts'
import { startTestGateway, TEST_PATH, type TestGateway } from '../support/gateway.ts'
import { RawConnection } from '../support/raw.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post, ReadStream } from './client.ts'
import { caseOf, STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled, until } from './turns.ts'
import { expectError } from './whole-answers.ts'

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

const scrape = async ({ url }: TestGateway) => (await fetch(`${url}/metrics`)).text()

/** The value of a series, by its whole name with labels; 0 when it is not there. */
async function seriesValue(gateway: TestGateway, series: string): Promise<number> {
  const line = (await scrape(gateway)).split('\n').find((text) => text.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? 0)
}

/** Every label with each of its values, without the numbers. */
async function labelValues(gateway: TestGateway): Promise<readonly string[]> {
  const pairs = (await scrape(gateway)).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)
  return [...new Set([...pairs].map(([pair]) => pair))].sort()
}

describe('/metrics', () => {
  test('counts exchanges, tokens and bytes', async () => {
    const of = caseOf('ollama-chat')
    const series = 'punku_requests_total{dialect="ollama",route="POST /api/chat",status="200",error=""}'
    const counted = [series, 'punku_tokens_total{type="prompt"}', 'punku_tokens_total{type="completion"}']
    const before = await Promise.all(counted.map((name) => seriesValue(ground.gateway, name)))
    await (await post({ url: ground.gateway.url, key: ground.key, ...of })).text()
    await settled(ground.gateway)
    const after = await Promise.all(counted.map((name) => seriesValue(ground.gateway, name)))
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 9, 6])
    expect(await seriesValue(ground.gateway, 'punku_body_bytes_total{direction="out"}')).toBeGreaterThan(1_000)
  })

  test('tells an error by its code, and a live stream while it lives', async () => {
    const of = caseOf('openai-chat')
    const playing = ground.play(of, [frames(1), hold, rest])
    const stream = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    // Itself and the stream.
    expect(await seriesValue(ground.gateway, 'punku_live_exchanges')).toBe(2)
    await playing
    await stream.leave()
    await settled(ground.gateway)
    const series = `punku_requests_total{dialect="openai",route="POST ${of.path}",status="499",error="client_closed"}`
    expect(await seriesValue(ground.gateway, series)).toBe(1)
    expect(await seriesValue(ground.gateway, 'punku_live_exchanges')).toBe(1)
  })

  test('is for the machine itself, or a key that may', async () => {
    const get = (headers: Readonly<Record<string, string>>) => fetch(`${ground.gateway.url}/metrics`, { headers })
    const ok = await get({})
    expect(ok.status).toBe(200)
    expect(ok.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const reader = await ground.gateway.key({ allowsMetrics: true })
    for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      const proxied = { [header]: '192.0.2.1' }
      await expectError(await get(proxied), 'openai', 'key_missing')
      await expectError(await get({ ...proxied, 'x-api-key': ground.key }), 'openai', 'route_not_allowed')
      expect((await get({ ...proxied, 'x-api-key': reader })).status).toBe(200)
    }
  })

  test('no request can make a new label value', async () => {
    const { gateway, key } = ground
    const ask = async (odd: string) => {
      const headers = { 'user-agent': odd, 'x-session-id': odd, 'anthropic-version': odd }
      const answers = [
        post({ url: gateway.url, key, path: `/v1/${odd}`, body: {}, headers }),
        post({ url: gateway.url, key, path: `/api/${odd}?x=${odd}`, body: {}, headers }),
        post({ url: gateway.url, key, path: '/api/chat', body: { model: odd }, headers }),
        post({ url: gateway.url, key, path: '/v1/messages', body: { model: odd }, headers }),
        post({ url: gateway.url, key: odd, path: '/api/chat', body: { model: odd }, headers }),
        fetch(`${gateway.url}/v1/models/${odd}`, { headers: { 'x-api-key': key } }),
        fetch(`${gateway.url}/api/chat`, { method: 'PATCH', headers: { 'x-api-key': key } }),
      ]
      for (const answer of await Promise.all(answers)) await answer.arrayBuffer()
      const client = await RawConnection.open(gateway.port)
      await client.send(`${odd.toUpperCase()} /${odd} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)
      await client.untilClosed()
      await settled(gateway)
    }
    await ask('first')
    const before = await labelValues(gateway)
    expect(before.join()).not.toContain('first')
    for (let times = 0; times < 20; times++) await ask(`odd-${times}`)
    expect(await labelValues(gateway)).toEqual(before)
    expect(before.length).toBeLessThan(100)
  })

  test('holds no key, no model and nothing of a client', async () => {
    for (const of of STREAM_CASES) await (await post({ url: ground.gateway.url, key: ground.key, ...of })).text()
    const labels = await labelValues(ground.gateway)
    expect(new Set(labels.map((label) => label.split('=')[0]))).toEqual(
      new Set(['dialect', 'direction', 'error', 'le', 'quantile', 'route', 'status', 'type', 'upstream']),
    )
    for (const secret of [ground.key.slice(3, 13), 'tiny', 'node']) expect(labels.join()).not.toContain(secret)
  })
})

/** Resolves once every row was tried to be written: a write that began before it may be without the last. */
async function flushed(gateway: TestGateway): Promise<void> {
  await settled(gateway)
  await gateway.parts.recorder.flush()
  await gateway.parts.recorder.flush()
}

describe('health', () => {
  const get = async ({ url }: TestGateway, path: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(url + path, { headers })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('/healthz is green whenever the process lives, /readyz once an upstream has really answered', async () => {
    const clock = new ManualClock()
    const upstream = await startScriptedUpstream({ server: 'ollama' })
    await using gateway = await startTestGateway({ upstreams: [upstream.origin], clock })
    const id = gateway.upstreamId(upstream.origin)
    const [known] = gateway.parts.upstreams.all()
    const probed = async (ms: number, state: string) => {
      clock.advance(ms)
      await until(() => known?.known.health.state === state)
    }
    expect(await get(gateway, '/readyz')).toEqual({
      status: 200,
      body: {
        status: 'ready',
        upstreams: [{ id, kind: 'ollama', state: 'up', reason: '', checkedAt: new Date(clock.now()).toISOString() }],
      },
    })

    await upstream.close()
    await probed(30_000, 'down')
    const red = await get(gateway, '/readyz')
    expect(red).toMatchObject({
      status: 503,
      body: { status: 'not ready', reason: 'no upstream has answered', upstreams: [{ id, state: 'down' }] },
    })
    expect(JSON.stringify(red.body['upstreams'])).toContain(
      TEST_PATH === 'direct' ? 'nothing listens on' : 'refused the connection',
    )
    expect(await get(gateway, '/healthz')).toEqual({ status: 200, body: { status: 'ok' } })
    expect(await seriesValue(gateway, `punku_upstream_up{upstream="${id}"}`)).toBe(0)

    // Strangers are told that it is red, not where and why.
    const told = await get(gateway, '/readyz', { 'x-forwarded-for': '192.0.2.1' })
    expect(told.status).toBe(503)
    expect(told.body['upstreams']).toEqual([{ kind: 'ollama', state: 'down' }])

    await using _back = await startScriptedUpstream({ server: 'ollama', port: upstream.port })
    await probed(5_000, 'up')
    expect((await get(gateway, '/readyz')).status).toBe(200)
    expect(await seriesValue(gateway, `punku_upstream_up{upstream="${id}"}`)).toBe(1)
  })

  test('/readyz is red before an upstream that answers, but is no model server', async () => {
    await using upstream = await startScriptedUpstream({ server: 'anthropic', apiKey: 'wanted' })
    await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
    const { status, body } = await get(gateway, '/readyz')
    expect(status).toBe(503)
    expect(JSON.stringify(body)).toContain('it wants a key')
  })

  test('/readyz stays green on a full disk and says what cannot be written, to strangers without the reason', async () => {
    const { gateway, key } = ground
    const { recorder, state } = gateway.parts
    const { path, body } = caseOf('ollama-chat')
    {
      await using _full = await fillDisk(state.database)
      // The pages that are there have room for some rows yet.
      do {
        await (await post({ url: gateway.url, key, path, body })).text()
        await flushed(gateway)
      } while (recorder.unwrittenCount === 0)
      const told = await get(gateway, '/readyz')
      expect(told).toMatchObject({ status: 200, body: { status: 'ready' } })
      expect(told.body['troubles']).toEqual([
        expect.stringMatching(/^The database takes no rows of requests, because its disk is full; \d+ wait in memory/),
      ])
      const stranger = await get(gateway, '/readyz', { 'x-forwarded-for': '192.0.2.1' })
      expect(stranger.body['troubles']).toEqual(['requests_unwritten'])
    }
    await flushed(gateway)
    expect((await get(gateway, '/readyz')).body).not.toHaveProperty('troubles')
  })
})
