import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { noteOf, openTestControl } from '../../../test/support/control.ts'
import { describeDatabases, openMemory } from '../../../test/support/databases.ts'
import { OWN_URL, startRunningGateway, type TestRunningGateway } from '../../../test/support/running-gateway.ts'
import { type ScriptedUpstreamOptions, startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'
import { systemClock } from '../../core/clock.ts'
import { HttpDispatcher } from '../../http-client/http-dispatcher.ts'
import { localActor } from '../orgs/actor.ts'
import type { OpenDatabase } from '../store/database.ts'
import { DirectUpstream } from '../upstreams/direct-upstream.ts'
import { TunnelledUpstream } from '../upstreams/tunnelled-upstream.ts'

const KEY = 'sk-of-the-server'
const OTHER = 'org_2'

async function server(options: Partial<ScriptedUpstreamOptions> = {}) {
  const upstream = await startScriptedUpstream({ server: 'ollama', ...options })
  onTestFinished(() => upstream.close())
  return upstream
}

/** Adds what stands in the configuration, and what an agent serves. */
async function addOthers({ upstreams, clock }: TestRunningGateway, url: string): Promise<void> {
  const log = pino({ level: 'silent' })
  const createDispatcher = (origin: string) => new HttpDispatcher({ origin, clock: systemClock })
  await upstreams.add(new DirectUpstream({ orgId: 'default', url, createDispatcher, clock, log }))
  const dispatcher = createDispatcher(url)
  const tunnelled = { id: 'tun_1', orgId: 'default', label: 'cellar', dispatcher, wasLinked: true, clock, log }
  await upstreams.add(new TunnelledUpstream(tunnelled))
}

async function startOn(open: () => Promise<OpenDatabase>) {
  const database = await open()
  const org = { slug: 'two', name: 'Two', settings: '{}', version: 1, created_at: 0, updated_at: 0 }
  await database.db
    .insertInto('orgs')
    .values({ id: OTHER, ...org })
    .execute()
  const gateway = await startRunningGateway(database)
  const control = await openTestControl(async () => database, { gateway })
  gateway.store.onRecorded((entry) => void control.notes.push(noteOf(entry)))
  return { gateway, ...control }
}

describeDatabases((open, isSqlite) => {
  const start = () => startOn(open)

  test('one is added, and has been asked when it is answered; the note has no secret', async () => {
    const { call, send, notes, gateway } = await start()
    const { origin } = await server({ models: ['a', 'b'], apiKey: KEY, server: 'openai' })
    const added = await call('createUpstream', '/upstreams', { label: ' studio ', url: origin, key: KEY })
    expect(added).toEqual({
      id: expect.stringMatching(/^up_[0-9a-z]{12}$/),
      label: 'studio',
      kind: 'openai',
      server: 'vllm',
      version: '0.11.2',
      state: 'up',
      reason: '',
      checkedAt: '2026-01-01T00:00:00.000Z',
      modelCount: 2,
      via: 'direct',
      source: 'added',
      url: origin,
      hasCredential: true,
      liveExchanges: 0,
      revision: 1,
      isExposed: false,
    })
    expect(await call('showUpstream', '/upstreams/studio')).toEqual(added)
    expect(await call('showUpstream', `/upstreams/${added.id}`)).toEqual(added)
    expect(await call('listUpstreams', '/upstreams')).toEqual({ upstreams: [added] })
    expect(notes).toEqual([
      {
        actor: { kind: 'local', personId: undefined, name: 'local admin', address: 'local' },
        orgId: 'default',
        action: 'upstream.create',
        target: { id: added.id, name: 'studio' },
        after: { label: 'studio', url: origin, kind: null, hasKey: true },
      },
    ])
    const shown = await Promise.all(['/upstreams', '/models'].map(async (path) => (await send('GET', path)).text()))
    expect(JSON.stringify([shown, notes, gateway.logLines])).not.toContain(KEY)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('one is changed by its version, and removed', async () => {
    const { call, refused, notes, gateway } = await start()
    const [first, second] = [await server(), await server({ models: ['moved'] })]
    const { id } = await call('createUpstream', '/upstreams', { label: 'studio', url: first.origin, key: KEY })
    const path = `/upstreams/${id}`
    const moved = await call('changeUpstream', path, { version: 1, url: second.origin, kind: 'ollama' })
    expect(moved).toMatchObject({ url: second.origin, kind: 'ollama', state: 'up', revision: 2, hasCredential: false })
    const stale = await refused('PATCH', path, { version: 1, label: 'x' })
    expect(stale).toMatchObject({ status: 409, code: 'version_conflict' })
    await call('changeUpstream', path, { version: 2, key: 'anew', label: 'attic' })
    expect(await call('removeUpstream', '/upstreams/attic')).toEqual({})
    expect(gateway.upstreams.all()).toEqual([])
    expect(await refused('GET', path)).toMatchObject({ status: 404, code: 'not_found' })
    expect(notes.slice(1).map(({ action, before, after }) => ({ action, before, after }))).toEqual([
      {
        action: 'upstream.change',
        before: { label: 'studio', url: first.origin, kind: null, hasKey: true },
        after: { label: 'studio', url: second.origin, kind: 'ollama', hasKey: false },
      },
      {
        action: 'upstream.change',
        before: { label: 'studio', url: second.origin, kind: 'ollama', hasKey: false },
        after: { label: 'attic', url: second.origin, kind: 'ollama', hasKey: true, isKeyNew: true },
      },
      {
        action: 'upstream.remove',
        before: { label: 'attic', url: second.origin, kind: 'ollama', hasKey: true },
        after: undefined,
      },
    ])
  })

  test('to another org it is not there, not even to its system admins in that org', async () => {
    const { call, as, notes } = await start()
    const { origin } = await server({ models: ['a'] })
    const { id } = await call('createUpstream', '/upstreams', { label: 'studio', url: origin })
    const stranger = as(localActor(OTHER))
    for (const name of [id, 'studio', 'nobody']) {
      const path = `/upstreams/${name}`
      const answers = [
        await stranger.refused('GET', path),
        await stranger.refused('PATCH', path, { version: 1, label: 'x' }),
        await stranger.refused('DELETE', path),
        await stranger.refused('POST', `${path}/discover`),
      ]
      for (const answer of answers) expect(answer).toMatchObject({ status: 404, code: 'not_found', param: 'upstream' })
      expect(new Set(answers.map(({ detail }) => detail)).size).toBe(1)
    }
    expect(await stranger.call('listUpstreams', '/upstreams')).toEqual({ upstreams: [] })
    expect(await stranger.call('listModels', '/models')).toEqual({ models: [] })
    const same = await stranger.call('createUpstream', '/upstreams', { label: 'studio', url: origin })
    expect(same.id).not.toBe(id)
    expect((await call('listUpstreams', '/upstreams')).upstreams.map((one) => one.id)).toEqual([id])
    expect(notes.map(({ orgId }) => orgId)).toEqual(['default', OTHER])
  })

  test('only system admins add, change and remove; admins discover; members look on and see no URL', async () => {
    const { call, as, gateway, notes } = await start()
    const { origin } = await server()
    const { id } = await call('createUpstream', '/upstreams', { label: 'studio', url: origin })
    const path = `/upstreams/${id}`
    for (const role of ['member', 'admin', 'owner'] as const) {
      const them = as(personIn('default', role))
      for (const answer of [
        await them.refused('POST', '/upstreams', { label: 'mine', url: origin }),
        await them.refused('PATCH', path, { version: 1, label: 'x' }),
        await them.refused('DELETE', path),
      ]) {
        expect(answer).toMatchObject({ status: 403, code: 'not_allowed' })
      }
      expect((await them.call('showUpstream', path)).url).toBeNull()
      expect((await them.call('listUpstreams', '/upstreams')).upstreams[0]?.url).toBeNull()
      if (role === 'member') expect(await them.refused('POST', `${path}/discover`)).toMatchObject({ status: 403 })
      else expect((await them.call('discoverModels', `${path}/discover`)).upstream.url).toBeNull()
    }
    const nobody = as(undefined)
    expect(await nobody.refused('GET', '/upstreams')).toMatchObject({ status: 401, code: 'not_signed_in' })
    expect(await nobody.refused('POST', '/upstreams', { label: 'x', url: origin })).toMatchObject({ status: 401 })
    expect([gateway.upstreams.all().length, notes.length]).toEqual([1, 1])
  })

  test('those of the configuration and of agents are shown, and not changed here', async () => {
    const { call, refused, gateway } = await start()
    const { origin, port } = await server()
    await addOthers(gateway, origin)
    gateway.exposures = [{ upstreamId: `127.0.0.1:${port}`, address: '192.168.1.5:1' }]
    const [configured, tunnelled] = (await call('listUpstreams', '/upstreams')).upstreams
    const isFixed = { revision: 0, hasCredential: false }
    expect(configured).toMatchObject({
      via: 'direct',
      source: 'configuration',
      url: origin,
      isExposed: true,
      ...isFixed,
    })
    expect(tunnelled).toMatchObject({ via: 'tunnel', source: 'tunnel', url: null, isExposed: false, ...isFixed })
    for (const [name, advice] of [
      [`127.0.0.1:${port}`, 'configuration'],
      ['tun_1', 'tunnel'],
      ['cellar', 'tunnel'],
    ]) {
      for (const answer of [
        await refused('PATCH', `/upstreams/${name}`, { version: 1, label: 'x' }),
        await refused('DELETE', `/upstreams/${name}`),
      ]) {
        expect(answer).toMatchObject({ status: 400, code: 'invalid_request', param: 'upstream' })
        expect(answer.detail).toContain(advice)
      }
    }
    expect(gateway.upstreams.all()).toHaveLength(2)
    const taken = await refused('POST', '/upstreams', { label: 'cellar', url: origin })
    expect(taken).toMatchObject({ status: 409, code: 'already_exists', param: 'label' })
  })

  test('models are told with where they are, and discovered when asked for', async () => {
    const { call, gateway } = await start()
    const { origin } = await server({ models: ['a'], port: 0 })
    const { id } = await call('createUpstream', '/upstreams', { label: 'studio', url: origin })
    const model = { id: 'a', canonical: 'a:latest', upstream: id, upstreamLabel: 'studio', upstreamKind: 'ollama' }
    await expect.poll(async () => (await call('listModels', '/models')).models[0]?.isLoaded).not.toBeNull()
    expect((await call('listModels', '/models')).models).toMatchObject([{ ...model, isCloud: false }])
    const member = gateway.upstreams.inOrg('default').get(id)
    if (member !== undefined) member.leases++
    const found = await call('discoverModels', `/upstreams/${id}/discover`)
    expect(found).toMatchObject({ upstream: { id, liveExchanges: 1, modelCount: 1 }, models: [model] })
  })

  test('what is shown is how it is: a server that was changed or has ended since the last look', async () => {
    const { call, gateway } = await start()
    const upstream = await server({ models: ['a'] })
    await call('createUpstream', '/upstreams', { label: 'studio', url: upstream.origin })
    const states = async () => [
      (await call('status', '/status')).upstreams.map(({ state }) => state),
      (await call('listUpstreams', '/upstreams')).upstreams.map(({ state }) => state),
      (await call('listModels', '/models')).models.length,
    ]
    const looks = () => upstream.requests.filter(({ path }) => path === '/api/tags').length
    const before = looks()
    expect(await states()).toEqual([['up'], ['up'], 1])
    // Heard of a moment ago: nobody is asked for each look.
    expect(looks()).toBe(before)
    await upstream.close()
    expect(await states()).toEqual([['up'], ['up'], 1])
    gateway.clock.advance(2_001)
    expect((await states()).slice(0, 2)).toEqual([['down'], ['down']])
  })

  test('one that does not answer is added, and said to be down', async () => {
    const { call } = await start()
    const gone = await server()
    await gone.close()
    const added = await call('createUpstream', '/upstreams', { label: 'studio', url: gone.origin })
    expect(added).toMatchObject({ state: 'down', kind: 'unknown', modelCount: null })
    expect(added.reason).not.toBe('')
  })
})

describe('whatever the database', () => {
  test.each<[body: object, param: string]>([
    [{ label: 'x', url: OWN_URL }, 'url'],
    [{ label: 'x', url: 'http://user:pass@box' }, 'url'],
    [{ label: 'x', url: 'http://box/?a=b' }, 'url'],
    [{ label: 'x', url: 'http://box/#a' }, 'url'],
    [{ label: 'x', url: 'file:///etc/passwd' }, 'url'],
    [{ label: 'x', url: 'unix:/run/docker.sock' }, 'url'],
    [{ label: 'x', url: `http://box/${'a'.repeat(3_000)}` }, 'url'],
    [{ label: '', url: 'http://box' }, 'label'],
    [{ label: 'a\nb', url: 'http://box' }, 'label'],
    [{ label: 'x', url: 'http://box', key: 'a b' }, 'key'],
    [{ label: 'x', url: 'http://box', kind: 'gemini' }, 'kind'],
    [{ label: 'x', url: 'http://box', org: 'org_2' }, 'org'],
    [{ label: 'x', url: 'http://box', orgId: 'org_2' }, 'orgId'],
    [{ url: 'http://box' }, 'label'],
  ])('nothing is added for %j', async (body, param) => {
    const { refused, gateway, notes } = await startOn(openMemory)
    expect(await refused('POST', '/upstreams', body)).toMatchObject({ status: 400, code: 'invalid_request', param })
    expect([gateway.upstreams.all(), notes]).toEqual([[], []])
  })

  describe('without a gateway', () => {
    test.each([
      ['GET', '/upstreams', undefined],
      ['GET', '/models', undefined],
      ['GET', '/live', undefined],
      ['GET', '/health', undefined],
      ['GET', '/status', undefined],
      ['POST', '/upstreams', { label: 'x', url: 'http://box' }],
      ['DELETE', '/upstreams/x', undefined],
    ])('%s %s says so', async (method, path, body) => {
      const { refused } = await openTestControl(openMemory)
      const problem = await refused(method, path, body)
      expect(problem).toMatchObject({ status: 503, code: 'gateway_not_running' })
      expect(problem.detail).toContain('punku serve')
    })
  })
})
