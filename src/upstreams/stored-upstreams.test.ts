import { expect, onTestFinished, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../test/support/databases.ts'
import { OWN_URL, startRunningGateway } from '../../test/support/running-gateway.ts'
import {
  type ScriptedUpstream,
  type ScriptedUpstreamOptions,
  startScriptedUpstream,
} from '../../test/support/scripted-upstream.ts'
import type { WantedUpstream } from './upstream-service.ts'

const KEY = 'sk-of-the-server'
const NOTHING = { label: undefined, url: undefined, kind: undefined, key: undefined }
const ORG = 'default'
const OTHER_ORG = 'org_2'

async function server(options: Partial<ScriptedUpstreamOptions> = {}): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream({ server: 'ollama', ...options })
  onTestFinished(() => upstream.close())
  return upstream
}

const wanted = (url: string, given: Partial<WantedUpstream> = {}): WantedUpstream => ({
  orgId: ORG,
  label: 'studio',
  url,
  kind: undefined,
  key: undefined,
  by: 'alice',
  ...given,
})

describeDatabases((open) => {
  async function start(opening: ReturnType<OpenTestDatabase> = open()) {
    const database = await opening
    const org = { slug: 'two', name: 'Two', settings: '{}', version: 1, created_at: 0, updated_at: 0 }
    await database.db
      .insertInto('orgs')
      .values({ id: OTHER_ORG, ...org })
      .execute()
    return { database, gateway: await startRunningGateway(database) }
  }

  test('one that is added is asked at once, and is there again after the next start', async () => {
    const { database, gateway } = await start()
    const { origin } = await server({ models: ['a'] })
    const stored = await gateway.upstreamService.create(wanted(`${origin}/v1/`))
    expect(stored).toMatchObject({ orgId: ORG, label: 'studio', url: origin, hasKey: false, version: 1 })
    expect(stored.id).toMatch(/^up_[0-9a-z]{12}$/)
    const upstream = gateway.upstreams.get(stored.id)
    await upstream?.refresh()
    expect(upstream).toMatchObject({ orgId: ORG, label: 'studio', origin, server: 'ollama', health: { state: 'up' } })
    const next = await startRunningGateway(database)
    expect(next.upstreams.get(stored.id)).toMatchObject({ orgId: ORG, label: 'studio', server: 'ollama' })
    expect(next.stored.get(stored.id)).toEqual(stored)
  })

  test('a change or a removal by another gateway is followed within a second', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const other = await startRunningGateway(database)
    const { id } = await gateway.upstreamService.create(wanted(origin))
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)?.label).toBe('studio')
    await gateway.upstreamService.change(ORG, id, { ...NOTHING, version: 1, label: 'attic' })
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)?.label).toBe('attic')
    await gateway.upstreamService.remove(ORG, 'attic')
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)).toBeUndefined()
  })

  test('its server is given the key, as its kind of server reads it, and the database does not hold it', async () => {
    const { database, gateway } = await start()
    const plain = await server({ server: 'openai', apiKey: KEY })
    const anthropic = await server({ server: 'anthropic', apiKey: KEY })
    const one = await gateway.upstreamService.create(wanted(plain.origin, { key: KEY }))
    const given = wanted(anthropic.origin, { label: 'cloud', kind: 'anthropic', key: KEY })
    const two = await gateway.upstreamService.create(given)
    for (const { id } of [one, two]) await gateway.upstreams.get(id)?.refresh()
    expect(plain.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(anthropic.requests[0]?.headers['x-api-key']).toBe(KEY)
    expect(gateway.upstreams.of(ORG).map(({ health }) => health.state)).toEqual(['up', 'up'])
    const rows = JSON.stringify(await database.db.selectFrom('upstreams').selectAll().execute())
    expect(rows).not.toContain(KEY)
    expect(rows).not.toContain(Buffer.from(KEY).toString('base64url').slice(0, -2))
    expect(JSON.stringify([one, two, gateway.logLines])).not.toContain(KEY)
  })

  test('another URL does not get the key: it is forgotten, unless it is given again', async () => {
    const { gateway } = await start()
    const [first, second, third] = [await server(), await server(), await server()]
    const { id } = await gateway.upstreamService.create(wanted(first.origin, { key: KEY }))
    const change = gateway.upstreamService.change.bind(gateway.upstreamService, ORG, id)
    const relabelled = await change({ ...NOTHING, version: 1, label: 'attic', url: `${first.origin}/` })
    expect(relabelled.after).toMatchObject({ version: 2, hasKey: true })
    expect(await change({ ...NOTHING, version: 2, url: second.origin })).toMatchObject({
      before: { url: first.origin, hasKey: true },
      after: { url: second.origin, hasKey: false, version: 3 },
    })
    await gateway.upstreams.get(id)?.refresh()
    expect(second.requests.map(({ headers }) => headers.authorization).filter(Boolean)).toEqual([])
    const moved = await change({ ...NOTHING, version: 3, url: third.origin, key: 'another' })
    expect(moved.after.hasKey).toBe(true)
    await gateway.upstreams.get(id)?.refresh()
    expect(third.requests[0]?.headers.authorization).toBe('Bearer another')
    expect((await change({ ...NOTHING, version: 4, key: null })).after.hasKey).toBe(false)
    expect(gateway.upstreams.of(ORG).map(({ origin }) => origin)).toEqual([third.origin])
  })

  test('a new label leaves its connections; another URL ends them', async () => {
    const { gateway } = await start()
    const [first, second] = [await server(), await server()]
    const { id } = await gateway.upstreamService.create(wanted(first.origin))
    const before = gateway.upstreams.get(id)
    await gateway.upstreamService.change(ORG, id, { ...NOTHING, version: 1, label: 'attic' })
    expect(gateway.upstreams.get(id)).toBe(before)
    expect(before?.label).toBe('attic')
    await before?.refresh()
    await gateway.upstreamService.change(ORG, id, { ...NOTHING, version: 2, url: second.origin })
    expect(gateway.upstreams.get(id)).not.toBe(before)
    await Promise.all(first.connections.map(({ closed }) => closed))
  })

  test('a change of what was changed since is refused', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(wanted(origin))
    const changes = ['one', 'two'].map((label) =>
      gateway.upstreamService.change(ORG, id, { ...NOTHING, version: 1, label }).then(
        () => 'changed',
        ({ code }) => code,
      ),
    )
    expect((await Promise.all(changes)).sort()).toEqual(['changed', 'version_conflict'])
    await expect(gateway.upstreamService.change(ORG, id, { ...NOTHING, version: 3, label: 'x' })).rejects.toMatchObject(
      { code: 'version_conflict' },
    )
  })

  test('another org has no such upstream, whatever it is called', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(wanted(origin))
    for (const name of [id, 'studio']) {
      const change = gateway.upstreamService.change(OTHER_ORG, name, { ...NOTHING, version: 1, label: 'taken' })
      await expect(change).rejects.toMatchObject({ code: 'not_found' })
      await expect(gateway.upstreamService.remove(OTHER_ORG, name)).rejects.toMatchObject({ code: 'not_found' })
    }
    await gateway.upstreamService.create(wanted(origin, { orgId: OTHER_ORG }))
    expect(gateway.upstreams.of(ORG).map(({ label }) => label)).toEqual(['studio'])
    expect(gateway.upstreams.of(OTHER_ORG).map(({ label }) => label)).toEqual(['studio'])
  })

  test('a label or an id of another upstream of the org is taken', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(wanted(origin))
    const { id: second } = await gateway.upstreamService.create(wanted(origin, { label: 'attic' }))
    const taken = { code: 'already_exists', param: 'label' }
    for (const label of [id, 'studio']) {
      await expect(gateway.upstreamService.create(wanted(origin, { label }))).rejects.toMatchObject(taken)
      const change = gateway.upstreamService.change(ORG, second, { ...NOTHING, version: 1, label })
      await expect(change).rejects.toMatchObject(taken)
    }
    const twice = await Promise.allSettled(
      ['x', 'x'].map((label) => gateway.upstreamService.create(wanted(origin, { label }))),
    )
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test.each([
    [{ url: OWN_URL }, 'url'],
    [{ url: `${OWN_URL}/v1` }, 'url'],
    [{ url: 'http://user:s3cret@box' }, 'url'],
    [{ url: 'http://box/?key=s3cret' }, 'url'],
    [{ url: 'http://box/#s3cret' }, 'url'],
    [{ url: 'file:///etc/passwd' }, 'url'],
    [{ key: 's3cret\r\nhost: evil' }, 'key'],
    [{ key: 's3cret s3cret' }, 'key'],
    [{ key: '' }, 'key'],
  ])('%j is refused, on the way in and later, and is not repeated', async (given, param) => {
    const { gateway } = await start()
    const { origin } = await server()
    const refused = { code: 'invalid_request', param, message: expect.not.stringContaining('s3cret') }
    await expect(gateway.upstreamService.create(wanted(origin, given))).rejects.toMatchObject(refused)
    const { id } = await gateway.upstreamService.create(wanted(origin))
    const change = gateway.upstreamService.change(ORG, id, { ...NOTHING, ...given, version: 1 })
    await expect(change).rejects.toMatchObject(refused)
    expect(await gateway.repository.list()).toMatchObject([{ version: 1, url: origin, credential: null }])
  })

  test('one that cannot be read serves nobody and hinders no other, until its key is given again', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(wanted(origin, { key: KEY }))
    await gateway.upstreamService.create(wanted(origin, { label: 'attic' }))
    const other = await startRunningGateway(database, { pepper: 'another pepper' })
    expect(other.upstreams.all().map(({ label }) => label)).toEqual(['attic'])
    other.clock.advance(5_000)
    expect(other.logLines.filter((line) => line.includes('cannot be read'))).toHaveLength(1)
    const change = other.upstreamService.change.bind(other.upstreamService, ORG, 'studio')
    await expect(change({ ...NOTHING, version: 1, label: 'x' })).rejects.toMatchObject({ param: 'key' })
    await change({ ...NOTHING, version: 1, key: 'anew' })
    expect(other.upstreams.get(id)?.credential?.reveal()).toBe('anew')
    expect((await other.upstreamService.remove(ORG, 'studio')).id).toBe(id)
  })

  test('a key does not follow when somebody with the database sends it elsewhere', async () => {
    const { database, gateway } = await start()
    const [honest, evil] = [await server(), await server()]
    const { id } = await gateway.upstreamService.create(wanted(honest.origin, { key: KEY }))
    await database.db.updateTable('upstreams').set({ url: evil.origin, version: 2 }).where('id', '=', id).execute()
    await gateway.stored.refresh()
    expect(gateway.upstreams.get(id)).toBeUndefined()
    expect(evil.requests).toEqual([])
  })

  test('while the store is away they stay, and it is said once', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(wanted(origin))
    await database.close()
    for (let round = 0; round < 3; round++) {
      gateway.clock.advance(500)
      await expect(gateway.stored.refresh()).rejects.toThrow()
    }
    expect(gateway.logLines.filter((line) => line.includes('take no effect'))).toHaveLength(1)
    expect(gateway.upstreams.get(id)?.label).toBe('studio')
  })
})
