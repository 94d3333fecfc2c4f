import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../test/support/databases.ts'
import { addMember, addOrg, addPerson, addSession, addSystemAdmin } from '../../test/support/people.ts'
import { MemberRepository } from './member-repository.ts'
import { PersonRepository } from './person-repository.ts'

const AT = Date.UTC(2100, 0, 1)

async function partsOn(open: OpenTestDatabase, ids: readonly string[] = ['ada', 'bob']) {
  const database = await open()
  for (const id of ids) await addPerson(database, `${id}@example.org`)
  const people = new PersonRepository(database)
  const admins = async () =>
    (await people.listAccounts({ after: undefined, limit: 100 })).filter((account) => account.is_system_admin === 1)
  return { database, people, admins, members: new MemberRepository(database) }
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

    test('the first becomes system admin and owner; of several at once, one', async () => {
      const { people, admins, members } = await partsOn(open, ['ada', 'bob', 'cid'])
      expect(await people.hasSystemAdmin()).toBe(false)
      const results = await Promise.all(['ada', 'bob', 'cid'].map((id) => people.makeFirst(id, 'default', AT)))
      expect(results.filter(Boolean)).toHaveLength(1)
      expect(await people.hasSystemAdmin()).toBe(true)
      const [first, ...others] = await admins()
      expect(others).toEqual([])
      expect(await members.list('default', { after: undefined, limit: 9 })).toMatchObject([
        { person_id: first?.id, role: 'owner', created_at: AT },
      ])
    })
  })

  describe('system admins', () => {
    test('are made and unmade; what the account was is told', async () => {
      const { database, people, admins } = await partsOn(open)
      await addSystemAdmin(database, 'ada')
      expect(await people.setSystemAdmin('bob', true, AT)).toMatchObject({ id: 'bob', is_system_admin: 0 })
      expect(await people.setSystemAdmin('bob', true, AT)).toMatchObject({ id: 'bob', is_system_admin: 1 })
      expect(await people.setSystemAdmin('ada', false, AT)).toMatchObject({ id: 'ada', is_system_admin: 1 })
      expect(await admins()).toMatchObject([{ id: 'bob' }])
      expect(await people.setSystemAdmin('bob', false, AT)).toBe('last')
      expect(await people.setSystemAdmin('nobody', true, AT)).toBe('gone')
    })

    test('of those who all go at once, one stays', async () => {
      const ids = ['a', 'b', 'c', 'd']
      const { database, people, admins } = await partsOn(open, ids)
      for (const id of ids) await addSystemAdmin(database, id)
      const results = await Promise.all(
        ids.map((id, index) => (index % 2 === 0 ? people.strip(id) : people.setSystemAdmin(id, false, AT))),
      )
      expect(results.filter((result) => result === 'last')).toHaveLength(1)
      expect(await admins()).toHaveLength(1)
    })
  })

  describe('who is stripped', () => {
    test('may nothing any more, and can be stripped again', async () => {
      const { database, people, members, admins } = await partsOn(open)
      for (const id of ['ada', 'bob']) {
        await addSystemAdmin(database, id)
        await addMember(database, 'default', id, 'owner')
      }
      expect(await people.strip('ada')).toMatchObject({ id: 'ada', is_system_admin: 1, orgs: [{ id: 'default' }] })
      expect(await members.find('default', 'ada')).toBeUndefined()
      expect(await admins()).toMatchObject([{ id: 'bob' }])
      expect(await people.strip('ada')).toMatchObject({ is_system_admin: 0, orgs: [] })
      expect(await people.strip('nobody')).toBe('gone')
    })

    test('is not the last owner of any org, nor loses anything then', async () => {
      const { database, people, members } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member')
      await addMember(database, 'org_1', 'ada', 'owner')
      expect(await people.strip('ada')).toMatchObject({ lastOwnerOf: { id: 'org_1' } })
      expect(await members.find('default', 'ada')).toMatchObject({ role: 'member' })
    })

    test('leaves an owner behind, whoever else goes at the same time', async () => {
      const ids = ['a', 'b', 'c', 'd']
      const { database, people, members } = await partsOn(open, ids)
      for (const id of ids) await addMember(database, 'default', id, 'owner')
      await Promise.all(
        ids.map((id, index) =>
          index % 2 === 0 ? people.strip(id) : members.remove('default', id, { mayChangeOwners: true }),
        ),
      )
      expect(await members.list('default', { after: undefined, limit: 9 })).toMatchObject([{ role: 'owner' }])
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
      await people.setSessionOrg(others.sessionId, 'default')
      expect(await people.standing('ada', own.sessionId)).toMatchObject({ orgId: 'org_1', role: 'admin' })
    })

    test('each session has its own org, which can be chosen again', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 1)
      await addMember(database, 'org_1', 'ada', 'admin', 2)
      const [one, other] = [await addSession(database, 'ada'), await addSession(database, 'ada')]
      await people.setSessionOrg(one.sessionId, 'default')
      await people.setSessionOrg(one.sessionId, 'org_1')
      expect(await people.standing('ada', one.sessionId)).toMatchObject({ orgId: 'org_1', role: 'admin' })
      expect(await people.standing('ada', other.sessionId)).toMatchObject({ orgId: 'default', role: 'member' })
    })

    test('an org they were removed from is none they work in', async () => {
      const { database, people, members } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 1)
      await addMember(database, 'org_1', 'ada', 'admin', 2)
      const { sessionId } = await addSession(database, 'ada')
      await people.setSessionOrg(sessionId, 'org_1')
      await members.remove('org_1', 'ada', { mayChangeOwners: false })
      expect(await people.standing('ada', sessionId)).toMatchObject({ orgId: 'default', role: 'member' })
      await members.remove('default', 'ada', { mayChangeOwners: false })
      expect(await people.standing('ada', sessionId)).toMatchObject({ orgId: undefined, role: undefined })
    })

    test('a system admin works anywhere, and no longer when they are none', async () => {
      const { database, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      for (const id of ['ada', 'bob']) await addSystemAdmin(database, id)
      const { sessionId } = await addSession(database, 'ada')
      await people.setSessionOrg(sessionId, 'org_1')
      expect(await people.standing('ada', sessionId)).toEqual({ isSystemAdmin: true, orgId: 'org_1', role: undefined })
      await people.setSystemAdmin('ada', false, AT)
      expect(await people.standing('ada', sessionId)).toEqual({
        isSystemAdmin: false,
        orgId: undefined,
        role: undefined,
      })
    })
  })
})
