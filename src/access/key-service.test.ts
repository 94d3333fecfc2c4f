import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { describeDatabases } from '../../test/support/databases.ts'
import { LOCAL, MEMBER_RULES } from '../../test/support/key-actors.ts'
import { PunkuError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import type { KeyGrant } from './key-grant.ts'
import { KeyService } from './key-service.ts'
import { hashSecret, parseKey } from './key-text.ts'

const hash = (secret: string) => hashSecret(new Secret('pepper'), secret)

function serviceOn(database: OpenDatabase) {
  const clock = new ManualClock()
  const repository = new KeyRepository(database)
  const counter = { changes: 0 }
  const changed = async () => {
    counter.changes++
  }
  return {
    clock,
    repository,
    counter,
    keys: new KeyService({ repository, hash, clock, changed, memberKeyRules: async () => MEMBER_RULES }),
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

describeDatabases((open) => {
  test('a new key takes the defaults, and only the hash of its secret is stored', async () => {
    const { keys, repository, clock, counter } = serviceOn(await open())
    const { key, text } = await keys.create(LOCAL, { name: 'ada' })
    expect(key).toMatchObject({ name: 'ada', allowsCloud: false, allowsMetrics: false, createdAt: clock.now() })
    expect(key).toMatchObject({ expiresAt: undefined, revokedAt: undefined, lastUsedAt: undefined })
    expect(key.models.map((glob) => glob.text)).toEqual(['*'])
    expect([...key.routes]).toEqual(['inference', 'metadata'])
    expect(key.networks.ranges).toEqual([])
    const parsed = parseKey(text.reveal())
    expect(parsed?.id).toBe(key.id)
    const stored = await repository.listSecrets()
    expect(stored.map((secret) => secret.hash)).toEqual([hash(parsed?.secret ?? '').toString('hex')])
    expect(JSON.stringify([key, text, stored])).not.toContain(parsed?.secret)
    expect(counter.changes).toBe(1)
  })

  test('a new key gets what was granted', async () => {
    const { keys, clock } = serviceOn(await open())
    const { key } = await keys.create(LOCAL, {
      name: 'Adas laptop',
      models: ['llama3', 'qwen*'],
      routes: ['manage', 'manage'],
      expiresInMs: 1_000,
      networks: ['10.0.0.0/8'],
      allowsCloud: true,
      allowsMetrics: true,
    })
    expect(await keys.show(LOCAL, 'Adas laptop')).toEqual(key)
    expect(key).toMatchObject({ allowsCloud: true, allowsMetrics: true, expiresAt: clock.now() + 1_000 })
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
    const { keys, repository } = serviceOn(await open())
    const error = await refusalOf(keys.create(LOCAL, { name: 'ada', ...given }))
    expect([error.code, error.param]).toEqual(['invalid_request', param])
    expect(await repository.listAll()).toEqual([])
  })

  test('a key that may only read metrics needs no route', async () => {
    const { keys } = serviceOn(await open())
    const { key } = await keys.create(LOCAL, { name: 'prometheus', routes: [], allowsMetrics: true })
    expect(key.routes.size).toBe(0)
  })

  test('a name is taken while its key is not revoked, and so is an id', async () => {
    const { keys } = serviceOn(await open())
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
    const { keys, repository, clock, counter } = serviceOn(await open())
    const { key, text } = await keys.create(LOCAL, { name: 'ada' })
    clock.advance(5_000)
    const rotated = await keys.rotate(LOCAL, 'ada', 3_600_000)
    expect(rotated.key.id).toBe(key.id)
    expect(rotated.text.reveal()).not.toBe(text.reveal())
    const ends = (await repository.listSecrets()).map((secret) => secret.expires_at)
    expect(ends.sort()).toEqual([clock.now() + 3_600_000, null].sort())
    expect(counter.changes).toBe(2)
  })

  test.each([-1, 0.5, Number.NaN])('a grace of %d is refused', async (graceMs) => {
    const { keys } = serviceOn(await open())
    await keys.create(LOCAL, { name: 'ada' })
    expect((await refusalOf(keys.rotate(LOCAL, 'ada', graceMs))).param).toBe('grace')
  })

  test('a revoked key stays in the list, cannot be rotated, and is revoked once', async () => {
    const { keys, clock } = serviceOn(await open())
    const { key } = await keys.create(LOCAL, { name: 'ada' })
    const revokedAt = clock.now()
    expect((await keys.revoke(LOCAL, key.id)).after.revokedAt).toBe(revokedAt)
    clock.advance(1_000)
    expect((await keys.revoke(LOCAL, key.id)).after.revokedAt).toBe(revokedAt)
    expect((await refusalOf(keys.rotate(LOCAL, key.id, 0))).code).toBe('invalid_request')
    expect(await keys.list(LOCAL, ALL)).toHaveLength(1)
  })

  test('a key nobody knows is said to be so, without repeating what was asked', async () => {
    const { keys } = serviceOn(await open())
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
