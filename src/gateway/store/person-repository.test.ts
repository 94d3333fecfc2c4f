import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import {
  addMember,
  addOrg,
  addPerson,
  addSession,
  addSystemAdmin,
  removeMember,
  setSessionOrg,
} from '../../../test/support/people.ts'
import { PersonRepository } from './person-repository.ts'

async function partsOn(open: OpenTestDatabase, ids: readonly string[] = ['ada', 'bob']) {
  const database = await open()
  for (const id of ids) await addPerson(database, `${id}@example.org`)
  const people = new PersonRepository(database)
  return { database, people }
}

describeDatabases((open) => {
  describe('people', () => {
    test('are found by id, with when they came', async () => {
      const { people } = await partsOn(open)
      const ada = await people.find('ada')
      expect(ada).toMatchObject({ id: 'ada', name: 'ada', email: 'ada@example.org' })
      expect(new Date(ada?.createdAt ?? 0).toISOString()).toBe('2026-01-01T00:00:00.000Z')
      expect(await people.find('nobody')).toBeUndefined()
    })

    test('are listed by name with all they belong to, in pages that miss none', async () => {
      const { database, people } = await partsOn(open, ['cid', 'ada', 'bob'])
      await addOrg(database, 'org_1')
      await addMember(database, 'org_1', 'bob', 'admin', 2)
      await addMember(database, 'default', 'bob', 'member', 1)
      const [ada, ...more] = await people.listAccounts({ after: undefined, limit: 2 })
      expect([ada, ...more].map((account) => account?.id)).toEqual(['ada', 'bob'])
      expect(ada?.orgs).toEqual([])
      expect(more[0]?.orgs).toMatchObject([
        { id: 'default', slug: 'default', role: 'member' },
        { id: 'org_1', slug: '1', role: 'admin' },
      ])
      const rest = await people.listAccounts({ after: { name: 'bob', id: 'bob' }, limit: 2 })
      expect(rest).toMatchObject([{ id: 'cid', is_system_admin: 0 }])
      expect(await people.listAccounts({ after: { name: 'cid', id: 'cid' }, limit: 2 })).toEqual([])
    })

    test('somebody runs the gateway, or nobody yet', async () => {
      const { database, people } = await partsOn(open)
      expect(await people.hasSystemAdmin()).toBe(false)
      await addSystemAdmin(database, 'ada')
      expect(await people.hasSystemAdmin()).toBe(true)
    })
  })

  describe('what somebody may do in a session', () => {
    test('without anything: nothing; and whoever is gone is nobody', async () => {
      const { people } = await partsOn(open)
      expect(await people.standing('ada', 's')).toEqual({ isSystemAdmin: false, orgId: undefined, role: undefined })
      expect(await people.standing('nobody', 's')).toBeUndefined()
    })

    test('at first it is in the org they joined first, whatever others chose', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 2)
      await addMember(database, 'org_1', 'ada', 'admin', 1)
      await addMember(database, 'default', 'bob', 'owner')
      const [own, others] = [await addSession(database, 'ada'), await addSession(database, 'bob')]
      await setSessionOrg(database, others.sessionId, 'default')
      expect(await people.standing('ada', own.sessionId)).toMatchObject({ orgId: 'org_1', role: 'admin' })
    })

    test('each session has its own org, which can be chosen again', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 1)
      await addMember(database, 'org_1', 'ada', 'admin', 2)
      const [one, other] = [await addSession(database, 'ada'), await addSession(database, 'ada')]
      await setSessionOrg(database, one.sessionId, 'default')
      await setSessionOrg(database, one.sessionId, 'org_1')
      expect(await people.standing('ada', one.sessionId)).toMatchObject({ orgId: 'org_1', role: 'admin' })
      expect(await people.standing('ada', other.sessionId)).toMatchObject({ orgId: 'default', role: 'member' })
    })

    test('an org they were removed from is none they work in', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 1)
      await addMember(database, 'org_1', 'ada', 'admin', 2)
      const { sessionId } = await addSession(database, 'ada')
      await setSessionOrg(database, sessionId, 'org_1')
      await removeMember(database, 'org_1', 'ada')
      expect(await people.standing('ada', sessionId)).toMatchObject({ orgId: 'default', role: 'member' })
      await removeMember(database, 'default', 'ada')
      expect(await people.standing('ada', sessionId)).toMatchObject({ orgId: undefined, role: undefined })
    })

    test('a system admin works anywhere, and no longer when they are none', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      for (const id of ['ada', 'bob']) await addSystemAdmin(database, id)
      const { sessionId } = await addSession(database, 'ada')
      await setSessionOrg(database, sessionId, 'org_1')
      expect(await people.standing('ada', sessionId)).toEqual({ isSystemAdmin: true, orgId: 'org_1', role: undefined })
      await database.db.deleteFrom('system_admins').where('person_id', '=', 'ada').execute()
      expect(await people.standing('ada', sessionId)).toEqual({
        isSystemAdmin: false,
        orgId: undefined,
        role: undefined,
      })
    })
  })
})
