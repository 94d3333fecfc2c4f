import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { addMember, addOrg, addPerson, addSystemAdmin, removeMember } from '../../../test/support/people.ts'
import { MemberRepository } from './member-repository.ts'
import type { OrgRole } from './schema.ts'

async function partsOn(open: OpenTestDatabase, roles: Readonly<Record<string, OrgRole>>) {
  const database = await open()
  for (const [id, role] of Object.entries(roles)) {
    await addPerson(database, `${id}@example.org`)
    await addMember(database, 'default', id, role)
  }
  const members = new MemberRepository(database)
  return { database, members }
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
        if (next.person_id === 'z') await removeMember(database, 'default', 'v')
      }
      expect(seen).toEqual(['v', 'z', 'x', 'y', 'w'])
    })
  })
})
