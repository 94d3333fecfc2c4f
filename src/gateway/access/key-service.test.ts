import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { LOCAL, MEMBER_RULES } from '../../../test/support/key-actors.ts'
import { planQueries } from '../../../test/support/query-plans.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { storedKeys, storedSecrets } from '../../../test/support/stored-keys.ts'
import { PunkuError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import type { KeyGrant } from './key-grant.ts'
import { KeyService } from './key-service.ts'
import { hashSecret, parseKey } from './key-text.ts'

const hash = (secret: string) => hashSecret(new Secret('pepper'), secret)

async function serviceOn(database: OpenDatabase) {
  const { store, clock, entries } = await openTestStore(database)
  const repository = new KeyRepository(database)
  return {
    clock,
    repository,
    entries,
    keys: new KeyService({ store, repository, hash, clock, memberKeyRules: async () => MEMBER_RULES }),
  }
}

const ALL = { after: undefined, limit: 1_000 }

const refusalOf = async (run: Promise<unknown>) => {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PunkuError)
  return error as PunkuError
}

describeDatabases((open, isSqlite) => {
  if (isSqlite) {
    test('nothing that one key is looked up or changed by looks through all keys', async () => {
      const planned = planQueries(await open())
      const { keys } = await serviceOn(planned)
      await planned.takePlans()
      const { key } = await keys.create(LOCAL, { name: 'ada' })
      await keys.show(LOCAL, 'ada')
      await keys.change(LOCAL, key.id, { version: 1, name: 'eve' })
      await keys.rotate(LOCAL, 'eve', 0)
      await keys.revoke(LOCAL, 'eve')
      await keys.createForPlayground(LOCAL)
      const plans = await planned.takePlans()
      expect(plans.length).toBeGreaterThan(15)
      // Those of playgrounds are few.
      const isScan = (step: string) => step.startsWith('SCAN') && step !== 'SCAN keys USING INDEX keys_playground'
      expect(plans.filter(({ steps }) => steps.some(isScan))).toEqual([])
    })
  }

  test('a new key takes the defaults, and only the hash of its secret is stored', async () => {
    const { keys, repository, clock, entries } = await serviceOn(await open())
    const { key, text } = await keys.create(LOCAL, { name: 'ada' })
    expect(key).toMatchObject({
      name: 'ada',
      allowsCloud: false,
      allowsFetch: false,
      allowsMetrics: false,
      createdAt: clock.now(),
    })
    expect(key).toMatchObject({ expiresAt: undefined, revokedAt: undefined, lastUsedAt: undefined })
    expect(key.models.map((glob) => glob.text)).toEqual(['*'])
    expect([...key.routes]).toEqual(['inference', 'metadata'])
    expect(key.networks.ranges).toEqual([])
    const parsed = parseKey(text.reveal())
    expect(parsed?.id).toBe(key.id)
    const stored = await storedSecrets(repository)
    expect(stored.map((secret) => secret.hash)).toEqual([hash(parsed?.secret ?? '').toString('hex')])
    expect(JSON.stringify([key, text, stored])).not.toContain(parsed?.secret)
    expect(entries).toMatchObject([{ action: 'key.create', target_id: key.id, actor_name: LOCAL.name }])
  })

  test('a new key gets what was granted', async () => {
    const { keys, clock } = await serviceOn(await open())
    const { key } = await keys.create(LOCAL, {
      name: 'Adas laptop',
      models: ['llama3', 'qwen*'],
      routes: ['manage', 'manage'],
      expiresInMs: 1_000,
      networks: ['10.0.0.0/8'],
      allowsCloud: true,
      allowsFetch: true,
      allowsMetrics: true,
    })
    expect(await keys.show(LOCAL, 'Adas laptop')).toEqual(key)
    expect(key).toMatchObject({
      allowsCloud: true,
      allowsFetch: true,
      allowsMetrics: true,
      expiresAt: clock.now() + 1_000,
    })
    expect(key.models.map((glob) => glob.text)).toEqual(['llama3', 'qwen*'])
    expect([...key.routes]).toEqual(['manage'])
    expect(key.networks.contains('10.1.1.1')).toBe(true)
  })

  test.each<[string, Partial<KeyGrant>]>([
    ['name', { name: '' }],
    ['name', { name: ' ada' }],
    ['name', { name: 'ada ' }],
    ['name', { name: 'a\nb' }],
    ['name', { name: 'x'.repeat(65) }],
    ['name', { name: 'pk_0123456789_secret' }],
    ['models', { models: [] }],
    ['models', { models: ['llama3', ''] }],
    ['models', { models: Array.from({ length: 101 }, () => '*') }],
    ['routes', { routes: ['inference', 'never'] }],
    ['routes', { routes: ['admin'] }],
    ['routes', { routes: [] }],
    ['networks', { networks: ['lan'] }],
    ['networks', { networks: ['10.0.0.0/40'] }],
    ['expires', { expiresInMs: 0 }],
    ['expires', { expiresInMs: -1 }],
    ['expires', { expiresInMs: Number.NaN }],
    ['expires', { expiresInMs: Number.MAX_SAFE_INTEGER }],
  ])('a grant with a wrong %s is refused by that name: %j', async (param, given) => {
    const { keys, repository } = await serviceOn(await open())
    const error = await refusalOf(keys.create(LOCAL, { name: 'ada', ...given }))
    expect([error.code, error.param]).toEqual(['invalid_request', param])
    expect(await storedKeys(repository)).toEqual([])
  })

  test('a key that may only read metrics needs no route', async () => {
    const { keys } = await serviceOn(await open())
    const { key } = await keys.create(LOCAL, { name: 'prometheus', routes: [], allowsMetrics: true })
    expect(key.routes.size).toBe(0)
  })

  test('a name is taken while its key is not revoked, and so is an id', async () => {
    const { keys } = await serviceOn(await open())
    const { key } = await keys.create(LOCAL, { name: 'ada' })
    for (const name of ['ada', key.id]) {
      const error = await refusalOf(keys.create(LOCAL, { name }))
      expect([error.code, error.param]).toEqual(['already_exists', 'name'])
    }
    await keys.revoke(LOCAL, 'ada')
    const second = await keys.create(LOCAL, { name: 'ada' })
    expect((await keys.show(LOCAL, 'ada')).id).toBe(second.key.id)
    expect((await keys.list(LOCAL, ALL)).map(({ id }) => id)).toEqual(expect.arrayContaining([key.id, second.key.id]))
  })

  test('a rotation gives a new text and the old one a last hour', async () => {
    const { keys, repository, clock, entries } = await serviceOn(await open())
    const { key, text } = await keys.create(LOCAL, { name: 'ada' })
    clock.advance(5_000)
    const rotated = await keys.rotate(LOCAL, 'ada', 3_600_000)
    expect(rotated.key.id).toBe(key.id)
    expect(rotated.text.reveal()).not.toBe(text.reveal())
    const ends = (await storedSecrets(repository)).map((secret) => secret.expires_at)
    expect(ends.sort()).toEqual([clock.now() + 3_600_000, null].sort())
    expect(entries.map(({ action }) => action)).toEqual(['key.create', 'key.rotate'])
  })

  test.each([-1, 0.5, Number.NaN])('a grace of %d is refused', async (graceMs) => {
    const { keys } = await serviceOn(await open())
    await keys.create(LOCAL, { name: 'ada' })
    expect((await refusalOf(keys.rotate(LOCAL, 'ada', graceMs))).param).toBe('grace')
  })

  test('a revoked key stays in the list, cannot be rotated, and is revoked once', async () => {
    const { keys, clock } = await serviceOn(await open())
    const { key } = await keys.create(LOCAL, { name: 'ada' })
    const revokedAt = clock.now()
    expect((await keys.revoke(LOCAL, key.id)).after.revokedAt).toBe(revokedAt)
    clock.advance(1_000)
    expect((await keys.revoke(LOCAL, key.id)).after.revokedAt).toBe(revokedAt)
    expect((await refusalOf(keys.rotate(LOCAL, key.id, 0))).code).toBe('invalid_request')
    expect(await keys.list(LOCAL, ALL)).toHaveLength(1)
  })

  test('a key whose terms cannot be read is shown as one that may do nothing, is not changed, and can be revoked', async () => {
    const database = await open()
    const { keys } = await serviceOn(database)
    const { key: later } = await keys.create(LOCAL, { name: 'later' })
    const { key: other } = await keys.create(LOCAL, { name: 'other' })
    const terms = JSON.stringify({ models: ['*'], routes: ['inference'], requestsPerMinute: 3 })
    await database.db.updateTable('keys').set({ terms }).where('id', '=', later.id).execute()
    const listed = new Map((await keys.list(LOCAL, ALL)).map((key) => [key.id, key]))
    const shown = listed.get(later.id)
    expect(shown).toMatchObject({ id: later.id, name: 'later', models: [], allowsCloud: false, allowsMetrics: false })
    expect(shown?.routes.size).toBe(0)
    expect(listed.get(other.id)).toEqual(other)
    const { version } = later
    const changes = [() => keys.change(LOCAL, 'later', { version, name: 'now' }), () => keys.rotate(LOCAL, 'later', 0)]
    for (const change of changes) {
      expect(await refusalOf(change())).toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('revoke'),
      })
    }
    expect((await keys.revoke(LOCAL, 'later')).after).toMatchObject({ revokedAt: expect.any(Number), models: [] })
  })

  test('a key nobody knows is said to be so, without repeating what was asked', async () => {
    const { keys } = await serviceOn(await open())
    const calls = [
      () => keys.show(LOCAL, 'pk_pasted'),
      () => keys.revoke(LOCAL, 'pk_pasted'),
      () => keys.rotate(LOCAL, 'pk_pasted', 0),
    ]
    for (const call of calls) {
      const error = await refusalOf(call())
      expect(error.code).toBe('key_not_found')
      expect(error.message).not.toContain('pk_pasted')
    }
  })
})
