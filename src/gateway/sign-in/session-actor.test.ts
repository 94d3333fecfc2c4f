import { describe, expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import {
  addMember,
  addOrg,
  addPerson,
  addSession,
  addSystemAdmin,
  setSessionOrg,
} from '../../../test/support/people.ts'
import { PersonRepository } from '../store/person-repository.ts'
import { sessionActor } from './session-actor.ts'

describeDatabases((open) => {
  describe('whoever sends a request in a session', () => {
    const openSession = async () => {
      const database = await open()
      await addPerson(database, 'ada@example.org', 'Ada')
      const session = await addSession(database, 'ada', 'Ada')
      const people = new PersonRepository(database)
      return { database, people, session, actor: () => sessionActor(people, session, '203.0.113.9') }
    }

    test('is who signed in, and may what they may now', async () => {
      const { database, session, actor } = await openSession()
      const ada = { kind: 'person', personId: 'ada', name: 'Ada', address: '203.0.113.9', sessionId: session.sessionId }
      expect(await actor()).toEqual({ ...ada, isSystemAdmin: false, orgId: undefined, role: undefined })
      await addMember(database, 'default', 'ada', 'admin')
      expect(await actor()).toEqual({ ...ada, isSystemAdmin: false, orgId: 'default', role: 'admin' })
    })

    test('is in `default` as a system admin who belongs to no org and chose none', async () => {
      const { database, session, actor } = await openSession()
      await addSystemAdmin(database, 'ada')
      expect(await actor()).toMatchObject({ isSystemAdmin: true, orgId: 'default', role: undefined })
      await addOrg(database, 'org_1')
      await addMember(database, 'org_1', 'ada', 'member')
      expect(await actor()).toMatchObject({ isSystemAdmin: true, orgId: 'org_1', role: 'member' })
      await setSessionOrg(database, session.sessionId, 'default')
      expect(await actor()).toMatchObject({ isSystemAdmin: true, orgId: 'default', role: undefined })
    })

    test('is nobody when the person is gone', async () => {
      const { people, session } = await openSession()
      expect(await sessionActor(people, { ...session, personId: 'nobody' }, '203.0.113.9')).toBeUndefined()
    })
  })
})
