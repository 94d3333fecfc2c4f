import { pino } from 'pino'
import { expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { ManualClock } from '../../../test/support/clock.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addOrg, addPerson, setOrgSettings } from '../../../test/support/people.ts'
import type { OrgActor } from '../orgs/actor.ts'
import { Events, type LiveEvent } from './events.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const KEY_TEXT = /pk_[0-9a-z]{10}_[0-9a-z]{52}/
const ADA = personIn('default', 'member', 'ada')
const EVE = personIn('default', 'member', 'eve')
const BOSS = personIn('default', 'admin', 'boss')
const ZOE = personIn('org_b', 'owner', 'zoe')

describeDatabases((open, isSqlite) => {
  /** Two orgs with four people. */
  async function start() {
    const events: LiveEvent[] = []
    const published = new Events({ log: pino({ level: 'silent' }) })
    published.subscribe({ heard: (event) => void events.push(event), standingChanged() {} })
    const control = await openTestControl(open, { events: published })
    for (const id of ['ada', 'eve', 'boss', 'zoe']) await addPerson(control.database, `${id}@example.org`, `${id} B`)
    await addOrg(control.database, 'org_b')
    const setRules = (memberKeys: object) => setOrgSettings(control.database, 'default', { memberKeys })
    return { ...control, events, setRules }
  }

  test('a new key is shown once with its text and its defaults, and never again', async () => {
    const { call, send, logLines, notes } = await start()
    const { key: text, ...issued } = await call('createKey', '/keys', { name: 'alice' })
    expect(text).toMatch(KEY_TEXT)
    expect(issued).toEqual({
      id: text.split('_')[1],
      name: 'alice',
      ownerId: null,
      ownerName: null,
      createdBy: 'local admin',
      version: 1,
      models: ['*'],
      routes: ['inference', 'metadata'],
      networks: [],
      allowsCloud: false,
      allowsFetch: false,
      allowsMetrics: false,
      state: 'active',
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    })
    expect(await call('listKeys', '/keys')).toEqual({ keys: [issued], next: null })
    expect(await call('showKey', '/keys/alice')).toEqual(issued)
    expect(await call('showKey', `/keys/${issued.id}`)).toEqual(issued)
    const shown = await Promise.all(['/keys', '/keys/alice', '/requests'].map((path) => send('GET', path)))
    for (const response of shown) expect(await response.text()).not.toContain(text.split('_')[2])
    expect([...logLines, JSON.stringify(notes)].join()).not.toContain(text.split('_')[2])
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('every grant is taken', async () => {
    const { call } = await start()
    const grant = {
      name: 'every grant',
      models: ['llama3*', 'qwen*'],
      routes: ['metadata', 'manage'],
      networks: ['10.0.0.0/8'],
      expiresInMs: DAY_MS,
      allowsCloud: true,
      allowsFetch: true,
      allowsMetrics: true,
    }
    const { expiresInMs: _, ...kept } = grant
    const issued = await call('createKey', '/keys', grant)
    expect(issued).toMatchObject({ ...kept, expiresAt: '2026-01-02T00:00:00.000Z' })
    expect(await call('showKey', '/keys/every%20grant')).toMatchObject(kept)
  })

  test('its state is told: active, expired, revoked', async () => {
    const now = new ManualClock()
    const { call } = await openTestControl(open, { now: () => now.now() })
    await call('createKey', '/keys', { name: 'a', expiresInMs: DAY_MS })
    expect((await call('showKey', '/keys/a')).state).toBe('active')
    now.advance(DAY_MS - 1)
    expect((await call('showKey', '/keys/a')).state).toBe('active')
    now.advance(1)
    expect((await call('showKey', '/keys/a')).state).toBe('expired')
    expect(await call('revokeKey', '/keys/a')).toMatchObject({
      state: 'revoked',
      revokedAt: '2026-01-01T00:00:00.000Z',
    })
  })

  test('a change says which version it is of, and what it leaves out stays', async () => {
    const { call, refused } = await start()
    const { key: _, ...made } = await call('createKey', '/keys', { name: 'alice', models: ['llama3'], expiresInMs: 1 })
    const change = { version: 1, name: 'Alice', networks: ['10.0.0.0/8'], expiresInMs: null }
    const changed = await call('changeKey', '/keys/alice', change)
    expect(changed).toEqual({ ...made, name: 'Alice', networks: ['10.0.0.0/8'], expiresAt: null, version: 2 })
    expect(await refused('PATCH', '/keys/Alice', change)).toMatchObject({ status: 409, code: 'version_conflict' })
    expect(await call('showKey', '/keys/Alice')).toEqual(changed)
  })

  test('rotation shows a new text of the same key', async () => {
    const { call } = await start()
    const first = await call('createKey', '/keys', { name: 'alice' })
    const second = await call('rotateKey', '/keys/alice/rotate', { graceMs: 0 })
    expect(second.id).toBe(first.id)
    expect(second.key).toMatch(KEY_TEXT)
    expect(second.key).not.toBe(first.key)
  })

  test('revoking twice is no error; a revoked key cannot be rotated or changed', async () => {
    const { call, refused, notes } = await start()
    const { id } = await call('createKey', '/keys', { name: 'alice' })
    const revoked = await call('revokeKey', '/keys/alice')
    expect(await call('revokeKey', `/keys/${id}`)).toEqual(revoked)
    expect(notes.map(({ action }) => action)).toEqual(['key.create', 'key.revoke'])
    for (const problem of [
      await refused('POST', `/keys/${id}/rotate`, { graceMs: 0 }),
      await refused('PATCH', `/keys/${id}`, { version: 1, expiresInMs: null }),
    ]) {
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request', param: 'key' })
    }
  })

  test('a name that is taken is refused', async () => {
    const { refused, call } = await start()
    await call('createKey', '/keys', { name: 'alice' })
    expect(await refused('POST', '/keys', { name: 'alice' })).toMatchObject({
      status: 409,
      code: 'already_exists',
      param: 'name',
    })
  })

  test('a list comes in pages', async () => {
    const { call, refused, clock } = await start()
    // No id has a dot: ids are looked through too.
    for (const name of ['a', 'b', 'c.']) {
      await call('createKey', '/keys', { name })
      clock.advance(1)
    }
    const names = async (query: string) => {
      const { keys, next } = await call('listKeys', `/keys?${query}`)
      return [keys.map(({ name }) => name).join(''), next] as const
    }
    const [first, next] = await names('limit=2')
    expect(first).toBe('c.b')
    expect(await names(`limit=2&cursor=${next}`)).toEqual(['a', null])
    expect(await names('limit=3')).toEqual(['c.ba', null])
    await call('revokeKey', '/keys/b')
    expect(await names('revoked=true')).toEqual(['b', null])
    expect(await names('revoked=false')).toEqual(['c.a', null])
    expect(await names('q=%20C.')).toEqual(['c.', null])
    expect(await refused('GET', '/keys?cursor=nonsense')).toMatchObject({ code: 'invalid_request', param: 'cursor' })
  })

  test('a member sees and changes their own keys alone, whatever they name', async () => {
    const { as } = await start()
    const eves = await as(EVE).call('createKey', '/keys', { name: 'eve' })
    const orgs = await as(BOSS).call('createKey', '/keys', { name: 'the org' })
    const foreign = await as(ZOE).call('createKey', '/keys', { name: 'abroad' })
    const mine = await as(ADA).call('createKey', '/keys', { name: 'mine', isPersonal: false })
    expect(mine).toMatchObject({ ownerId: 'ada', ownerName: 'ada B', createdBy: 'ada' })
    expect((await as(ADA).call('listKeys', '/keys')).keys.map(({ name }) => name)).toEqual(['mine'])
    expect((await as(BOSS).call('listKeys', '/keys')).keys.map(({ name }) => name).sort()).toEqual([
      'eve',
      'mine',
      'the org',
    ])
    const tries = async (actor: OrgActor, key: string) => [
      await as(actor).refused('GET', `/keys/${key}`),
      await as(actor).refused('PATCH', `/keys/${key}`, { version: 1, name: 'taken' }),
      await as(actor).refused('POST', `/keys/${key}/rotate`, { graceMs: 0 }),
      await as(actor).refused('DELETE', `/keys/${key}`),
      await as(actor).refused('GET', `/requests?key=${key}`),
      await as(actor).refused('GET', `/usage?key=${key}`),
    ]
    const none = await tries(ADA, 'nobody')
    for (const { id, name } of [eves, orgs, foreign]) {
      // To the letter what is answered for a key that does not exist.
      for (const named of [id, encodeURIComponent(name)]) expect(await tries(ADA, named)).toEqual(none)
    }
    for (const named of [foreign.id, 'abroad']) expect(await tries(BOSS, named)).toEqual(none)
    for (const problem of none) expect(problem).toMatchObject({ status: 404, code: 'key_not_found' })
  })

  test.each([{ orgId: 'org_b' }, { personId: 'eve' }, { ownerId: 'eve' }, { createdBy: 'eve' }, { version: 7 }])(
    'a new key takes no %j from whoever asks',
    async (forged) => {
      const { as } = await start()
      const problem = await as(ADA).refused('POST', '/keys', { name: 'mine', ...forged })
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request', param: Object.keys(forged)[0] })
      expect(await as(ADA).call('listKeys', '/keys')).toEqual({ keys: [], next: null })
    },
  )

  test.each([{ orgId: 'org_b' }, { ownerId: 'eve' }, { isPersonal: false }, { state: 'active' }, { revokedAt: null }])(
    'a change takes no %j from whoever asks',
    async (forged) => {
      const { as } = await start()
      await as(ADA).call('createKey', '/keys', { name: 'mine' })
      const problem = await as(ADA).refused('PATCH', '/keys/mine', { version: 1, ...forged })
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request', param: Object.keys(forged)[0] })
    },
  )

  test('a member is held to the rules of the org, an admin is not', async () => {
    const { as, setRules } = await start()
    await setRules({ max: 1, models: ['llama*'], maxLifeMs: DAY_MS })
    const grant = { name: 'x', models: ['qwen3'], allowsCloud: true }
    expect(await as(ADA).refused('POST', '/keys', grant)).toMatchObject({
      status: 403,
      code: 'not_allowed',
      param: 'models',
    })
    expect(await as(ADA).call('createKey', '/keys', { name: 'mine' })).toMatchObject({
      models: ['llama*'],
      expiresAt: '2026-01-02T00:00:00.000Z',
    })
    expect(await as(ADA).refused('POST', '/keys', { name: 'two' })).toMatchObject({
      status: 409,
      code: 'limit_reached',
    })
    expect(await as(BOSS).call('createKey', '/keys', grant)).toMatchObject({ models: ['qwen3'], ownerId: null })
    expect(await as(BOSS).refused('POST', '/keys', { name: 'm', allowsMetrics: true })).toMatchObject({
      code: 'not_allowed',
      param: 'allowsMetrics',
    })
  })

  test('a playground key is the caller’s for an hour, and takes the place of the one before', async () => {
    const { as, notes, clock } = await start()
    const first = await as(ADA).call('createPlaygroundKey', '/playground/key', {})
    expect(first).toMatchObject({ ownerId: 'ada', routes: ['inference', 'metadata'], state: 'active' })
    expect(first.expiresAt).toBe(new Date(clock.now() + HOUR_MS).toISOString())
    expect(first.key).toMatch(KEY_TEXT)
    const second = await as(ADA).call('createPlaygroundKey', '/playground/key', {})
    expect(await as(ADA).call('showKey', `/keys/${first.id}`)).toMatchObject({ state: 'revoked' })
    expect((await as(ADA).call('listKeys', '/keys')).keys.map(({ id }) => id)).toEqual([second.id])
    expect(notes.map(({ action, target }) => [action, target?.id])).toEqual([
      ['key.create', first.id],
      ['key.revoke', first.id],
      ['key.create', second.id],
    ])
    expect(await as(ADA).refused('POST', '/playground/key', { orgId: 'org_b' })).toMatchObject({ param: 'orgId' })
  })

  test('every change is noted with who made it, before and after, and told to those who look on', async () => {
    const { as, notes, events } = await start()
    const { id } = await as(ADA).call('createKey', '/keys', { name: 'mine' })
    await as(BOSS).call('changeKey', `/keys/${id}`, { version: 1, name: 'yours', models: ['llama3'] })
    await as(ADA).call('rotateKey', `/keys/${id}/rotate`, { graceMs: 5 })
    await as(ADA).call('revokeKey', `/keys/${id}`)
    // What changes nothing is neither noted nor told.
    await as(BOSS).call('revokeKey', `/keys/${id}`)
    await as(ADA).refused('PATCH', `/keys/${id}`, { version: 1, name: 'late' })
    const by = ({ kind, personId, name, address }: OrgActor) => ({ kind, personId, name, address })
    expect(notes).toMatchObject([
      {
        actor: by(ADA),
        orgId: 'default',
        action: 'key.create',
        target: { id, name: 'mine' },
        after: { models: ['*'] },
      },
      {
        actor: by(BOSS),
        action: 'key.change',
        before: { name: 'mine', models: ['*'], personId: 'ada' },
        after: { name: 'yours', models: ['llama3'], personId: 'ada' },
      },
      { actor: by(ADA), action: 'key.rotate', after: { name: 'yours', graceMs: 5 } },
      { action: 'key.revoke', before: { revokedAt: null }, after: { revokedAt: '2026-01-01T00:00:00.000Z' } },
    ])
    expect(events).toEqual(
      ['create', 'change', 'rotate', 'revoke'].map((change) => ({
        orgId: 'default',
        personId: 'ada',
        name: 'key',
        data: { id, change },
      })),
    )
  })

  test('a NUL finds nothing, and breaks nothing', async () => {
    const { refused } = await start()
    for (const path of ['/keys/a%00', '/requests?key=a%00', '/requests?model=%00', '/usage?session=%00']) {
      expect(await refused('GET', path)).toMatchObject({ status: 400, code: 'invalid_request' })
    }
  })
})
