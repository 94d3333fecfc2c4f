import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openState } from '../../src/gateway/serve/state.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT, SCRIPTED_USAGE } from '../support/scripted/answer.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { watched } from '../support/watched.ts'
import { type PostOptions, post, ReadStream } from './client.ts'
import type { KilledGatewayReport } from './killed-gateway.ts'
import { caseOf, STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'

const PROMPT = 'what-nobody-may-write-down'
const { promptTokens, completionTokens, cachedTokens } = SCRIPTED_USAGE

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

/** Asks and reads the whole answer; its row and its body's size. */
async function ask(options: Omit<PostOptions, 'url'>, gateway = ground.gateway) {
  const response = await post({ url: gateway.url, ...options })
  const { byteLength } = await response.arrayBuffer()
  await settled(gateway)
  const row = (await gateway.rows()).at(-1)
  if (row === undefined) throw new Error('there is no row')
  return { row, byteLength, response }
}

test.each(['/healthz', '/readyz', '/metrics'])(
  'whoever looks how the gateway is, at %s, leaves no row and is in no sum',
  async (path) => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
    for (const method of ['GET', 'HEAD']) expect((await fetch(gateway.url + path, { method })).status).toBe(200)
    await settled(gateway)
    expect(await gateway.rows()).toEqual([])
    const usage = await gateway.parts.localControl.fetch(new Request('http://localhost/control/v1/usage'))
    expect(await usage.json()).toMatchObject({ groups: [] })
    expect(await (await fetch(`${gateway.url}/metrics`)).text()).not.toMatch(/^punku_requests_total\{/m)
    // What is refused is on record, as all that is.
    expect((await fetch(gateway.url + path, { method: 'POST' })).status).toBe(405)
    await settled(gateway)
    expect(await gateway.rows()).toMatchObject([{ status: 405, error_code: 'method_not_allowed' }])
  },
)

test('the conversation is what the client calls it, in a header or else in the body', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const key = await gateway.key()
  const ask = async (more: object, headers = {}) => {
    const body = { model: 'tiny', input: 'hi', ...more }
    await (await post({ url: gateway.url, key, path: '/v1/responses', body, headers })).text()
    await settled(gateway)
    return (await gateway.rows()).at(-1)?.session_id
  }
  expect(await ask({ prompt_cache_key: 'cache-1' })).toBe('cache-1')
  expect(await ask({ prompt_cache_key: 'cache-1' }, { 'session-id': 'ses-1', 'thread-id': 'thr-1' })).toBe('ses-1')
  expect(await ask({ prompt_cache_key: 'a prompt, by mistake' })).toBeNull()
  expect(await ask({ prompt_cache_key: 7 })).toBeNull()
})

test('a run and its label go before what the tool calls its conversation, and no further than here', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const headers = { 'x-punku-session': 'run_1', 'x-punku-label': 'qwen, 2nd try', 'x-claude-code-session-id': 'own' }
  const body = { model: 'tiny', messages: [{ role: 'user', content: PROMPT }] }
  const key = await gateway.key()
  await (await post({ url: gateway.url, key, path: '/v1/chat/completions', body, headers })).text()
  await settled(gateway)
  expect(await gateway.rows()).toMatchObject([{ session_id: 'run_1', session_label: 'qwen, 2nd try' }])
  const sent = (await upstream.nextRequest()).headers
  expect(Object.keys(sent).filter((name) => name.startsWith('x-punku-'))).toEqual([])
})

