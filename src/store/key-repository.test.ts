import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { KeyRepository, type KeyScope, type NewKey } from './key-repository.ts'
import type { PlaceInTime } from './page.ts'

const AT = Date.UTC(2026, 0, 1)
const CHOSEN = {
  name: 'chosen',
  models: '["llama3"]',
  routes: '["metadata"]',
  networks: '[]',
  allows_cloud: 1,
  allows_metrics: 0,
  expires_at: null,
}
const ORG = { orgId: 'default', personId: undefined }

function newKey(id: string, given: Partial<NewKey> = {}): NewKey {
  const scopes = { models: '["*"]', routes: '["inference"]', networks: '[]', allows_cloud: 0, allows_metrics: 0 }
  const owner = { org_id: 'default', person_id: null, created_by: 'local admin', is_playground: 0 }
  return { id, ...owner, name: `name of ${id}`, ...scopes, created_at: AT, expires_at: null, ...given }
}

describeDatabases((open) => {
  test('a stored key is found by id and by name, with its secret', async () => {
    const keys = new KeyRepository(await open())
    expect(await keys.insert(newKey('k1', { expires_at: AT + 1 }), 'hash1')).toBe('stored')
    const stored = {
      ...newKey('k1', { expires_at: AT + 1 }),
      version: 1,
      updated_at: AT,
      revoked_at: null,
      last_used_at: null,
    }
    expect(await keys.find(ORG, 'k1')).toEqual(stored)
    expect(await keys.find(ORG, 'name of k1')).toEqual(stored)
    expect(await keys.find(ORG, 'k2')).toBeUndefined()
    expect(await keys.find({ orgId: 'org_b', personId: undefined }, 'k1')).toBeUndefined()
    expect(await keys.find({ ...ORG, personId: 'ada' }, 'k1')).toBeUndefined()
    expect(await keys.listSecrets()).toEqual([{ key_id: 'k1', hash: 'hash1', created_at: AT, expires_at: null }])
  })

  test('keys are listed oldest first', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k2', { created_at: AT + 5 }), 'b')
    await keys.insert(newKey('k3'), 'c')
    await keys.insert(newKey('k1'), 'a')
    expect((await keys.listAll()).map((key) => key.id)).toEqual(['k1', 'k3', 'k2'])
  })

  test('a name is taken until its key is revoked', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1', { name: 'ada' }), 'a')
    expect(await keys.insert(newKey('k2', { name: 'ada' }), 'b')).toBe('name_taken')
    expect(await keys.listSecrets()).toHaveLength(1)
    await keys.revoke('k1', AT + 1)
    expect(await keys.insert(newKey('k2', { name: 'ada' }), 'b')).toBe('stored')
    expect((await keys.find(ORG, 'ada'))?.id).toBe('k2')
  })

  test('a rotation gives the older secrets an end, and never a later one than they had', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    await keys.insert(newKey('k2'), 'other')
    expect(await keys.rotate('k1', { hash: 'b', at: AT + 10, olderExpireAt: AT + 100 })).toBe(true)
    expect(await keys.rotate('k1', { hash: 'c', at: AT + 20, olderExpireAt: AT + 500 })).toBe(true)
    const ends = new Map((await keys.listSecrets()).map((secret) => [secret.hash, secret.expires_at]))
    expect(ends).toEqual(
      new Map([
        ['a', AT + 100],
        ['b', AT + 500],
        ['c', null],
        ['other', null],
      ]),
    )
  })

  test('a later rotation with a shorter grace ends the older secrets sooner', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    await keys.rotate('k1', { hash: 'b', at: AT, olderExpireAt: AT + 1_000 })
    await keys.rotate('k1', { hash: 'c', at: AT, olderExpireAt: AT })
    expect((await keys.listSecrets()).filter((secret) => secret.expires_at === AT)).toHaveLength(2)
  })

  test('a revoked or unknown key is neither rotated nor revoked again', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    expect(await keys.revoke('k1', AT + 1)).toBe(true)
    const mark = await keys.changeMark()
    expect(await keys.revoke('k1', AT + 2)).toBe(false)
    expect(await keys.revoke('nobody', AT + 2)).toBe(false)
    expect(await keys.rotate('k1', { hash: 'b', at: AT + 2, olderExpireAt: AT + 2 })).toBe(false)
    expect((await keys.find(ORG, 'k1'))?.revoked_at).toBe(AT + 1)
    expect(await keys.listSecrets()).toHaveLength(1)
    expect(await keys.changeMark()).toBe(mark)
  })

  test('every change moves the mark, even in the same millisecond or by a clock that is behind', async () => {
    const keys = new KeyRepository(await open())
    const marks = [await keys.changeMark()]
    const changes = [
      () => keys.insert(newKey('k1'), 'a'),
      () => keys.insert(newKey('k2'), 'b'),
      () => keys.insert(newKey('k3'), 'd'),
      () => keys.rotate('k1', { hash: 'c', at: AT, olderExpireAt: AT }),
      () => keys.revoke('k2', AT - 60_000),
      () => keys.change({ id: 'k1', version: 1, at: AT }, CHOSEN),
      () => keys.revoke('k1', AT),
      () => keys.revokeAll(ORG, AT),
    ]
    for (const change of changes) {
      expect(await change()).toBeTruthy()
      marks.push(await keys.changeMark())
    }
    expect(new Set(marks).size).toBe(marks.length)
  })

  test('a change sets what people choose and the version, of the version it was made for only', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    await keys.insert(newKey('k2', { name: 'taken' }), 'b')
    await keys.insert(newKey('k3', { name: 'chosen', org_id: 'org_b' }), 'c')
    const change = (id: string, version: number, name = CHOSEN.name) =>
      keys.change({ id, version, at: AT + 1 }, { ...CHOSEN, name })
    expect(await change('k1', 2)).toBe('outdated')
    expect(await change('nobody', 1)).toBe('outdated')
    expect(await change('k1', 1, 'taken')).toBe('name_taken')
    expect(await keys.find(ORG, 'k1')).toMatchObject({ name: 'name of k1', version: 1 })
    expect(await change('k1', 1)).toBe('changed')
    expect(await keys.find(ORG, 'k1')).toMatchObject({ ...CHOSEN, version: 2, created_at: AT })
    expect(await change('k1', 1)).toBe('outdated')
    expect(await change('k1', 2, CHOSEN.name)).toBe('changed')
    await keys.revoke('k1', AT + 2)
    expect(await change('k1', 3)).toBe('outdated')
  })

  test('the keys of one org or person are listed in pages, and ended all at once', async () => {
    const keys = new KeyRepository(await open())
    for (const [index, person_id] of ['ada', 'eve', 'ada', null, 'ada'].entries()) {
      await keys.insert(newKey(`k${index}`, { person_id, created_at: AT + (index >> 1) }), `${index}`)
    }
    await keys.insert(newKey('k9', { org_id: 'org_b', person_id: 'ada' }), '9')
    const ada = { orgId: 'default', personId: 'ada' }
    const ids = async (scope: KeyScope, after?: PlaceInTime) =>
      (await keys.list(scope, { after, limit: 2 }, AT)).map(({ id }) => id)
    expect(await ids(ORG)).toEqual(['k0', 'k1'])
    expect(await ids(ORG, { at: AT, id: 'k1' })).toEqual(['k2', 'k3'])
    expect(await ids(ORG, { at: AT + 1, id: 'k3' })).toEqual(['k4'])
    expect(await ids(ada, { at: AT, id: 'k0' })).toEqual(['k2', 'k4'])
    await keys.revoke('k0', AT)
    expect((await keys.revokeAll(ada, AT + 5)).map(({ id, revoked_at }) => [id, revoked_at]).sort()).toEqual([
      ['k2', AT + 5],
      ['k4', AT + 5],
    ])
    expect(
      (await keys.listAll())
        .filter(({ revoked_at }) => revoked_at === null)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['k1', 'k3', 'k9'])
  })

  test('changes made at once each get a mark of their own', async () => {
    const keys = new KeyRepository(await open())
    await Promise.all(Array.from({ length: 20 }, (_, index) => keys.insert(newKey(`k${index}`), `hash${index}`)))
    expect(new Set((await keys.listAll()).map((key) => key.updated_at)).size).toBe(20)
  })

  test('times of last use only move forward, and leave the mark alone', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    await keys.insert(newKey('k2'), 'b')
    const mark = await keys.changeMark()
    await keys.touch(new Map())
    await keys.touch(
      new Map([
        ['k2', AT + 9],
        ['k1', AT + 5],
      ]),
    )
    await keys.touch(
      new Map([
        ['k1', AT + 3],
        ['nobody', AT],
      ]),
    )
    expect((await keys.listAll()).map((key) => key.last_used_at)).toEqual([AT + 5, AT + 9])
    expect(await keys.changeMark()).toBe(mark)
  })

  test('secrets past their grace are deleted, current ones are not', async () => {
    const keys = new KeyRepository(await open())
    await keys.insert(newKey('k1'), 'a')
    await keys.rotate('k1', { hash: 'b', at: AT, olderExpireAt: AT + 100 })
    expect(await keys.deleteExpiredSecrets(AT + 99)).toBe(0)
    expect(await keys.deleteExpiredSecrets(AT + 100)).toBe(1)
    expect((await keys.listSecrets()).map((secret) => secret.hash)).toEqual(['b'])
  })
})
