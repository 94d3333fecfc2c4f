import { describe, expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { addMember, addPerson } from '../../test/support/people.ts'
import { MemberRepository } from './member-repository.ts'
import { type NewOrg, OrgRepository } from './org-repository.ts'

const AT = Date.UTC(2100, 0, 1)
const newOrg = (id: string, at = 0): NewOrg => ({ id, slug: `the-${id}`, name: id.toUpperCase(), created_at: AT + at })
const ALL = { after: undefined, limit: 100 }

describeDatabases((open) => {
  describe('orgs', () => {
    test('`default` is there from the start', async () => {
      const orgs = new OrgRepository(await open())
      expect(await orgs.find('default')).toMatchObject({ slug: 'default', name: 'Default', settings: '{}', version: 1 })
    })

    test('one is found by its id and by its slug', async () => {
      const orgs = new OrgRepository(await open())
      const stored = await orgs.insert(newOrg('o1'), undefined)
      expect(stored).toEqual({ ...newOrg('o1'), settings: '{}', version: 1, updated_at: AT })
      expect(await orgs.find('o1')).toEqual(stored)
      expect(await orgs.find('the-o1')).toEqual(stored)
      expect(await orgs.find('The-o1')).toBeUndefined()
    })

    test('whoever makes one is its owner', async () => {
      const database = await open()
      await addPerson(database, 'ada@example.org')
      await new OrgRepository(database).insert(newOrg('o1'), 'ada')
      expect(await new MemberRepository(database).find('o1', 'ada')).toMatchObject({
        role: 'owner',
        version: 1,
        created_at: AT,
      })
    })

    test('a slug is given once, even at once, and who came too late owns nothing', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      await addPerson(database, 'ada@example.org')
      const same = ['o1', 'o2', 'o3'].map((id) => orgs.insert({ ...newOrg(id), slug: 'same' }, 'ada'))
      const stored = (await Promise.all(same)).filter((org) => org !== undefined)
      expect(stored).toHaveLength(1)
      expect(await orgs.list({ personId: 'ada', seesAll: false }, ALL)).toMatchObject([{ id: stored[0]?.id }])
    })

    test('each sees those they belong to and their role in them, or all', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      await addPerson(database, 'ada@example.org')
      for (const [at, id] of ['o1', 'o2', 'o3'].entries()) await orgs.insert(newOrg(id, at), undefined)
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
      const orgs = new OrgRepository(await open())
      // All in one millisecond: only the id tells them apart.
      for (const id of ['o2', 'o1', 'o4', 'o3']) await orgs.insert(newOrg(id), undefined)
      const viewer = { personId: undefined, seesAll: true }
      const first = await orgs.list(viewer, { after: undefined, limit: 3 })
      expect(first.map(({ id }) => id)).toEqual(['default', 'o1', 'o2'])
      await orgs.insert(newOrg('o0', -1), undefined)
      await orgs.insert(newOrg('o25'), undefined)
      const rest = await orgs.list(viewer, { after: { at: AT, id: 'o2' }, limit: 3 })
      expect(rest.map(({ id }) => id)).toEqual(['o25', 'o3', 'o4'])
    })

    test('a change needs the newest version; of several at once, one is made', async () => {
      const orgs = new OrgRepository(await open())
      await orgs.insert(newOrg('o1'), undefined)
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      // So that each has a connection of its own by then.
      await Promise.all(names.map((name) => orgs.find(name)))
      const changes = await Promise.all(names.map((name) => orgs.change('o1', 1, { name }, AT + 9)))
      const made = changes.filter((change) => typeof change !== 'string')
      expect(made).toHaveLength(1)
      expect(changes.filter((change) => change === 'stale')).toHaveLength(names.length - 1)
      expect(made[0]).toMatchObject({ before: { name: 'O1', version: 1 }, after: { version: 2, updated_at: AT + 9 } })
      expect(await orgs.find('o1')).toEqual(made[0]?.after)
      expect(await orgs.change('nobody', 1, { name: 'x' }, AT)).toBe('gone')
    })

    test('one goes with its members, invitations and the sessions that work in it', async () => {
      const database = await open()
      const orgs = new OrgRepository(database)
      await addPerson(database, 'ada@example.org')
      await orgs.insert(newOrg('o1'), 'ada')
      expect(await orgs.remove('o1')).toBe(true)
      expect(await orgs.remove('o1')).toBe(false)
      expect(await new MemberRepository(database).find('o1', 'ada')).toBeUndefined()
    })
  })
})
