import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { settled } from './turns.ts'

const ALL_ROUTES = { routes: ['inference', 'metadata', 'manage'] }
const DIGEST = `sha256:${'a'.repeat(64)}`

interface Org {
  readonly id: string
  readonly key: string
  readonly server: ScriptedUpstream
  readonly upstreamId: string
  /** A model that only its server has. */
  readonly own: string
}

const opened = new AsyncDisposableStack()
let gateway: TestGateway
let ours: Org
let theirs: Org
/** The key of an org that has no upstream. */
let emptyKey: string

beforeAll(async () => {
  const first = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['ours:latest', 'shared:latest'] }))
  const second = opened.use(
    await startScriptedUpstream({ server: 'ollama', models: ['theirs:latest', 'shared:latest'] }),
  )
  gateway = opened.use(await startTestGateway({ upstreams: [first.origin] }))
  await addOrgs('org_theirs', 'org_empty')
  const upstreamId = await gateway.addUpstream('org_theirs', second.origin)
  ours = {
    id: 'default',
    key: await gateway.key(ALL_ROUTES),
    server: first,
    upstreamId: gateway.upstreamId(first.origin),
    own: 'ours',
  }
  const key = await gateway.key(ALL_ROUTES, 'org_theirs')
  theirs = { id: 'org_theirs', key, server: second, upstreamId, own: 'theirs' }
  emptyKey = await gateway.key(ALL_ROUTES, 'org_empty')
})
afterAll(() => opened.disposeAsync())

async function addOrgs(...ids: string[]): Promise<void> {
  const database = openDatabase({ url: pathToFileURL(join(gateway.home, 'punku.db')).href })
  const org = { settings: '{}', version: 1, created_at: 0, updated_at: 0 }
  await database.db
    .insertInto('orgs')
    .values(ids.map((id) => ({ ...org, id, slug: id.replace('_', '-'), name: id })))
    .execute()
  await database.close()
}

interface Asking {
  readonly method?: string
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

async function ask(key: string, { method = 'POST', path, body, headers }: Asking) {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, upstream: response.headers.get('x-punku-upstream'), text: await response.text() }
}

/** What asks a model for something, in each dialect, streamed and not; and what tells of it, makes it, ends it. */
const NAMED = (model: string): readonly Asking[] => [
  { path: '/api/chat', body: { model, messages: [], stream: false } },
  { path: '/api/chat', body: { model, messages: [] } },
  { path: '/api/generate', body: { model, prompt: 'hi', stream: false } },
  { path: '/api/embed', body: { model, input: 'hi' } },
  { path: '/v1/chat/completions', body: { model, messages: [] } },
  { path: '/v1/chat/completions', body: { model, messages: [], stream: true } },
  { path: '/v1/responses', body: { model, input: 'hi' } },
  { path: '/v1/embeddings', body: { model, input: 'hi' } },
  { path: '/v1/messages', body: { model, messages: [], max_tokens: 9 } },
  { path: '/v1/messages', body: { model, messages: [], max_tokens: 9, stream: true } },
  { path: '/api/show', body: { model } },
]
const MANAGE = (model: string): readonly Asking[] => [
  { path: '/api/pull', body: { model, stream: false } },
  { path: '/api/create', body: { model: 'new', from: model, stream: false } },
  { path: '/api/copy', body: { source: model, destination: 'copied' } },
  { path: '/api/delete', method: 'DELETE', body: { model } },
  { path: `/api/blobs/${DIGEST}`, body: {} },
]
const LISTINGS: readonly Asking[] = [
  { method: 'GET', path: '/api/tags' },
  { method: 'GET', path: '/api/ps' },
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/models', headers: { 'anthropic-version': '2023-06-01' } },
  { method: 'GET', path: '/' },
]

/** Requests of clients: the gateway's own questions say whose they are. */
const clientRequests = ({ server }: Org) =>
  server.requests.filter(({ headers }) => !headers['user-agent']?.startsWith('punku/')).length

