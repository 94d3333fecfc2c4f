import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { adminOf, LOCAL, MEMBER_RULES, memberOf } from '../../../test/support/key-actors.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { storedKeys, storedSecrets } from '../../../test/support/stored-keys.ts'
import { PunkuError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { KeyRepository, type KeyScope } from '../store/key-repository.ts'
import type { KeyActor, MemberKeyRules } from './key-actor.ts'
import { KeyService, revokeKeysWithin } from './key-service.ts'
import { hashSecret } from './key-text.ts'

const HOUR_MS = 3_600_000
const ALL = { after: undefined, limit: 100 }
const ADA = memberOf('default', 'ada')
const EVE = memberOf('default', 'eve')
const BOSS = adminOf('default', 'boss')
const ELSEWHERE = adminOf('org_b', 'zoe')

async function serviceOn(database: OpenDatabase, rules: Partial<MemberKeyRules> = {}) {
  const { store, clock } = await openTestStore(database)
  const repository = new KeyRepository(database)
  const held = { rules: { ...MEMBER_RULES, ...rules } }
  const keys = new KeyService({
    store,
    repository,
    hash: (secret) => hashSecret(new Secret('pepper'), secret),
    clock,
    memberKeyRules: async (orgId) => {
      expect(orgId).toBe('default')
      return held.rules
    },
  })
  const namesFor = async (actor: KeyActor) => (await keys.list(actor, ALL)).map(({ name }) => name).sort()
  const revokeAll = (scope: KeyScope) => store.change(BOSS, (change) => revokeKeysWithin(change, scope))
  return { clock, repository, keys, held, namesFor, revokeAll }
}

const refusal = async (run: Promise<unknown>) => {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof PunkuError ? [error.code, error.param] : error
}

describeDatabases((open, isSqlite) => {
  test('a member has as many active keys as the org says, however many they ask for at once', async () => {
    const { keys, clock } = await serviceOn(await open(), { max: 2 })
    const asked = await Promise.all(
      Array.from({ length: 5 }, (_, index) => refusal(keys.create(ADA, { name: `k${index}` }))),
    )
    expect(asked.filter((refused) => refused === undefined)).toHaveLength(2)
    expect(asked).toContainEqual(['limit_reached', undefined])
    await keys.create(EVE, { name: 'eve' })
    await keys.createForPlayground(ADA)
    const first = (await keys.list(ADA, ALL)).find(({ name }) => /^k\d$/.test(name))
    await keys.revoke(ADA, first?.id ?? '')
    await keys.create(ADA, { name: 'short', expiresInMs: 1_000 })
    clock.advance(1_000)
    await keys.create(ADA, { name: 'in its place' })
    expect(await refusal(keys.change(ADA, 'short', { version: 1, expiresInMs: 1_000 }))).toEqual([
      'limit_reached',
      undefined,
    ])
    expect(await refusal(keys.change(ADA, 'short', { version: 1, name: 'ended' }))).toBeUndefined()
    expect(await refusal(keys.change(ADA, 'in its place', { version: 1, models: ['llama3'] }))).toBeUndefined()
  })

  test('of two changes to one version one is told to look again', async () => {
    const { keys } = await serviceOn(await open())
    await keys.create(BOSS, { name: 'ada' })
    const changes = ['a', 'b', 'c'].map((name) => refusal(keys.change(BOSS, 'ada', { version: 1, name })))
    const done = await Promise.all(changes)
    expect(done.filter((refused) => refused === undefined)).toHaveLength(1)
    expect(done.filter((refused) => Array.isArray(refused))).toHaveLength(2)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('a member sees and changes nothing but their own keys, by id or by name', async () => {
    const { keys, namesFor } = await serviceOn(await open())
    const orgs = await keys.create(BOSS, { name: 'the org' })
    const eves = await keys.create(EVE, { name: 'eve' })
    const abroad = await keys.create(ELSEWHERE, { name: 'abroad' })
    await keys.create(ADA, { name: 'ada' })
    expect(await namesFor(ADA)).toEqual(['ada'])
    for (const { key } of [orgs, eves, abroad]) {
      for (const named of [key.id, key.name]) {
        const tries = [
          () => keys.show(ADA, named),
          () => keys.rotate(ADA, named, 0),
          () => keys.revoke(ADA, named),
          () => keys.change(ADA, named, { version: 1, name: 'mine' }),
        ]
        for (const attempt of tries) expect(await refusal(attempt())).toEqual(['key_not_found', 'key'])
      }
    }
    expect(await keys.show(LOCAL, orgs.key.id)).toEqual(orgs.key)
    expect(await keys.show(LOCAL, eves.key.id)).toEqual(eves.key)
  })

  test('an admin sees all keys of their org and none of another, not even by its id', async () => {
    const { keys, namesFor } = await serviceOn(await open())
    const { key } = await keys.create(ELSEWHERE, { name: 'ada' })
    await keys.create(ADA, { name: 'ada' })
    await keys.create(BOSS, { name: 'the org' })
    expect(await namesFor(BOSS)).toEqual(['ada', 'the org'])
    expect(await namesFor(ELSEWHERE)).toEqual(['ada'])
    const tries = [
      () => keys.show(BOSS, key.id),
      () => keys.rotate(BOSS, key.id, 0),
      () => keys.revoke(BOSS, key.id),
      () => keys.change(BOSS, key.id, { version: 1, name: 'mine' }),
    ]
    for (const attempt of tries) expect(await refusal(attempt())).toEqual(['key_not_found', 'key'])
    expect(await keys.show(ELSEWHERE, 'ada')).toEqual(key)
    expect([...(await keys.namesOf('default', [key.id, null]))]).toEqual([])
    expect([...(await keys.namesOf('org_b', [key.id]))]).toEqual([[key.id, 'ada']])
  })

  test('a member who is nobody has no keys and gets none', async () => {
    const { keys, namesFor } = await serviceOn(await open())
    await keys.create(BOSS, { name: 'the org' })
    const nobody: KeyActor = { ...ADA, personId: undefined }
    expect(await namesFor(nobody)).toEqual([])
    expect(await refusal(keys.create(nobody, { name: 'x' }))).toEqual(['not_allowed', undefined])
    expect(await refusal(keys.createForPlayground(nobody))).toEqual(['not_allowed', undefined])
  })

  test('a member’s key is their own; an admin’s is the org’s, unless they say otherwise', async () => {
    const { keys } = await serviceOn(await open())
    const owner = async (actor: KeyActor, isPersonal?: boolean) =>
      (
        await keys.create(actor, {
          name: `${actor.name} ${isPersonal}`,
          ...(isPersonal !== undefined && { isPersonal }),
        })
      ).key.personId
    expect(await owner(ADA)).toBe('ada')
    expect(await owner(ADA, false)).toBe('ada')
    expect(await owner(BOSS)).toBeUndefined()
    expect(await owner(BOSS, true)).toBe('boss')
    expect(await owner(LOCAL)).toBeUndefined()
    expect(await refusal(owner(LOCAL, true))).toEqual(['not_allowed', undefined])
  })

  test('one name means one key in each org', async () => {
    const { keys } = await serviceOn(await open())
    await keys.create(EVE, { name: 'laptop' })
    expect(await refusal(keys.create(ADA, { name: 'laptop' }))).toEqual(['already_exists', 'name'])
    expect(await refusal(keys.create(ELSEWHERE, { name: 'laptop' }))).toBeUndefined()
    await keys.create(ADA, { name: 'desk' })
    const rename = (name: string) => keys.change(ADA, 'desk', { version: 1, name })
    expect(await refusal(rename('laptop'))).toEqual(['already_exists', 'name'])
    expect(await refusal(rename((await keys.show(EVE, 'laptop')).id))).toEqual(['already_exists', 'name'])
    expect((await keys.show(ADA, 'desk')).version).toBe(1)
  })

  test('what the org does not let members do is refused when a key is made, changed or rotated', async () => {
    const { keys, held } = await serviceOn(await open(), { models: ['llama*'], maxLifeMs: HOUR_MS })
    const { key } = await keys.create(ADA, { name: 'ada' })
    expect(key).toMatchObject({ models: [{ text: 'llama*' }], expiresAt: key.createdAt + HOUR_MS })
    const grants = [
      ['models', { models: ['qwen3'] }],
      ['routes', { routes: ['manage'] }],
      ['allowsCloud', { allowsCloud: true }],
      ['expiresInMs', { expiresInMs: HOUR_MS + 1 }],
      ['allowsMetrics', { allowsMetrics: true }],
    ] as const
    for (const [param, grant] of grants) {
      expect(await refusal(keys.create(ADA, { name: 'x', ...grant }))).toEqual(['not_allowed', param])
      expect(await refusal(keys.change(ADA, 'ada', { version: 1, ...grant }))).toEqual(['not_allowed', param])
    }
    expect(await refusal(keys.change(ADA, 'ada', { version: 1, expiresInMs: null }))).toEqual([
      'not_allowed',
      'expiresInMs',
    ])
    held.rules = { ...held.rules, models: ['qwen*'] }
    expect(await refusal(keys.rotate(ADA, 'ada', 0))).toEqual(['not_allowed', 'models'])
    expect(await refusal(keys.rotate(BOSS, 'ada', 0))).toBeUndefined()
    expect(await refusal(keys.revoke(ADA, 'ada'))).toBeUndefined()
  })

  test('a life cannot be made longer by changing the key again and again', async () => {
    const { keys, clock } = await serviceOn(await open(), { maxLifeMs: HOUR_MS })
    await keys.create(ADA, { name: 'ada', expiresInMs: 1_000 })
    clock.advance(HOUR_MS - 1_000)
    expect(await refusal(keys.change(ADA, 'ada', { version: 1, expiresInMs: 1_001 }))).toEqual([
      'not_allowed',
      'expiresInMs',
    ])
    expect(await refusal(keys.change(ADA, 'ada', { version: 1, expiresInMs: 1_000 }))).toBeUndefined()
  })

  test('admins are not held to the rules for members, but grant no metrics of the whole gateway', async () => {
    const { keys } = await serviceOn(await open(), { max: 0, models: ['llama*'], maxLifeMs: HOUR_MS })
    const grant = { models: ['*'], routes: ['manage'], allowsCloud: true }
    const { key } = await keys.create(BOSS, { name: 'all', isPersonal: true, ...grant })
    expect(key).toMatchObject({ allowsCloud: true, expiresAt: undefined })
    expect(await refusal(keys.create(BOSS, { name: 'm', allowsMetrics: true }))).toEqual([
      'not_allowed',
      'allowsMetrics',
    ])
    await keys.create(LOCAL, { name: 'metrics', allowsMetrics: true })
    // What a system admin granted stays when an admin changes something else.
    expect((await keys.change(BOSS, 'metrics', { version: 1, name: 'm' })).after.allowsMetrics).toBe(true)
  })

  test('an org whose members make no keys still lets them use the playground', async () => {
    const { keys, clock } = await serviceOn(await open(), { max: 0, models: ['llama*'] })
    expect(await refusal(keys.create(ADA, { name: 'x' }))).toEqual(['limit_reached', undefined])
    const { key, text, replaced } = await keys.createForPlayground(ADA)
    expect(key).toMatchObject({ personId: 'ada', expiresAt: clock.now() + HOUR_MS, allowsCloud: false })
    expect([key.models.map((glob) => glob.text), [...key.routes]]).toEqual([['llama*'], ['inference', 'metadata']])
    expect([text.reveal().split('_')[1], replaced]).toEqual([key.id, []])
  })

  test('a playground key takes the place of the one before, of the same person only', async () => {
    const { keys, clock, namesFor } = await serviceOn(await open())
    const [adas, eves, locals, bosss] = [
      await keys.createForPlayground(ADA),
      await keys.createForPlayground(EVE),
      await keys.createForPlayground(LOCAL),
      await keys.createForPlayground(BOSS),
    ]
    expect([locals.key.personId, bosss.key.personId]).toEqual([undefined, 'boss'])
    await keys.create(ADA, { name: 'playground of my own' })
    const next = await keys.createForPlayground(ADA)
    expect(next.replaced.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([[adas.key.id, clock.now()]])
    expect(await namesFor(ADA)).toEqual([next.key.name, 'playground of my own'].sort())
    expect((await keys.show(EVE, eves.key.id)).revokedAt).toBeUndefined()
    expect(await refusal(keys.change(ADA, next.key.id, { version: 1, expiresInMs: null }))).toEqual([
      'invalid_request',
      'key',
    ])
  })

  test('playground keys that ended are not listed, and are forgotten after some days', async () => {
    const { keys, clock, repository, namesFor } = await serviceOn(await open())
    const { key } = await keys.createForPlayground(ADA)
    await keys.create(ADA, { name: 'ada', expiresInMs: 1_000 })
    clock.advance(HOUR_MS)
    expect(await namesFor(ADA)).toEqual(['ada'])
    expect((await keys.show(ADA, key.id)).id).toBe(key.id)
    clock.advance(8 * 24 * HOUR_MS)
    await keys.createForPlayground(EVE)
    expect((await storedKeys(repository)).map(({ id }) => id)).not.toContain(key.id)
    expect((await storedSecrets(repository)).map((secret) => secret.key_id)).not.toContain(key.id)
    expect(await namesFor(ADA)).toEqual(['ada'])
  })

  test('all keys of a person in an org end at once, or all of an org', async () => {
    const { keys, repository, clock, revokeAll } = await serviceOn(await open())
    const inB = memberOf('org_b', 'ada')
    await keys.create({ ...inB, power: 'admin' }, { name: 'b', isPersonal: true })
    await keys.create(ADA, { name: 'one' })
    await keys.create(ADA, { name: 'two' })
    await keys.create(BOSS, { name: 'the org' })
    await keys.revoke(ADA, 'one')
    clock.advance(1)
    const revokedNow = async () =>
      (await storedKeys(repository)).filter((key) => key.revoked_at === clock.now()).map(({ name }) => name)
    await revokeAll({ orgId: 'default', personId: 'ada' })
    expect(await revokedNow()).toEqual(['two'])
    clock.advance(1)
    await revokeAll({ orgId: 'default', personId: 'ada' })
    expect(await revokedNow()).toEqual([])
    await revokeAll({ orgId: 'default', personId: undefined })
    expect(await revokedNow()).toEqual(['the org'])
  })

  test('a change names the version it saw, and leaves alone what it does not name', async () => {
    const { keys, clock } = await serviceOn(await open())
    const grant = { models: ['llama3'], networks: ['10.0.0.0/8'], allowsCloud: true, expiresInMs: HOUR_MS }
    const made = await keys.create(BOSS, { name: 'ada', ...grant })
    clock.advance(1)
    const { before, after } = await keys.change(BOSS, 'ada', { version: 1, name: 'Ada' })
    expect(before).toEqual(made.key)
    expect(after).toEqual({ ...made.key, name: 'Ada', version: 2 })
    expect(await refusal(keys.change(BOSS, 'Ada', { version: 1, name: 'late' }))).toEqual([
      'version_conflict',
      undefined,
    ])
    await keys.change(BOSS, 'Ada', {
      version: 2,
      expiresInMs: null,
      networks: [],
      allowsCloud: false,
      routes: ['manage'],
    })
    expect(await keys.show(BOSS, 'Ada')).toMatchObject({ expiresAt: undefined, allowsCloud: false, version: 3 })
    await keys.rotate(BOSS, 'Ada', 0)
    expect((await keys.show(BOSS, 'Ada')).version).toBe(3)
  })

  test.each([
    ['expires', { expiresInMs: 0 }],
    ['expires', { expiresInMs: -HOUR_MS }],
    ['name', { name: 'pk_x' }],
    ['models', { models: [] }],
    ['routes', { routes: ['never'] }],
    ['networks', { networks: ['lan'] }],
  ])('a change to a wrong %s is refused: %j', async (param, change) => {
    const { keys } = await serviceOn(await open())
    const { key } = await keys.create(BOSS, { name: 'ada' })
    expect(await refusal(keys.change(BOSS, 'ada', { version: 1, ...change }))).toEqual(['invalid_request', param])
    expect(await keys.show(BOSS, 'ada')).toEqual(key)
  })

  test('a revoked key is not changed back to life', async () => {
    const { keys } = await serviceOn(await open())
    const { key } = await keys.create(BOSS, { name: 'ada' })
    await keys.revoke(BOSS, 'ada')
    expect(await refusal(keys.change(BOSS, key.id, { version: 1, expiresInMs: null }))).toEqual([
      'invalid_request',
      'key',
    ])
  })
})
