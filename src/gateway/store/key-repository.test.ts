import { expect, test } from 'vitest'
import { MANUAL_CLOCK_START as AT } from '../../../test/support/clock.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { newKey, storedKeys, storedSecrets } from '../../../test/support/stored-keys.ts'
import { type KeyPage, KeyRepository, type KeyScope } from './key-repository.ts'
import { KeyWriter } from './key-writer.ts'
import type { PlaceInTime } from './page.ts'

const ORG = { orgId: 'default', personId: undefined }

async function openKeys(open: OpenTestDatabase) {
  const database = await open()
  const { store } = await openTestStore(database)
  return {
    database,
    keys: new KeyRepository(database),
    change: async <T>(run: (writer: KeyWriter) => Promise<T>) =>
      await recordedChange(store, (change) => run(new KeyWriter(change))),
  }
}

describeDatabases((open) => {
  test('a stored key is found by id and by name, with its secret', async () => {
    const { keys, change } = await openKeys(open)
    const stored = await change((writer) => writer.insert(newKey('k1', { expires_at: AT + 1 }), 'hash1'))
    expect(stored).toEqual({
      ...newKey('k1', { expires_at: AT + 1 }),
      version: 1,
      updated_at: AT,
      revoked_at: null,
      last_used_at: null,
    })
    expect(await keys.find(ORG, 'k1')).toEqual(stored)
    expect(await keys.find(ORG, 'name of k1')).toEqual(stored)
    expect(await keys.find(ORG, 'k2')).toBeUndefined()
    expect(await keys.find({ orgId: 'org_b', personId: undefined }, 'k1')).toBeUndefined()
    expect(await keys.find({ ...ORG, personId: 'ada' }, 'k1')).toBeUndefined()
    const secret = { key_id: 'k1', hash: 'hash1', created_at: AT, expires_at: null }
    expect(await storedSecrets(keys)).toEqual([secret])
    expect(await keys.listByIds(['k1', 'nobody'])).toEqual([stored])
    expect(await keys.listSecretsOf(['k1', 'nobody'])).toEqual([secret])
  })

  test('keys are listed oldest first', async () => {
    const { keys, change } = await openKeys(open)
    await change(async (writer) => {
      await writer.insert(newKey('k2', { created_at: AT + 5 }), 'b')
      await writer.insert(newKey('k3'), 'c')
      await writer.insert(newKey('k1'), 'a')
    })
    expect((await storedKeys(keys)).map((key) => key.id)).toEqual(['k1', 'k3', 'k2'])
  })

  test('keys are listed in pages, newest first, of one org or person, revoked or not', async () => {
    const { keys, change } = await openKeys(open)
    await change(async (writer) => {
      for (const [index, person_id] of ['ada', 'eve', 'ada', null, 'ada'].entries()) {
        await writer.insert(newKey(`k${index}`, { person_id, created_at: AT + (index >> 1) }), `${index}`)
      }
      await writer.insert(newKey('k9', { org_id: 'org_b', person_id: 'ada' }), '9')
    })
    const ada = { orgId: 'default', personId: 'ada' }
    const ids = async (scope: KeyScope, after?: PlaceInTime, more: Partial<KeyPage> = {}) =>
      (await keys.list(scope, { after, limit: 2, ...more }, AT)).map(({ id }) => id)
    expect(await ids(ORG)).toEqual(['k4', 'k3'])
    expect(await ids(ORG, { at: AT + 1, id: 'k3' })).toEqual(['k2', 'k1'])
    expect(await ids(ORG, { at: AT, id: 'k1' })).toEqual(['k0'])
    expect(await ids(ada, { at: AT + 2, id: 'k4' })).toEqual(['k2', 'k0'])
    await change((writer) => writer.revoke('k0'))
    expect(await ids(ada, undefined, { isRevoked: true })).toEqual(['k0'])
    expect(await ids(ada, undefined, { isRevoked: false })).toEqual(['k4', 'k2'])
    const revokedHere = ['k4', 'k9']
    expect(await ids(ada, undefined, { isRevoked: true, revokedHere })).toEqual(['k4', 'k0'])
    expect(await ids(ada, undefined, { isRevoked: false, revokedHere })).toEqual(['k2'])
  })

  test('keys are looked for by a part of their name or id, in any letter case and to the letter', async () => {
    const { keys, change } = await openKeys(open)
    const named = { aa1: 'Claude Code', bb2: '100%', cc3: 'under_score', dd4: 'back\\slash' }
    await change(async (writer) => {
      for (const [id, name] of Object.entries(named)) await writer.insert(newKey(id, { name }), id)
    })
    const found = async (text: string) =>
      (await keys.list(ORG, { after: undefined, limit: 9, text }, AT)).map(({ id }) => id)
    expect(await found('claude')).toEqual(['aa1'])
    expect(await found('B2')).toEqual(['bb2'])
    expect(await found('%')).toEqual(['bb2'])
    expect(await found('_')).toEqual(['cc3'])
    expect(await found('\\')).toEqual(['dd4'])
    expect(await found('0% ')).toEqual([])
  })

  test('the active keys of a scope are counted, and those that end soon come first to end first', async () => {
    const { keys, change } = await openKeys(open)
    const ends = { k1: 90, k2: 50, k3: 101, k4: null, k5: 1, k6: 60 } as const
    await change(async (writer) => {
      for (const [id, ms] of Object.entries(ends)) {
        await writer.insert(newKey(id, { expires_at: ms === null ? null : AT + ms, person_id: 'ada' }), id)
      }
      await writer.insert(newKey('young', { created_at: AT + 45, expires_at: AT + 50 }), 'young')
      await writer.insert(newKey('abroad', { org_id: 'org_b', expires_at: AT + 50 }), 'abroad')
      await writer.revoke('k6')
    })
    const soon = { before: AT + 100, minLifeMs: 5 }
    expect(await keys.countByLife(ORG, AT + 1, soon)).toEqual({ active: 5, endingSoon: 2 })
    const here = { ...soon, revokedHere: ['k2', 'k4'] }
    expect(await keys.countByLife(ORG, AT + 1, here)).toEqual({ active: 3, endingSoon: 1 })
    expect((await keys.listEndingSoon(ORG, AT + 1, here, 9)).map(({ id }) => id)).toEqual(['k1'])
    expect(await keys.countByLife({ ...ORG, personId: 'eve' }, AT + 1, soon)).toEqual({ active: 0, endingSoon: 0 })
    const first = async (limit: number) => (await keys.listEndingSoon(ORG, AT + 1, soon, limit)).map(({ id }) => id)
    expect(await first(9)).toEqual(['k2', 'k1'])
    expect(await first(1)).toEqual(['k2'])
  })

  test('times of last use only move forward, and mark no change', async () => {
    const { keys, change, database } = await openKeys(open)
    await change(async (writer) => {
      await writer.insert(newKey('k1'), 'a')
      await writer.insert(newKey('k2'), 'b')
    })
    const marks = await database.db.selectFrom('changes').selectAll().execute()
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
    expect((await storedKeys(keys)).map((key) => key.last_used_at)).toEqual([AT + 5, AT + 9])
    expect(await database.db.selectFrom('changes').selectAll().execute()).toEqual(marks)
  })

  test('secrets past their grace are deleted, current ones are not', async () => {
    const { keys, change } = await openKeys(open)
    await change(async (writer) => {
      await writer.insert(newKey('k1'), 'a')
      await writer.rotate('k1', { hash: 'b', olderExpireAt: AT + 100 })
    })
    expect(await keys.deleteExpiredSecrets(AT + 99)).toBe(0)
    expect(await keys.deleteExpiredSecrets(AT + 100)).toBe(1)
    expect((await storedSecrets(keys)).map((secret) => secret.hash)).toEqual(['b'])
  })
})
