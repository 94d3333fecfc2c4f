import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../test/support/databases.ts'
import { addMember, addOrg, addPerson, addSystemAdmin } from '../../test/support/people.ts'
import { MemberRepository } from './member-repository.ts'
import type { OrgRole } from './schema.ts'

const OWNER = { mayChangeOwners: true }
const ADMIN = { mayChangeOwners: false }

async function partsOn(open: OpenTestDatabase, roles: Readonly<Record<string, OrgRole>>) {
  const database = await open()
  for (const [id, role] of Object.entries(roles)) {
    await addPerson(database, `${id}@example.org`)
    await addMember(database, 'default', id, role)
  }
  const members = new MemberRepository(database)
  const owners = async () =>
    (await members.list('default', { after: undefined, limit: 100 })).filter(({ role }) => role === 'owner')
  return { database, members, owners }
}

describeDatabases((open) => {
  describe('members', () => {
    test('are shown with who they are', async () => {
      const { database, members } = await partsOn(open, { ada: 'owner', bob: 'member' })
      await addSystemAdmin(database, 'ada')
      expect(await members.find('default', 'ada')).toMatchObject({
        person_id: 'ada',
        name: 'ada',
        email: 'ada@example.org',
        role: 'owner',
        is_system_admin: 1,
        version: 1,
      })
      expect(await members.find('default', 'bob')).toMatchObject({ role: 'member', is_system_admin: 0 })
      await addOrg(database, 'org_1')
      expect(await members.find('org_1', 'ada')).toBeUndefined()
    })

    test('are listed by name in any letter case, then by id, in pages that miss none', async () => {
      const { database, members } = await partsOn(open, {})
      for (const [id, name] of Object.entries({ z: 'ann', y: 'Bob', x: 'bob', w: 'Cid', v: 'ANN' })) {
        await addPerson(database, `${id}@example.org`, name)
        await addMember(database, 'default', id, 'member')
      }
      const seen: string[] = []
      let after: { name: string; id: string } | undefined
      for (;;) {
        const [next] = await members.list('default', { after, limit: 1 })
        if (next === undefined) break
        seen.push(next.person_id)
        after = { name: next.sort_name, id: next.person_id }
        // Whoever goes or comes behind the cursor moves nobody that is ahead of it.
        if (next.person_id === 'z') await members.remove('default', 'v', OWNER)
      }
      expect(seen).toEqual(['v', 'z', 'x', 'y', 'w'])
    })

    test('a change of role needs the newest version and gives both', async () => {
      const { members } = await partsOn(open, { ada: 'owner', bob: 'member' })
      const change = { role: 'admin', version: 1, ...ADMIN } as const
      expect(await members.changeRole('default', 'bob', change)).toMatchObject({
        before: { role: 'member', version: 1 },
        after: { role: 'admin', version: 2 },
      })
      expect(await members.find('default', 'bob')).toMatchObject({ role: 'admin', version: 2 })
      expect(await members.changeRole('default', 'bob', change)).toBe('stale')
      expect(await members.changeRole('default', 'nobody', change)).toBe('gone')
      expect(await members.changeRole('org_1', 'bob', change)).toBe('gone')
    })

    test('whoever may not change owners makes, unmakes and removes none', async () => {
      const { members, owners } = await partsOn(open, { ada: 'owner', bea: 'owner', bob: 'admin' })
      expect(await members.changeRole('default', 'bob', { role: 'owner', version: 1, ...ADMIN })).toBe('owners_only')
      expect(await members.changeRole('default', 'ada', { role: 'member', version: 1, ...ADMIN })).toBe('owners_only')
      expect(await members.remove('default', 'ada', ADMIN)).toBe('owners_only')
      expect(await owners()).toHaveLength(2)
    })

    test('the last owner stays one', async () => {
      const { members, owners } = await partsOn(open, { ada: 'owner', bob: 'admin' })
      expect(await members.changeRole('default', 'ada', { role: 'admin', version: 1, ...OWNER })).toBe('last_owner')
      expect(await members.remove('default', 'ada', OWNER)).toBe('last_owner')
      expect(await members.changeRole('default', 'ada', { role: 'owner', version: 1, ...OWNER })).toMatchObject({
        after: { role: 'owner' },
      })
      expect(await owners()).toMatchObject([{ person_id: 'ada' }])
    })

    test('of owners who all go at once, one stays', async () => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f']
      const { members, owners } = await partsOn(open, Object.fromEntries(ids.map((id) => [id, 'owner'])))
      const results = await Promise.all(
        ids.map((id, index) =>
          index % 2 === 0
            ? members.remove('default', id, OWNER)
            : members.changeRole('default', id, { role: 'member', version: 1, ...OWNER }),
        ),
      )
      expect(results.filter((result) => result === 'last_owner')).toHaveLength(1)
      expect(await owners()).toHaveLength(1)
    })
  })
})
