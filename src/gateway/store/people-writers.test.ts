import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import {
  addMember,
  addOrg,
  addPerson,
  addSession,
  addSystemAdmin,
  setSessionOrg,
} from '../../../test/support/people.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { MemberRepository } from './member-repository.ts'
import { MemberWriter } from './member-writer.ts'
import { OrgRepository } from './org-repository.ts'
import { OrgWriter } from './org-writer.ts'
import { PersonRepository } from './person-repository.ts'
import { PersonWriter } from './person-writer.ts'
import type { OpenChange } from './store.ts'

async function partsOn(open: OpenTestDatabase) {
  const database = await open()
  for (const id of ['ada', 'bob']) await addPerson(database, `${id}@example.org`)
  const { store, clock } = await openTestStore(database)
  let seen = 0
  /** Makes a change; what it gave, and the marks of it. */
  const write = async <T>(run: (change: OpenChange) => Promise<T>) => {
    const result = await recordedChange(store, run)
    const marks = await database.db.selectFrom('changes').selectAll().where('seq', '>', seen).orderBy('seq').execute()
    seen = marks.at(-1)?.seq ?? seen
    return { result, marks: marks.map(({ noun, thing_id }) => `${noun} ${thing_id}`) }
  }
  return {
    database,
    clock,
    write,
    orgs: new OrgRepository(database),
    members: new MemberRepository(database),
    people: new PersonRepository(database),
  }
}

describeDatabases((open) => {
  describe('orgs within a change', () => {
    test('are made and changed, and those who follow are told', async () => {
      const { write, orgs, clock } = await partsOn(open)
      const at = clock.now()
      const made = await write((change) =>
        new OrgWriter(change).insert({ id: 'org_1', slug: 'one', name: 'One', created_at: at }),
      )
      expect(made.marks).toEqual(['orgs org_1'])
      expect(await orgs.find('one')).toEqual(made.result)
      clock.advance(9)
      const set = await write((change) => new OrgWriter(change).set(made.result, { name: 'Two' }))
      expect(set.marks).toEqual(['orgs org_1'])
      expect(set.result).toEqual({ ...made.result, name: 'Two', version: 2, updated_at: at + 9 })
      expect(await orgs.find('org_1')).toEqual(set.result)
    })

    test('one goes with all that is in it, and each of it is told', async () => {
      const { database, write, orgs, members, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'org_1', 'ada', 'owner')
      const { sessionId } = await addSession(database, 'ada')
      await setSessionOrg(database, sessionId, 'org_1')
      const upstream = { label: 'u', url: 'http://127.0.0.1:1', kind: null, credential: null, version: 1 }
      const times = { created_at: 0, updated_at: 0, created_by: 'ada' }
      await database.db
        .insertInto('upstreams')
        .values({ id: 'up_1', org_id: 'org_1', ...upstream, ...times })
        .execute()
      const { marks } = await write((change) => new OrgWriter(change).remove('org_1'))
      expect(marks).toEqual(['people ada', 'upstreams up_1', 'orgs org_1'])
      expect(await orgs.find('org_1')).toBeUndefined()
      expect(await members.find('org_1', 'ada')).toBeUndefined()
      expect(await people.standing('ada', sessionId)).toMatchObject({ orgId: undefined })
      expect(await database.db.selectFrom('upstreams').selectAll().execute()).toEqual([])
    })
  })

  describe('members within a change', () => {
    test('are added once, get another role, and go', async () => {
      const { write, members, clock } = await partsOn(open)
      const added = await write((change) => new MemberWriter(change).add('default', 'ada', 'member'))
      expect(added).toEqual({ result: true, marks: ['people ada'] })
      const again = await write((change) => new MemberWriter(change).add('default', 'ada', 'owner'))
      expect(again).toEqual({ result: false, marks: [] })
      const before = await members.find('default', 'ada')
      expect(before).toMatchObject({ role: 'member', version: 1, created_at: clock.now() })
      if (before === undefined) throw new Error('there is no member')
      const changed = await write((change) => new MemberWriter(change).setRole(before, 'admin'))
      expect(changed).toEqual({ result: { ...before, role: 'admin', version: 2 }, marks: ['people ada'] })
      expect(await members.find('default', 'ada')).toEqual(changed.result)
      const removed = await write((change) => new MemberWriter(change).remove(before))
      expect(removed.marks).toEqual(['people ada'])
      expect(await members.find('default', 'ada')).toBeUndefined()
    })

    test('the last owner of an org is known', async () => {
      const { database, write } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'owner')
      await addMember(database, 'org_1', 'bob', 'owner')
      const isLast = async (role: 'owner' | 'admin') =>
        (await write((change) => new MemberWriter(change).isLastOwner({ org_id: 'default', person_id: 'ada', role })))
          .result
      expect(await isLast('owner')).toBe(true)
      expect(await isLast('admin')).toBe(false)
      await addMember(database, 'default', 'bob', 'owner')
      expect(await isLast('owner')).toBe(false)
    })
  })

  describe('people within a change', () => {
    test('become system admins, and none any more; the last one is known', async () => {
      const { database, write, people } = await partsOn(open)
      await addSystemAdmin(database, 'ada')
      const isLast = async (id: string) =>
        (await write((change) => new PersonWriter(change).isLastSystemAdmin(id))).result
      expect([await isLast('ada'), await isLast('bob')]).toEqual([true, false])
      expect((await write((change) => new PersonWriter(change).addSystemAdmin('bob'))).marks).toEqual(['people bob'])
      expect([await isLast('ada'), await isLast('bob')]).toEqual([false, false])
      expect((await write((change) => new PersonWriter(change).removeSystemAdmin('ada'))).marks).toEqual(['people ada'])
      expect(await people.findAccount('ada')).toMatchObject({ is_system_admin: 0 })
      expect(await isLast('bob')).toBe(true)
    })

    test('who is stripped may nothing any more', async () => {
      const { database, write, people } = await partsOn(open)
      await addSystemAdmin(database, 'ada')
      await addMember(database, 'default', 'ada', 'owner')
      const { marks } = await write((change) => new PersonWriter(change).strip('ada'))
      expect(marks).toEqual(['people ada'])
      expect(await people.findAccount('ada')).toMatchObject({ is_system_admin: 0, orgs: [] })
    })

    test('a session works in another org, which can be chosen again', async () => {
      const { database, write, people } = await partsOn(open)
      await addOrg(database, 'org_1')
      await addMember(database, 'default', 'ada', 'member', 1)
      await addMember(database, 'org_1', 'ada', 'admin', 2)
      const { sessionId } = await addSession(database, 'ada')
      for (const orgId of ['org_1', 'default', 'org_1']) {
        const { marks } = await write((change) => new PersonWriter(change).setSessionOrg(sessionId, orgId))
        expect(marks).toEqual([`sessions ${sessionId}`])
        expect(await people.standing('ada', sessionId)).toMatchObject({ orgId })
      }
    })
  })
})
