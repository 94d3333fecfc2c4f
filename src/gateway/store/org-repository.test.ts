import { describe, expect, test } from 'vitest'
import { MANUAL_CLOCK_START } from '../../../test/support/clock.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addMember, addOrg, addPerson } from '../../../test/support/people.ts'
import { OrgRepository } from './org-repository.ts'

/** After `default` was made, in milliseconds from where the clock of tests starts. */
const LATER = Date.UTC(2100, 0, 1) - MANUAL_CLOCK_START
const ALL = { after: undefined, limit: 100 }

describeDatabases((open) => {
  describe('orgs', () => {
    test('`default` is there from the start', async () => {
      const orgs = new OrgRepository(await open())
      expect(await orgs.find('default')).toMatchObject({ slug: 'default', name: 'Default', settings: '{}', version: 1 })
    })

    test('one is found by its id and by its slug', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      await addOrg(database, 'org_1')
      const found = await orgs.find('org_1')
      expect(found).toMatchObject({ id: 'org_1', slug: '1', name: '1', version: 1 })
      expect(await orgs.find('1')).toEqual(found)
      expect(await orgs.find('Org_1')).toBeUndefined()
    })

    test('each sees those they belong to and their role in them, or all', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      await addPerson(database, 'ada@example.org')
      for (const [at, id] of ['o1', 'o2', 'o3'].entries()) await addOrg(database, id, LATER + at)
      await addMember(database, 'o1', 'ada', 'member')
      await addMember(database, 'o3', 'ada', 'owner')
      const seenBy = async (personId: string | undefined, seesAll: boolean) =>
        (await orgs.list({ personId, seesAll }, ALL)).map(({ id, role }) => [id, role])
      expect(await seenBy('ada', false)).toEqual([
        ['o1', 'member'],
        ['o3', 'owner'],
      ])
      expect(await seenBy('ada', true)).toEqual([
        ['default', null],
        ['o1', 'member'],
        ['o2', null],
        ['o3', 'owner'],
      ])
      expect(await seenBy(undefined, true)).toHaveLength(4)
      expect(await seenBy(undefined, false)).toEqual([])
    })

    test('pages miss none and repeat none, whatever is added meanwhile', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      // All in one millisecond: only the id tells them apart.
      for (const id of ['o2', 'o1', 'o4', 'o3']) await addOrg(database, id, LATER)
      const viewer = { personId: undefined, seesAll: true }
      const first = await orgs.list(viewer, { after: undefined, limit: 3 })
      expect(first.map(({ id }) => id)).toEqual(['default', 'o1', 'o2'])
      await addOrg(database, 'o0', LATER - 1)
      await addOrg(database, 'o25', LATER)
      const rest = await orgs.list(viewer, { after: { at: MANUAL_CLOCK_START + LATER, id: 'o2' }, limit: 3 })
      expect(rest.map(({ id }) => id)).toEqual(['o25', 'o3', 'o4'])
    })
  })
})