describe.each(['ours', 'theirs'] as const)('a key of %s', (which) => {
  const sides = () => (which === 'ours' ? { own: ours, other: theirs } : { own: theirs, other: ours })

  test('reaches the shared model on its own server only, however many ask at once', async () => {
    const { own, other } = sides()
    const before = clientRequests(other)
    const ownBefore = clientRequests(own)
    const asking = [1, 2, 3].flatMap(() => NAMED('shared'))
    const answers = await Promise.all(asking.map((one) => ask(own.key, one)))
    expect(answers.map(({ status }) => status)).toEqual(asking.map(() => 200))
    expect(new Set(answers.map(({ upstream }) => upstream))).toEqual(new Set([own.upstreamId]))
    expect([clientRequests(own), clientRequests(other)]).toEqual([ownBefore + asking.length, before])
  })

  test('manages models on its own server only', async () => {
    const { own, other } = sides()
    const before = clientRequests(other)
    const answers = await Promise.all(['shared', other.own].flatMap(MANAGE).map((one) => ask(own.key, one)))
    expect(new Set(answers.map(({ upstream }) => upstream))).toEqual(new Set([own.upstreamId]))
    expect(clientRequests(other)).toBe(before)
  })

  test('is told of its own models only', async () => {
    const { own, other } = sides()
    for (const one of LISTINGS) {
      const { status, text } = await ask(own.key, one)
      expect([one.path, status]).toEqual([one.path, 200])
      if (one.path !== '/') expect(text).toContain(`"${own.own}`)
      expect(text).not.toContain(other.own)
    }
  })

  test('learns nothing of a model that only the other org has', async () => {
    const { own, other } = sides()
    const before = clientRequests(other)
    const asked = (model: string) => [
      ...NAMED(model),
      { method: 'GET', path: `/v1/models/${model}` },
      { method: 'GET', path: `/v1/models/${model}`, headers: { 'anthropic-version': '2023-06-01' } },
    ]
    // As long as the other's, so that lengths say nothing either.
    const unknown = 'x'.repeat(other.own.length)
    const [hidden, missing] = await Promise.all(
      [other.own, unknown].map((model) => Promise.all(asked(model).map((one) => ask(own.key, one)))),
    )
    const plain = (answers: typeof hidden, model: string) =>
      answers?.map(({ status, upstream, text }) => [
        status,
        upstream,
        text.replaceAll(model, 'MODEL').replaceAll(/req_\w+/g, 'ID'),
      ])
    expect(plain(hidden, other.own)).toEqual(plain(missing, unknown))
    expect(new Set(hidden?.map(({ status }) => status))).toEqual(new Set([404]))
    expect(clientRequests(other)).toBe(before)
  })

  test('cannot name the other upstream by query or body, nor its org', async () => {
    const { own, other } = sides()
    const before = clientRequests(other)
    for (const path of ['/api/chat', '/v1/chat/completions', '/v1/messages']) {
      const answer = await ask(own.key, {
        path,
        headers: { 'x-punku-org': other.id },
        body: {
          model: 'shared',
          messages: [],
          max_tokens: 9,
          stream: false,
          upstream: other.upstreamId,
          org: other.id,
        },
      })
      expect([answer.status, answer.upstream]).toEqual([200, own.upstreamId])
    }
    expect(clientRequests(other)).toBe(before)
  })

  test('that pins the other upstream hears the same as of one that nobody has, and reaches neither', async () => {
    const { own, other } = sides()
    const before = [clientRequests(own), clientRequests(other)]
    const label = gateway.parts.upstreams.get(other.upstreamId)?.label ?? ''
    const answersOf = async (name: string) =>
      await Promise.all(
        [...NAMED('shared'), ...LISTINGS].map(async (one) => {
          const headers = { ...one.headers, 'x-punku-upstream': name }
          const { status, upstream, text } = await ask(own.key, { ...one, headers })
          return [status, upstream, text.replaceAll(/req_\w+/g, 'ID')]
        }),
      )
    const unknown = await answersOf('nobodys')
    expect(new Set(unknown.map(([status]) => status))).toEqual(new Set([404, 400]))
    expect(await answersOf(other.upstreamId)).toEqual(unknown)
    if (label !== other.upstreamId) expect(await answersOf(label)).toEqual(unknown)
    expect([clientRequests(own), clientRequests(other)]).toEqual(before)
  })

  test('leaves rows of its own org', async () => {
    const { own } = sides()
    await ask(own.key, { path: '/api/show', body: { model: 'shared' } })
    await settled(gateway)
    await gateway.parts.recorder.flush()
    const rows = await gateway.parts.state.requests.list({ orgId: own.id }, { limit: 1_000 })
    const upstreams = new Set(rows.map(({ upstream }) => upstream))
    upstreams.delete(null)
    expect(upstreams).toEqual(new Set([own.upstreamId]))
  })
})

test('a key of an org without upstreams reaches and learns nothing', async () => {
  const before = [ours, theirs].map(clientRequests)
  const asking = [...NAMED('shared'), ...NAMED('nobodys'), ...MANAGE('shared'), ...LISTINGS.slice(0, 4)]
  for (const one of asking) {
    const { status, upstream, text } = await ask(emptyKey, one)
    expect([400, 404], one.path).toContain(status)
    expect(upstream).toBeNull()
    expect(text).toContain('No model server is configured')
  }
  expect([ours, theirs].map(clientRequests)).toEqual(before)
})

test('whoever asks whether the gateway is ready learns of all', async () => {
  const { upstreams } = (await (await fetch(`${gateway.url}/readyz`)).json()) as { upstreams: { id: string }[] }
  expect(upstreams.map(({ id }) => id)).toEqual([ours.upstreamId, theirs.upstreamId])
})

test('when its own server is away a key is told so, and no other takes its place', async () => {
  const before = clientRequests(theirs)
  await ours.server.close()
  for (const one of NAMED('shared')) {
    const { status } = await ask(ours.key, one)
    expect([502, 503]).toContain(status)
  }
  expect(clientRequests(theirs)).toBe(before)
  expect((await ask(theirs.key, NAMED('shared')[0] as Asking)).status).toBe(200)
})
