import { expect, onTestFinished, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases, openMemory } from '../../../test/support/databases.ts'
import { NO_STRAIN, startRunningGateway } from '../../../test/support/running-gateway.ts'
import { startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { newKey } from '../../../test/support/stored-keys.ts'
import { localActor } from '../orgs/actor.ts'
import type { OpenDatabase } from '../store/database.ts'
import { KeyWriter } from '../store/key-writer.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'

const OTHER = 'org_2'
const DAY_MS = 86_400_000

async function start(open: () => Promise<OpenDatabase>) {
  const database = await open()
  const org = { slug: 'two', name: 'Two', settings: '{}', version: 1, created_at: 0, updated_at: 0 }
  await database.db
    .insertInto('orgs')
    .values({ id: OTHER, ...org })
    .execute()
  const gateway = await startRunningGateway(database)
  const control = await openTestControl(async () => database, { gateway })
  const addUpstream = async (orgId: string, label: string, models: readonly string[]) => {
    const server = await startScriptedUpstream({ server: 'ollama', models })
    onTestFinished(() => server.close())
    return await control.as(localActor(orgId)).call('createUpstream', '/upstreams', { label, url: server.origin })
  }
  return { gateway, addUpstream, ...control }
}

describeDatabases((open, isSqlite) => {
  test('an org that is new is told what to do first, and nothing of another', async () => {
    const { as, call, addUpstream, requests } = await start(open)
    await addUpstream('default', 'studio', ['a'])
    await call('createKey', '/keys', { name: 'alice' })
    await call('createTunnel', '/tunnels', { label: 'cellar' })
    await requests.insertMany([{ ...BLANK_REQUEST, id: 'req_1', org_id: 'default', key_id: 'k' }])
    const { attention, ...counts } = await as(localActor(OTHER)).call('showHealth', '/health')
    expect(counts).toEqual({
      upstreams: { all: 0, up: 0 },
      tunnels: { live: 0, connected: 0 },
      models: 0,
      liveRequests: 0,
      keys: 0,
      hasRequests: false,
    })
    expect(attention.map(({ kind }) => kind)).toEqual(['no_upstream', 'no_key'])
  })

  test('a look at an org costs the same however many keys it has', async () => {
    const database = await open()
    const counted = countQueries(database)
    const { call, clock } = await start(async () => counted)
    const { store } = await openTestStore(database)
    let stored = 0
    const costWith = async (count: number) => {
      await recordedChange(store, async (change) => {
        const keys = new KeyWriter(change)
        for (; stored < count; stored++) {
          await keys.insert(newKey(`k${stored}`, { expires_at: clock.now() + 3 * DAY_MS }), `${stored}`)
        }
      })
      counted.takeCounts()
      const { keys, attention } = await call('showHealth', '/health')
      return { keys, notes: attention.filter(({ kind }) => kind === 'key_expiring').length, ...counted.takeCounts() }
    }
    const some = await costWith(50)
    expect(some).toMatchObject({ keys: 50, notes: 21 })
    expect(await costWith(300)).toEqual({ ...some, keys: 300 })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('what runs in an org is counted: each model once, live tunnels, active keys', async () => {
    const { call, addUpstream, requests, clock } = await start(open)
    await addUpstream('default', 'studio', ['a', 'b'])
    const { id } = await addUpstream('default', 'attic', ['b', 'c'])
    await call('createKey', '/keys', { name: 'alice' })
    await call('createKey', '/keys', { name: 'bob', expiresInMs: 3 * DAY_MS })
    await call('createKey', '/keys', { name: 'carol', expiresInMs: DAY_MS })
    await call('createKey', '/keys', { name: 'dave' })
    await call('revokeKey', '/keys/dave')
    for (const label of ['cellar', 'gone']) await call('createTunnel', '/tunnels', { label })
    await call('revokeTunnel', '/tunnels/gone')
    await requests.insertMany([{ ...BLANK_REQUEST, id: 'req_1', org_id: 'default', key_id: 'k' }])
    clock.advance(DAY_MS)
    const { attention, ...counts } = await call('showHealth', '/health')
    expect(counts).toEqual({
      upstreams: { all: 2, up: 2 },
      tunnels: { live: 1, connected: 0 },
      models: 3,
      liveRequests: 0,
      keys: 2,
      hasRequests: true,
    })
    expect(attention).toMatchObject([{ kind: 'key_expiring', severity: 'info' }])
    await call('removeUpstream', `/upstreams/${id}`)
    expect((await call('showHealth', '/health')).upstreams).toEqual({ all: 1, up: 1 })
  })

  test('a member is told of their own keys only', async () => {
    const { as, call, addUpstream } = await start(open)
    await addUpstream('default', 'studio', ['a'])
    await call('createKey', '/keys', { name: 'alice', expiresInMs: 2 * DAY_MS })
    const member = as(personIn('default', 'member', 'bob'))
    expect(await member.call('showHealth', '/health')).toMatchObject({ keys: 0, attention: [{ kind: 'no_key' }] })
    await member.call('createKey', '/keys', { name: 'bobs', expiresInMs: 2 * DAY_MS })
    const { keys, attention } = await member.call('showHealth', '/health')
    expect([keys, attention.map(({ text }) => text.includes('bobs'))]).toEqual([1, [true]])
    expect((await call('showHealth', '/health')).attention).toHaveLength(2)
  })
})

test('an upstream that is reached around the gateway is told to its org only', async () => {
  const { gateway, as, call, addUpstream } = await start(openMemory)
  const { id } = await addUpstream('default', 'studio', ['a'])
  gateway.exposures = [{ upstreamId: id, address: '192.168.1.5:11434' }]
  const [first] = (await call('showHealth', '/health')).attention
  expect(first).toMatchObject({ kind: 'upstream_exposed', severity: 'danger', targetId: id })
  expect(JSON.stringify(await as(localActor(OTHER)).call('showHealth', '/health'))).not.toContain('studio')
})

test('troubles of the gateway itself are in the status, and for those who can mend them in what needs attention', async () => {
  const { as, call, gateway } = await start(openMemory)
  const trouble = { kind: 'files_exhausted', text: 'Raise it.', count: 3 } as const
  gateway.troubles = [{ ...trouble, since: gateway.clock.now() }]
  const since = '2026-01-01T00:00:00.000Z'
  expect((await call('status', '/status')).troubles).toEqual([{ ...trouble, since }])
  const [first] = (await call('showHealth', '/health')).attention
  expect(first).toEqual({ kind: 'files_exhausted', severity: 'danger', text: 'Raise it.', targetId: null, since })
  const { attention } = await as(personIn('default', 'owner')).call('showHealth', '/health')
  expect(attention.map(({ kind }) => kind)).not.toContain('files_exhausted')
})

test('the status is of the whole gateway, and told to system admins', async () => {
  const { as, call, addUpstream } = await start(openMemory)
  await addUpstream('default', 'studio', ['a'])
  await addUpstream(OTHER, 'attic', ['b'])
  const { upstreams, ...status } = await call('status', '/status')
  expect(status).toEqual({
    pid: 42,
    version: '1.2.3',
    startedAt: '2026-01-01T00:00:00.000Z',
    addresses: ['http://127.0.0.1:11435'],
    publicUrl: 'https://models.example.org',
    exposures: [],
    tunnels: { live: 0, connected: 0 },
    liveExchanges: 3,
    ...NO_STRAIN,
  })
  expect(upstreams.map(({ label, state, modelCount }) => [label, state, modelCount])).toEqual([
    ['studio', 'up', 1],
    ['attic', 'up', 1],
  ])
  for (const role of ['member', 'admin', 'owner'] as const) {
    expect(await as(personIn('default', role)).refused('GET', '/status')).toMatchObject({ status: 403 })
  }
})
