import { expect, test } from 'vitest'
import { MANUAL_CLOCK_START as AT } from '../../../test/support/clock.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { newKey, storedKeys, storedSecrets } from '../../../test/support/stored-keys.ts'
import { KeyRepository } from './key-repository.ts'
import { KeyWriter } from './key-writer.ts'

const CHOSEN = { name: 'chosen', terms: '{"models":["llama3"]}', expires_at: null }
const ORG = { orgId: 'default', personId: undefined }

async function openKeys(open: OpenTestDatabase) {
  const database = await open()
  const { store, clock } = await openTestStore(database)
  return {
    clock,
    keys: new KeyRepository(database),
    change: async <T>(run: (writer: KeyWriter) => Promise<T>) =>
      await recordedChange(store, (change) => run(new KeyWriter(change))),
    /** The keys that are marked as changed since `seq`, in that order. */
    async marksAfter(seq: number) {
      const marks = await database.db.selectFrom('changes').selectAll().where('seq', '>', seq).orderBy('seq').execute()
      return marks.map(({ noun, thing_id }) => `${noun} ${thing_id}`)
    },
  }
}

describeDatabases((open) => {
  test('a name is taken until its key is revoked, to all but the key itself', async () => {
    const { change } = await openKeys(open)
    await change((writer) => writer.insert(newKey('k1', { name: 'ada' }), 'a'))
    const isTaken = (orgId: string, name: string, exceptId?: string) =>
      change((writer) => writer.isNameTaken(orgId, name, exceptId))
    expect(await isTaken('default', 'ada')).toBe(true)
    expect(await isTaken('default', 'ada', 'k1')).toBe(false)
    expect(await isTaken('default', 'eve')).toBe(false)
    expect(await isTaken('org_b', 'ada')).toBe(false)
    await change((writer) => writer.revoke('k1'))
    expect(await isTaken('default', 'ada')).toBe(false)
  })

  test('the database itself stores no second key of a name, and no secret of one that it refused', async () => {
    const { keys, change } = await openKeys(open)
    await change((writer) => writer.insert(newKey('k1', { name: 'ada' }), 'a'))
    await expect(change((writer) => writer.insert(newKey('k2', { name: 'ada' }), 'b'))).rejects.toThrow()
    expect((await storedSecrets(keys)).map(({ hash }) => hash)).toEqual(['a'])
  })

  test('a rotation gives the older secrets an end, and never a later one than they had', async () => {
    const { keys, change } = await openKeys(open)
    await change((writer) => writer.insert(newKey('k1'), 'a'))
    await change((writer) => writer.insert(newKey('k2'), 'other'))
    await change((writer) => writer.rotate('k1', { hash: 'b', olderExpireAt: AT + 100 }))
    await change((writer) => writer.rotate('k1', { hash: 'c', olderExpireAt: AT + 500 }))
    const ends = new Map((await storedSecrets(keys)).map((secret) => [secret.hash, secret.expires_at]))
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
    const { keys, change } = await openKeys(open)
    await change((writer) => writer.insert(newKey('k1'), 'a'))
    await change((writer) => writer.rotate('k1', { hash: 'b', olderExpireAt: AT + 1_000 }))
    await change((writer) => writer.rotate('k1', { hash: 'c', olderExpireAt: AT }))
    expect((await storedSecrets(keys)).filter((secret) => secret.expires_at === AT)).toHaveLength(2)
  })

  test('whatever is written of a key marks that key, once in a change', async () => {
    const { change, marksAfter } = await openKeys(open)
    const changes: ((writer: KeyWriter) => Promise<unknown>)[] = [
      (writer) => writer.insert(newKey('k1'), 'a'),
      (writer) => writer.insert(newKey('k2'), 'b'),
      (writer) => writer.insert(newKey('k3'), 'd'),
      (writer) => writer.rotate('k1', { hash: 'c', olderExpireAt: AT }),
      (writer) => writer.revoke('k2'),
      (writer) => writer.set({ id: 'k1', version: 1 }, CHOSEN),
      async (writer) => {
        await writer.rotate('k1', { hash: 'e', olderExpireAt: AT })
        await writer.revoke('k1')
      },
      (writer) => writer.revokeAll(ORG),
    ]
    for (const [index, run] of changes.entries()) {
      await change(run)
      const key = ['k1', 'k2', 'k3', 'k1', 'k2', 'k1', 'k1', 'k3'][index]
      expect(await marksAfter(index)).toEqual([`keys ${key}`])
    }
  })

  test('a change sets what people choose and the next version, of one key only', async () => {
    const { keys, change, clock } = await openKeys(open)
    await change((writer) => writer.insert(newKey('k1'), 'a'))
    await change((writer) => writer.insert(newKey('k3', { name: 'chosen', org_id: 'org_b' }), 'c'))
    clock.advance(7)
    const set = await change((writer) => writer.set({ id: 'k1', version: 1 }, CHOSEN))
    expect(set).toEqual({
      ...newKey('k1'),
      ...CHOSEN,
      version: 2,
      created_at: AT,
      updated_at: AT + 7,
      revoked_at: null,
      last_used_at: null,
    })
    expect(await keys.find(ORG, 'k1')).toEqual(set)
    expect(await keys.find({ orgId: 'org_b', personId: undefined }, 'k3')).toMatchObject({ version: 1, updated_at: AT })
  })

  test('what is left within a scope ends at once, and nothing of it twice', async () => {
    const { keys, change, clock, marksAfter } = await openKeys(open)
    for (const [index, person_id] of ['ada', 'eve', 'ada', null, 'ada'].entries()) {
      await change((writer) => writer.insert(newKey(`k${index}`, { person_id }), `${index}`))
    }
    await change((writer) => writer.insert(newKey('k9', { org_id: 'org_b', person_id: 'ada' }), '9'))
    await change((writer) => writer.revoke('k0'))
    clock.advance(5)
    const ada = { orgId: 'default', personId: 'ada' }
    const revoked = await change((writer) => writer.revokeAll(ada))
    expect(revoked.map(({ id, revoked_at }) => [id, revoked_at]).sort()).toEqual([
      ['k2', AT + 5],
      ['k4', AT + 5],
    ])
    expect((await marksAfter(7)).sort()).toEqual(['keys k2', 'keys k4'])
    expect(await change((writer) => writer.revokeAll(ada))).toEqual([])
    expect(await marksAfter(9)).toEqual([])
    const left = (await storedKeys(keys)).filter(({ revoked_at }) => revoked_at === null)
    expect(left.map(({ id }) => id).sort()).toEqual(['k1', 'k3', 'k9'])
  })

  test('active keys of a scope are counted: neither revoked, expired nor of a playground', async () => {
    const { change, clock } = await openKeys(open)
    await change(async (writer) => {
      await writer.insert(newKey('k1'), 'a')
      await writer.insert(newKey('k2', { expires_at: AT + 10 }), 'b')
      await writer.insert(newKey('k3', { is_playground: 1 }), 'c')
      await writer.insert(newKey('k4', { org_id: 'org_b' }), 'd')
      await writer.insert(newKey('k5'), 'e')
      await writer.revoke('k5')
    })
    const count = () => change((writer) => writer.countActive(ORG))
    expect(await count()).toBe(2)
    clock.advance(10)
    expect(await count()).toBe(1)
  })
})