describe('the row of an exchange', () => {
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens, is_estimated: 0 }
  const nothing = { prompt_tokens: null, completion_tokens: null, cached_tokens: null, is_estimated: 0 }
  const input = { messages: [{ role: 'user', content: PROMPT }], prompt: PROMPT, input: PROMPT, max_tokens: 9 }

  // Path, what is asked of which model, and what the row must say of the tokens.
  const answers: readonly (readonly [string, string, object, Partial<RequestRow>])[] = [
    ['/api/chat', 'tiny', {}, { ...usage, load_ms: 1 }],
    ['/api/chat', 'tiny', { stream: false }, { ...usage, load_ms: 1 }],
    ['/api/generate', 'tiny', {}, { ...usage, load_ms: 1 }],
    ['/api/generate', 'tiny', { stream: false }, { ...usage, load_ms: 1 }],
    ['/api/embed', 'tiny', {}, { ...nothing, prompt_tokens: promptTokens, load_ms: 1 }],
    ['/api/pull', 'tiny', {}, { ...nothing, model_used: null }],
    ['/api/pull', 'tiny', { stream: false }, { ...nothing, model_used: null }],
    ['/api/show', 'tiny', {}, { ...nothing, model_used: null }],
    ['/v1/chat/completions', 'tiny', { stream: true, stream_options: { include_usage: true } }, usage],
    ['/v1/chat/completions', 'tiny', {}, usage],
    ['/v1/completions', 'tiny', {}, usage],
    ['/v1/completions', 'tiny', { stream: true, stream_options: { include_usage: true } }, usage],
    ['/v1/responses', 'tiny', {}, { ...usage, cached_tokens: 0 }],
    ['/v1/responses', 'tiny', { stream: true }, { ...usage, cached_tokens: 0 }],
    ['/v1/embeddings', 'tiny', {}, { ...nothing, prompt_tokens: promptTokens }],
    ['/v1/messages', 'tiny', {}, usage],
    ['/v1/messages', 'tiny', { stream: true }, usage],
    // This server knows its cache; its prompt counts hold the cached tokens in every dialect.
    ['/v1/chat/completions', 'llama', {}, { ...usage, cached_tokens: cachedTokens }],
    ['/v1/responses', 'llama', { stream: true }, { ...usage, cached_tokens: cachedTokens }],
    ['/v1/messages', 'llama', {}, { ...usage, cached_tokens: cachedTokens }],
    ['/v1/messages', 'llama', { stream: true }, { ...usage, cached_tokens: cachedTokens }],
    ['/v1/messages/count_tokens', 'llama', {}, { ...nothing, model_used: null }],
    ['/completion', 'llama', {}, { ...usage, model_used: null }],
    ['/completion', 'llama', { stream: true }, { ...usage, model_used: null }],
  ]
  test.each(answers)('POST %s, %s, %j', async (path, model, extra, tokens) => {
    const body = { model, ...input, ...extra }
    const before = Date.now()
    const { row, byteLength, response } = await ask({ key: ground.key, path, body })
    expect(response.status).toBe(200)
    const isStream = response.headers.get('content-type')?.match(/event-stream|ndjson/) !== null
    expect(row).toEqual({
      seq: expect.any(Number),
      id: response.headers.get('x-request-id'),
      at: expect.any(Number),
      org_id: 'default',
      key_id: ground.key.slice(3, 13),
      person_id: null,
      upstream: response.headers.get('x-punku-upstream'),
      dialect: path.startsWith('/api/') ? 'ollama' : path.startsWith('/v1/messages') ? 'anthropic' : 'openai',
      route: `POST ${path}`,
      model_asked: model,
      model_used: model,
      status: 200,
      error_code: null,
      is_streamed: isStream ? 1 : 0,
      sent_ms: expect.any(Number),
      load_ms: null,
      ttfb_ms: expect.any(Number),
      duration_ms: expect.any(Number),
      cached_tokens: null,
      request_bytes: Buffer.byteLength(JSON.stringify(body)),
      response_bytes: byteLength,
      client_name: 'node',
      client_version: null,
      session_id: null,
      left_out: null,
      translated: null,
      session_label: null,
      tool_calls: null,
      ...tokens,
    })
    expect(row.at).toBeGreaterThanOrEqual(before)
    expect(row.sent_ms ?? 0).toBeGreaterThan(0)
    expect(row.ttfb_ms ?? 0).toBeGreaterThan(row.sent_ms ?? Number.POSITIVE_INFINITY)
    expect(row.duration_ms).toBeGreaterThanOrEqual(row.ttfb_ms ?? Number.POSITIVE_INFINITY)
  })

  test('a stream that tells no usage is estimated, and says so', async () => {
    const of = caseOf('openai-chat')
    const { row } = await ask({ key: ground.key, ...of })
    const requestBytes = Buffer.byteLength(JSON.stringify(of.body))
    // The frame with the finish reason is counted too: it is not looked into.
    expect(row).toMatchObject({
      is_estimated: 1,
      prompt_tokens: Math.ceil(requestBytes / 4),
      completion_tokens: completionTokens + 1,
      cached_tokens: null,
    })
  })

  test('a compressed request counts as it came', async () => {
    const body = JSON.stringify({ ...caseOf('ollama-chat').body, pad: 'x'.repeat(10_000) })
    const packed = Buffer.from(
      await new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    )
    const response = await fetch(`${ground.gateway.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json', 'x-api-key': ground.key },
      body: packed,
    })
    await response.text()
    await settled(ground.gateway)
    expect((await ground.gateway.rows()).at(-1)).toMatchObject({ status: 200, request_bytes: packed.length })
  })

  test.each([
    ['OpenAI/JS 7.55.0', 'openai-js', '7.55.0'],
    ['claude-cli/2.1.0 (external, cli)', 'claude-cli', '2.1.0'],
    ['ollama-js/0.6.4 (x64 linux Node.js/v26)', 'ollama-js', '0.6.4'],
    ['<script>/1', null, null],
  ])('a client that calls itself %s', async (userAgent, client_name, client_version) => {
    const headers = { 'user-agent': userAgent, 'x-session-id': 'a-conversation' }
    const { row } = await ask({ key: ground.key, ...caseOf('ollama-chat'), headers })
    expect(row).toMatchObject({ client_name, client_version, session_id: 'a-conversation' })
  })

  test('a session of Claude Code, and an id that is none', async () => {
    const own = { 'x-claude-code-session-id': '7f9c-12', 'x-session-id': 'other' }
    expect((await ask({ key: ground.key, ...caseOf('anthropic-messages'), headers: own })).row.session_id).toBe(
      '7f9c-12',
    )
    const long = { 'x-session-id': 'x'.repeat(65) }
    expect((await ask({ key: ground.key, ...caseOf('anthropic-messages'), headers: long })).row.session_id).toBeNull()
  })

  test('the model as it was asked for, and as the upstream named it', async () => {
    const { row } = await ask({
      key: ground.key,
      ...caseOf('ollama-chat'),
      body: { model: 'TINY:latest', messages: [] },
    })
    expect(row).toMatchObject({ model_asked: 'TINY:latest', model_used: 'TINY:latest' })
  })

  test.each([
    [
      'a path that is no route',
      '/v1/nothing-like-this',
      {},
      { route: '-', status: 404, error_code: 'route_not_found' },
    ],
    ['a model nobody has', '/api/chat', { model: 'nobody' }, { status: 404, error_code: 'model_not_found' }],
    ['no model', '/api/chat', {}, { status: 400, error_code: 'invalid_request', model_asked: null }],
    ['no JSON', '/api/chat', '{', { status: 400, error_code: 'invalid_json', model_asked: null }],
  ])('a refusal: %s', async (_, path, body, expected) => {
    const { row, byteLength } = await ask({ key: ground.key, path, body })
    expect(row).toMatchObject({
      upstream: null,
      ttfb_ms: null,
      is_streamed: 0,
      response_bytes: byteLength,
      ...expected,
    })
  })

  test('no row and no log line holds a prompt or an answer', async () => {
    const rows = await ground.gateway.rows()
    expect(rows.length).toBeGreaterThan(answers.length)
    const written = JSON.stringify(rows) + ground.gateway.logLines.join('')
    expect(written).not.toContain(PROMPT)
    expect(written).not.toContain(SCRIPTED_TEXT)
    expect(written).not.toContain('scripted m')
  })
})

test('requests that nobody can be named for get 20 rows a second and no more', async () => {
  const clock = new ManualClock()
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin], clock })
  const knock = async () => {
    for (let times = 0; times < 30; times++) await ask({ path: '/api/chat', body: {} }, gateway).catch(() => {})
  }
  await knock()
  expect(await gateway.rows()).toHaveLength(20)
  // A named one is always written.
  await ask({ key: await gateway.key(), ...caseOf('ollama-chat') }, gateway)
  expect(await gateway.rows()).toHaveLength(21)
  clock.advance(1_000)
  await knock()
  expect(await gateway.rows()).toHaveLength(41)
})

test('a row is written within a second, by the gateway itself', async () => {
  const clock = new ManualClock()
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin], clock })
  const response = await post({ url: gateway.url, key: await gateway.key(), ...caseOf('ollama-chat') })
  await response.text()
  await settled(gateway)
  const written = async () => (await gateway.parts.state.requests.list({ orgId: 'default' }, { limit: 10 })).length
  expect(await written()).toBe(0)
  clock.advance(1_000)
  await expect.poll(written).toBe(1)
})

test('a stream that ran for long when its gateway was killed is in the log of the next, as it stood', async () => {
  const program = fileURLToPath(new URL('killed-gateway.ts', import.meta.url))
  const child = watched(spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] }))
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { url, home, key } = JSON.parse(line.toString()) as KilledGatewayReport
    const cases = STREAM_CASES.filter(({ server, format }) => server === 'ollama' && format !== 'ollama-progress')
    const readings = await Promise.all(
      cases.map((of) => ReadStream.open({ url, key, ...of, body: { ...of.body, model: 'long:latest' } })),
    )
    await Promise.all(readings.map((reading) => reading.until((text) => text.length > 0)))
    using written = new DatabaseSync(join(home, 'punku.db'), { readOnly: true })
    const notes = written.prepare(
      `select count(*) as notes from open_requests where request like '%"completion_tokens":_%'`,
    )
    await expect
      .poll(() => {
        child.kill('SIGUSR2')
        return notes.get()?.['notes']
      })
      .toBe(cases.length)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await Promise.all(readings.map((reading) => reading.rest()))
    {
      await using next = await startTestGateway({ upstreams: [], home })
      const rows = (await next.rows()).filter(({ error_code }) => error_code === 'gateway_killed')
      expect(new Set(rows.map(({ id }) => id))).toEqual(
        new Set(readings.map(({ response }) => response.headers.get('x-request-id'))),
      )
      for (const row of rows) {
        expect(row).toMatchObject({ status: 200, model_asked: 'long:latest', is_streamed: 1, is_estimated: 1 })
        expect(row.completion_tokens).toBeGreaterThan(0)
        expect(row.key_id).not.toBeNull()
        expect(row.response_bytes).toBeGreaterThan(0)
        expect(row.duration_ms).toBeGreaterThanOrEqual(60_000)
      }
      expect(notes.get()?.['notes']).toBe(0)
    }
    rmSync(home, { recursive: true })
  } finally {
    child.kill('SIGKILL')
  }
})

test('a gateway that is killed has lost no row that was written', async () => {
  const program = fileURLToPath(new URL('killed-gateway.ts', import.meta.url))
  const child = watched(spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] }))
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { url, home, key } = JSON.parse(line.toString()) as KilledGatewayReport
    const ids: (string | null)[] = []
    for (const of of STREAM_CASES.filter(({ server, format }) => server === 'ollama' && format !== 'ollama-progress')) {
      const response = await post({ url, key, ...of })
      await response.text()
      ids.push(response.headers.get('x-request-id'))
    }
    // That they are written within a second is tested above, by a clock of its own.
    using written = new DatabaseSync(join(home, 'punku.db'), { readOnly: true })
    const count = written.prepare('select count(*) as rows from requests')
    await expect.poll(() => count.get()?.['rows']).toBe(ids.length)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const config = loadConfig({ home, env: {}, flags: {} })
    {
      await using state = await openState({ home, config, clock: systemClock, log: pino({ level: 'silent' }) })
      const rows = await state.requests.list({ orgId: 'default' }, { limit: 100 })
      expect(rows.map(({ id }) => id).reverse()).toEqual(ids)
      expect(rows.every(({ completion_tokens }) => completion_tokens !== null)).toBe(true)
    }
    rmSync(home, { recursive: true })
  } finally {
    child.kill('SIGKILL')
  }
})
