import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { llamaServerOrSkip, startLlamaServer } from '../../test/support/llama-server.ts'
import { fail, hold, respond, rest } from '../../test/support/scripted/steps.ts'
import { toolCallModel } from '../../test/support/scripted-models.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../test/support/scripted-upstream.ts'
import { systemClock } from '../core/clock.ts'
import { DirectUpstream } from '../gateway/upstreams/direct-upstream.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import type { CatalogueModel } from './server.ts'

const FULL_ROUND_MS = 30_000
const SHOW = '/api/show'

interface Opened {
  readonly upstream: DirectUpstream
  readonly clock: ManualClock
  /** Refreshes, and waits until all questions are over. */
  round(): Promise<void>
  model(id: string): CatalogueModel | undefined
}

function open(url: string): Opened {
  const clock = new ManualClock()
  const createDispatcher = (origin: string): HttpDispatcher => new HttpDispatcher({ origin, clock: systemClock })
  const upstream = new DirectUpstream({
    orgId: 'default',
    url,
    createDispatcher,
    clock,
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => upstream.close())
  return {
    upstream,
    clock,
    async round() {
      await upstream.refresh()
      await expect.poll(() => clock.pendingTimers).toBe(0)
    },
    model: (id) => upstream.known.models?.find((model) => model.id === id),
  }
}

async function ollama(...models: string[]): Promise<ScriptedUpstream> {
  const server = await startScriptedUpstream({ server: 'ollama', ...(models.length > 0 && { models }) })
  onTestFinished(() => server.close())
  return server
}

const json = (value: object) => respond(200, { 'content-type': 'application/json' }, JSON.stringify(value))
const tags = (...models: object[]) => json({ models })
/** The models that the server was asked about, in order. */
const shown = ({ requests }: ScriptedUpstream) =>
  requests.filter(({ path }) => path === SHOW).map(({ json: body }) => body['model'])

test('models are there with the listing, and what else is known of them follows', async () => {
  const server = await ollama('a:latest', 'b:latest')
  server.behave([hold, rest], { path: SHOW, times: 2 })
  server.behave([hold, rest], { path: '/api/ps' })
  const { upstream, model } = open(server.origin)
  await upstream.refresh()
  expect(upstream.known.models).toMatchObject([{ id: 'a:latest', sizeBytes: 1_000_000 }, { id: 'b:latest' }])
  expect(model('a:latest')).toMatchObject({ contextLength: undefined, isLoaded: undefined })
  for (const path of [SHOW, SHOW, '/api/ps']) (await server.nextRequest(path)).release()
  const known = { contextLength: 4_096, capabilities: ['completion', 'tools'] }
  await expect
    .poll(() => upstream.known.models)
    .toMatchObject([
      { ...known, isLoaded: true },
      { ...known, isLoaded: false },
    ])
  expect(upstream.known.models).toBe(upstream.known.models)
})

test('a model is asked about once, and again when its entry has changed', async () => {
  const server = await ollama()
  const a = { name: 'a', digest: '1', modified_at: '2026-01-01T00:00:00Z' }
  const b = { ...a, name: 'b' }
  const context = (tokens: number) => json({ model_info: { 'general.architecture': 'x', 'x.context_length': tokens } })
  server.behave([tags(a)], { path: '/api/tags', times: 2 })
  server.behave([tags(a, b)], { path: '/api/tags' })
  server.behave([tags({ ...a, digest: '2' }, b)], { path: '/api/tags' })
  server.behave([tags({ ...a, digest: '2' }, { ...b, modified_at: 'later' })], { path: '/api/tags' })
  for (const tokens of [1, 2]) server.behave([context(tokens)], { path: SHOW })
  server.behave([hold, context(3)], { path: SHOW })
  server.behave([context(4)], { path: SHOW })
  const { upstream, clock, round } = open(server.origin)
  const lengths = () => upstream.known.models?.map(({ trainedContextLength }) => trainedContextLength)
  await round()
  expect(lengths()).toEqual([1])
  clock.advance(FULL_ROUND_MS)
  await round()
  expect(shown(server)).toEqual(['a'])
  await round()
  expect(lengths()).toEqual([1, 2])
  await upstream.refresh()
  // What was said of the old one does not stand for the new one.
  expect(lengths()).toEqual([undefined, 2])
  for (let taken = 0; taken < 2; taken++) await server.nextRequest(SHOW)
  ;(await server.nextRequest(SHOW)).release()
  await expect.poll(() => clock.pendingTimers).toBe(0)
  expect(lengths()).toEqual([3, 2])
  await round()
  expect(lengths()).toEqual([3, 4])
  expect(shown(server)).toEqual(['a', 'b', 'a', 'b'])
})

test('a model that is gone is forgotten', async () => {
  const server = await ollama()
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  for (const models of [[a], [b], [a]]) server.behave([tags(...models)], { path: '/api/tags' })
  const { round } = open(server.origin)
  for (let count = 0; count < 3; count++) await round()
  expect(shown(server)).toEqual(['a', 'b', 'a'])
})

test('a cloud model is not asked about, and is loaded nowhere', async () => {
  const server = await ollama('big:cloud', 'a:latest')
  const { round, model } = open(server.origin)
  await round()
  expect(model('a:latest')).toMatchObject({ contextLength: 4_096, isLoaded: false })
  expect(model('big:cloud')).toMatchObject({ contextLength: undefined, isLoaded: undefined })
  expect(shown(server)).toEqual(['a:latest'])
})

test('what is loaded is asked each time, with the context it runs with', async () => {
  const server = await ollama('a:latest')
  server.behave([json({ models: [{ name: 'A', context_length: 1_024 }] })], { path: '/api/ps' })
  server.behave([json({ models: [] })], { path: '/api/ps' })
  server.behave([fail(500)], { path: '/api/ps' })
  const { upstream, round, model } = open(server.origin)
  await round()
  expect(model('a:latest')).toMatchObject({
    contextLength: 1_024,
    isLoaded: true,
    capabilities: ['completion', 'tools'],
  })
  await round()
  expect(model('a:latest')).toMatchObject({ contextLength: 4_096, isLoaded: false })
  await round()
  expect(model('a:latest')).toMatchObject({ contextLength: 4_096, isLoaded: undefined })
  expect(upstream.known.health.state).toBe('up')
})

test.each([
  ['an error', fail(404)],
  ['no JSON', respond(200, {}, '<html>')],
  ['no object', respond(200, {}, '[]')],
  ['more than 2 MiB', respond(200, {}, `{"capabilities":["tools"],"license":"${'x'.repeat(2 * 1_024 * 1_024)}"}`)],
])('after %s a model is asked about again with the next full round, no sooner', async (_, step) => {
  const server = await ollama('a:latest', 'b:latest')
  server.behave([step], { path: SHOW, model: 'a:latest' })
  const { clock, round, model } = open(server.origin)
  await round()
  expect([model('a:latest')?.capabilities, model('b:latest')?.capabilities?.length]).toEqual([undefined, 2])
  clock.advance(2_000)
  await round()
  expect(shown(server).toSorted()).toEqual(['a:latest', 'b:latest'])
  clock.advance(FULL_ROUND_MS - 2_000)
  await round()
  expect(model('a:latest')?.capabilities).toHaveLength(2)
  expect(shown(server)).toHaveLength(3)
})

test('four questions at a time, for 20 s; those that were not answered come last in the next round', async () => {
  const server = await ollama('a:1', 'a:2', 'a:3', 'a:4', 'a:5', 'a:6')
  for (const tag of [1, 2, 3, 4]) server.behave([hold, rest], { path: SHOW, model: `a:${tag}`, times: 2 })
  const { upstream, clock, model } = open(server.origin)
  await upstream.refresh()
  const held = await Promise.all([1, 2, 3, 4].map(() => server.nextRequest(SHOW)))
  // Neither begins a second round; by the second one's answer, what the first had begun would have come.
  await upstream.refresh()
  await upstream.refresh()
  expect(shown(server)).toHaveLength(4)
  clock.advance(20_000)
  expect(await Promise.all(held.map(async ({ ended }) => (await ended).how))).toEqual(Array(4).fill('abandoned'))
  await expect.poll(() => clock.pendingTimers).toBe(0)
  clock.advance(10_000)
  await upstream.refresh()
  for (const id of ['a:5', 'a:6']) await expect.poll(() => model(id)?.capabilities).toHaveLength(2)
  expect(model('a:1')?.capabilities).toBeUndefined()
})

test('closing the upstream ends its questions', async () => {
  const server = await ollama()
  server.behave([hold, rest], { path: SHOW })
  const { upstream, clock } = open(server.origin)
  await upstream.refresh()
  const request = await server.nextRequest(SHOW)
  await upstream.close()
  expect((await request.ended).how).toBe('abandoned')
  await expect.poll(() => clock.pendingTimers).toBe(0)
})

test("an older llama-server's listing does not tell the context; its props do, and are asked for once", async () => {
  await using server = await startScriptedUpstream({ server: 'llama-server' })
  for (const created of [1, 2]) {
    const listing = { object: 'list', data: [{ id: 'tiny', created, owned_by: 'llamacpp' }] }
    server.behave([json(listing)], { path: '/v1/models' })
  }
  const { round, model } = open(server.origin)
  await round()
  expect(model('tiny')).toMatchObject({ contextLength: 4_096, isLoaded: true })
  await round()
  expect(model('tiny')).toMatchObject({ contextLength: 4_096, isLoaded: true })
  expect(server.requests.filter(({ path }) => path === '/props')).toHaveLength(1)
})

test('a llama-server that is a router is not asked for the props of its models', async () => {
  await using server = await startScriptedUpstream({ server: 'llama-server', models: ['one', 'two'] })
  const { upstream, round } = open(server.origin)
  await round()
  expect(upstream.known.models).toMatchObject([{ contextLength: undefined }, { contextLength: undefined }])
  expect(server.requests.some(({ path }) => path === '/props')).toBe(false)
})

const program = await llamaServerOrSkip()

describe.skipIf(program === undefined)('a real llama-server', () => {
  test('tells the context of one request, what its model can do, and how big it is', async () => {
    await using talker = await startLlamaServer({ alias: 'talker', args: ['-c', '2048', '-np', '1'] })
    await using caller = await startLlamaServer({ alias: 'caller', ...toolCallModel('weather', {}) })
    const [plain, tooled] = [open(talker.origin), open(caller.origin)]
    await Promise.all([plain.round(), tooled.round()])
    expect(plain.upstream.known.server).toBe('llama-server')
    expect(plain.model('talker')).toMatchObject({ contextLength: 2_048, capabilities: ['completion'], isLoaded: true })
    // Two slots share the 8192 that the server is started with.
    expect(tooled.model('caller')).toMatchObject({
      contextLength: 4_096,
      trainedContextLength: 262_144,
      capabilities: ['completion', 'tools'],
    })
    expect(tooled.model('caller')?.sizeBytes).toBeGreaterThan(100_000)
  })
})
