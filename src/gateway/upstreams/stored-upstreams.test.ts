import { expect, onTestFinished, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { OWN_URL, startRunningGateway } from '../../../test/support/running-gateway.ts'
import {
  type ScriptedUpstream,
  type ScriptedUpstreamOptions,
  startScriptedUpstream,
} from '../../../test/support/scripted-upstream.ts'
import type { OrgAuditActor } from '../store/audit-note.ts'
import type { OpenDatabase } from '../store/database.ts'
import { removeUpstreamsWithin, type WantedUpstream } from './upstream-service.ts'

const KEY = 'sk-of-the-server'
const NOTHING = { label: undefined, url: undefined, kind: undefined, key: undefined }
const ORG = LOCAL.orgId
const OTHER_ORG = 'org_2'
const OTHER: OrgAuditActor = { ...LOCAL, orgId: OTHER_ORG }

async function server(options: Partial<ScriptedUpstreamOptions> = {}): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream({ server: 'ollama', ...options })
  onTestFinished(() => upstream.close())
  return upstream
}

const wanted = (url: string, given: Partial<WantedUpstream> = {}): WantedUpstream => ({
  label: 'studio',
  url,
  kind: undefined,
  key: undefined,
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

  test.each(['http://169.254.169.254', 'http://2852039166/latest', 'https://[::ffff:a9fe:a9fe]', 'http://[fe80::1]'])(
    '%s is no place for one',
    async (url) => {
      const { gateway } = await start()
      const adding = gateway.upstreamService.create(LOCAL, wanted(url))
      await expect(adding).rejects.toMatchObject({ code: 'invalid_request', param: 'url' })
      const { id, version } = await gateway.upstreamService.create(LOCAL, wanted((await server()).origin))
      const moving = gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version, url })
      await expect(moving).rejects.toMatchObject({ code: 'invalid_request', param: 'url' })
    },
  )

  test('one that is added is asked at once, and is there again after the next start', async () => {
    const { database, gateway } = await start()
    const { origin } = await server({ models: ['a'] })
    const stored = await gateway.upstreamService.create(LOCAL, wanted(`${origin}/v1/`))
    expect(stored).toMatchObject({ orgId: ORG, label: 'studio', url: origin, hasKey: false, version: 1 })
    expect(stored.id).toMatch(/^up_[0-9a-z]{12}$/)
    const upstream = gateway.upstreams.get(stored.id)
    await upstream?.refresh()
    const known = { server: 'ollama', health: { state: 'up' } }
    expect(upstream).toMatchObject({ orgId: ORG, label: 'studio', way: { base: { origin } } })
    expect(upstream?.known).toMatchObject(known)
    const next = await startRunningGateway(database)
    expect(next.upstreams.get(stored.id)).toMatchObject({ orgId: ORG, label: 'studio' })
    expect(next.upstreams.get(stored.id)?.known).toMatchObject(known)
    expect(next.stored.get(stored.id)).toEqual(stored)
  })

  test('a change or a removal by another gateway is followed within a second', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const other = await startRunningGateway(database)
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)?.label).toBe('studio')
    await gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 1, label: 'attic' })
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)?.label).toBe('attic')
    await gateway.upstreamService.remove(LOCAL, 'attic')
    other.clock.advance(500)
    await expect.poll(() => other.upstreams.get(id)).toBeUndefined()
  })

  test('its server is given the key, as its kind of server reads it, and the database does not hold it', async () => {
    const { database, gateway } = await start()
    const plain = await server({ server: 'openai', apiKey: KEY })
    const anthropic = await server({ server: 'anthropic', apiKey: KEY })
    const one = await gateway.upstreamService.create(LOCAL, wanted(plain.origin, { key: KEY }))
    const given = wanted(anthropic.origin, { label: 'cloud', kind: 'anthropic', key: KEY })
    const two = await gateway.upstreamService.create(LOCAL, given)
    for (const { id } of [one, two]) await gateway.upstreams.get(id)?.refresh()
    expect(plain.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(anthropic.requests[0]?.headers['x-api-key']).toBe(KEY)
    expect(gateway.upstreams.of(ORG).map(({ known }) => known.health.state)).toEqual(['up', 'up'])
    const rows = JSON.stringify(await database.db.selectFrom('upstreams').selectAll().execute())
    expect(rows).not.toContain(KEY)
    expect(rows).not.toContain(Buffer.from(KEY).toString('base64url').slice(0, -2))
    expect(JSON.stringify([one, two, gateway.logLines])).not.toContain(KEY)
  })

  test('another URL does not get the key: it is forgotten, unless it is given again', async () => {
    const { gateway } = await start()
    const [first, second, third] = [await server(), await server(), await server()]
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(first.origin, { key: KEY }))
    const change = gateway.upstreamService.change.bind(gateway.upstreamService, LOCAL, id)
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
    expect(gateway.upstreams.of(ORG).map(({ way }) => way.base.origin)).toEqual([third.origin])
  })

  test('a new label leaves its connections; another URL ends them', async () => {
    const { gateway } = await start()
    const [first, second] = [await server(), await server()]
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(first.origin))
    const before = gateway.upstreams.get(id)
    await gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 1, label: 'attic' })
    expect(gateway.upstreams.get(id)).toBe(before)
    expect(before?.label).toBe('attic')
    await before?.refresh()
    await gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 2, url: second.origin })
    expect(gateway.upstreams.get(id)).not.toBe(before)
    await Promise.all(first.connections.map(({ closed }) => closed))
  })

  test('a change of what was changed since is refused', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    const changes = ['one', 'two'].map((label) =>
      gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 1, label }).then(
        () => 'changed',
        ({ code }) => code,
      ),
    )
    expect((await Promise.all(changes)).sort()).toEqual(['changed', 'version_conflict'])
    await expect(
      gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 3, label: 'x' }),
    ).rejects.toMatchObject({ code: 'version_conflict' })
  })

  test('another org has no such upstream, whatever it is called', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    for (const name of [id, 'studio']) {
      const change = gateway.upstreamService.change(OTHER, name, { ...NOTHING, version: 1, label: 'taken' })
      await expect(change).rejects.toMatchObject({ code: 'not_found' })
      await expect(gateway.upstreamService.remove(OTHER, name)).rejects.toMatchObject({ code: 'not_found' })
    }
    await gateway.upstreamService.create(OTHER, wanted(origin))
    expect(gateway.upstreams.of(ORG).map(({ label }) => label)).toEqual(['studio'])
    expect(gateway.upstreams.of(OTHER_ORG).map(({ label }) => label)).toEqual(['studio'])
  })

  test('a label or an id of another upstream of the org is taken', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    const { id: second } = await gateway.upstreamService.create(LOCAL, wanted(origin, { label: 'attic' }))
    const taken = { code: 'already_exists', param: 'label' }
    for (const label of [id, 'studio']) {
      await expect(gateway.upstreamService.create(LOCAL, wanted(origin, { label }))).rejects.toMatchObject(taken)
      const change = gateway.upstreamService.change(LOCAL, second, { ...NOTHING, version: 1, label })
      await expect(change).rejects.toMatchObject(taken)
    }
    const twice = await Promise.allSettled(
      ['x', 'x'].map((label) => gateway.upstreamService.create(LOCAL, wanted(origin, { label }))),
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
    await expect(gateway.upstreamService.create(LOCAL, wanted(origin, given))).rejects.toMatchObject(refused)
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    const change = gateway.upstreamService.change(LOCAL, id, { ...NOTHING, ...given, version: 1 })
    await expect(change).rejects.toMatchObject(refused)
    expect(await gateway.repository.list()).toMatchObject([{ version: 1, url: origin, credential: null }])
  })

  test('one that cannot be read serves nobody and hinders no other, until its key is given again', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin, { key: KEY }))
    await gateway.upstreamService.create(LOCAL, wanted(origin, { label: 'attic' }))
    const other = await startRunningGateway(database, { pepper: 'another pepper' })
    expect(other.upstreams.all().map(({ label }) => label)).toEqual(['attic'])
    other.clock.advance(5_000)
    expect(other.logLines.filter((line) => line.includes('cannot be read'))).toHaveLength(1)
    const change = other.upstreamService.change.bind(other.upstreamService, LOCAL, 'studio')
    await expect(change({ ...NOTHING, version: 1, label: 'x' })).rejects.toMatchObject({ param: 'key' })
    await change({ ...NOTHING, version: 1, key: 'anew' })
    expect(other.upstreams.get(id)?.way.credential?.reveal()).toBe('anew')
    expect((await other.upstreamService.remove(LOCAL, 'studio')).id).toBe(id)
  })

  test('a key does not follow when somebody with the database sends it elsewhere', async () => {
    const { database, gateway } = await start()
    const [honest, evil] = [await server(), await server()]
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(honest.origin, { key: KEY }))
    await database.db.updateTable('upstreams').set({ url: evil.origin, version: 2 }).where('id', '=', id).execute()
    await gateway.stored.reload()
    expect(gateway.upstreams.get(id)).toBeUndefined()
    expect(evil.requests).toEqual([])
  })

  test('one change costs the same however many there are, here and where it is followed', async () => {
    const counts = []
    for (const count of [10, 500]) {
      const database = await open()
      await addUpstreams(database, count)
      const counted = countQueries(database)
      const gateway = await startRunningGateway(counted)
      const other = await startRunningGateway(counted)
      const { origin } = await server()
      counted.takeCounts()
      const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
      await other.feed.refresh()
      await gateway.upstreamService.change(LOCAL, id, { ...NOTHING, version: 1, label: 'attic' })
      await other.feed.refresh()
      expect(other.upstreams.get(id)?.label).toBe('attic')
      await gateway.upstreamService.remove(LOCAL, 'attic')
      await other.feed.refresh()
      counts.push(counted.takeCounts())
      expect(other.upstreams.all()).toHaveLength(count)
    }
    expect(counts[1]).toEqual(counts[0])
  })

  test('those of an org go with it, each with an entry, and the others stay', async () => {
    const { gateway } = await start()
    const { origin } = await server()
    const entries: string[] = []
    for (const label of ['one', 'two']) await gateway.upstreamService.create(OTHER, wanted(origin, { label }))
    const kept = await gateway.upstreamService.create(LOCAL, wanted(origin))
    gateway.store.onRecorded(({ action, target_name }) => void entries.push(`${action} ${target_name}`))
    await gateway.store.change(LOCAL, (change) => removeUpstreamsWithin(change, OTHER_ORG))
    expect(entries.toSorted()).toEqual(['upstream.remove one', 'upstream.remove two'])
    expect(gateway.upstreams.all().map(({ id }) => id)).toEqual([kept.id])
  })

  test('what is refused leaves nothing: no row, no entry, no mark', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    await gateway.upstreamService.create(LOCAL, wanted(origin, { label: 'attic' }))
    const stored = () =>
      Promise.all(
        (['upstreams', 'audit', 'changes'] as const).map((table) =>
          database.db.selectFrom(table).selectAll().execute(),
        ),
      )
    const before = await stored()
    const service = gateway.upstreamService
    const refused = [
      () => service.create(LOCAL, wanted(origin)),
      () => service.change(LOCAL, id, { ...NOTHING, version: 1, label: 'attic' }),
      () => service.change(LOCAL, id, { ...NOTHING, version: 2 }),
      () => service.remove(LOCAL, 'nobody'),
    ]
    for (const ask of refused) await expect(ask()).rejects.toMatchObject({ name: 'PunkuError' })
    expect(await stored()).toEqual(before)
  })

  test('while the store is away they stay', async () => {
    const { database, gateway } = await start()
    const { origin } = await server()
    const { id } = await gateway.upstreamService.create(LOCAL, wanted(origin))
    await database.close()
    for (let round = 0; round < 3; round++) {
      gateway.clock.advance(500)
      await expect(gateway.feed.refresh()).rejects.toThrow()
    }
    expect(gateway.upstreams.get(id)?.label).toBe('studio')
  })
})

/** Upstreams whose server is not there. */
async function addUpstreams({ db }: OpenDatabase, count: number): Promise<void> {
  const place = { org_id: ORG, url: 'http://127.0.0.1:9', kind: null, credential: null }
  const times = { version: 1, created_at: 1, created_by: 'ada', updated_at: 1 }
  const numbers = Array.from({ length: count }, (_, number) => number)
  await db
    .insertInto('upstreams')
    .values(numbers.map((number) => ({ ...place, ...times, id: `up_${number}`, label: `label${number}` })))
    .execute()
}
