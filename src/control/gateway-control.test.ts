import { expect, onTestFinished, test } from 'vitest'
import { personIn } from '../../test/support/actors.ts'
import { openTestControl } from '../../test/support/control.ts'
import { describeDatabases, openMemory } from '../../test/support/databases.ts'
import { startRunningGateway } from '../../test/support/running-gateway.ts'
import { startScriptedUpstream } from '../../test/support/scripted-upstream.ts'
import { localActor } from '../people/actor.ts'
import type { OpenDatabase } from '../store/database.ts'
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

describeDatabases((open) => {
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
  })
  expect(upstreams.map(({ label, state, modelCount }) => [label, state, modelCount])).toEqual([
    ['studio', 'up', 1],
    ['attic', 'up', 1],
  ])
  for (const role of ['member', 'admin', 'owner'] as const) {
    expect(await as(personIn('default', role)).refused('GET', '/status')).toMatchObject({ status: 403 })
  }
})
