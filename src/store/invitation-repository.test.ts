import { describe, expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../test/support/databases.ts'
import { addMember, addOrg, addPerson, addSystemAdmin } from '../../test/support/people.ts'
import { InvitationRepository, type NewInvitation } from './invitation-repository.ts'
import { MemberRepository } from './member-repository.ts'

const AT = Date.UTC(2100, 0, 1)
const newInvitation = (id: string, given: Partial<NewInvitation> = {}): NewInvitation => ({
  id,
  org_id: 'default',
  hash: `hash of ${id}`,
  email: null,
  role: 'member',
  created_at: AT,
  created_by: 'Ada',
  inviter_id: null,
  expires_at: AT + 1_000,
  ...given,
})
const anyOpen = () => true

const IDS = ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
/** Runs it for each id at the same time. The first run of a test also opens the connections that the others use. */
const atOnce = <T>(run: (id: string) => Promise<T>) => Promise.all(IDS.map(run))

async function partsOn(open: OpenTestDatabase) {
  const database = await open()
  await addPerson(database, 'ada@example.org', 'Ada')
  await addPerson(database, 'bob@example.org', 'Bob')
  const invitations = new InvitationRepository(database)
  return { database, invitations, members: new MemberRepository(database) }
}

describeDatabases((open) => {
  describe('invitations', () => {
    test('are shown with what is known of those they name', async () => {
      const { database, invitations } = await partsOn(open)
      await addMember(database, 'default', 'ada', 'admin')
      await invitations.insert(newInvitation('i1', { inviter_id: 'ada' }), 9)
      expect(await invitations.find('i1')).toEqual({
        ...newInvitation('i1', { inviter_id: 'ada' }),
        accepted_at: null,
        accepted_by: null,
        revoked_at: null,
        org_name: 'Default',
        inviter_role: 'admin',
        is_inviter_system_admin: 0,
        accepter_name: null,
      })
      await addSystemAdmin(database, 'ada')
      await invitations.accept('i1', 'bob', AT, anyOpen)
      expect(await invitations.find('i1')).toMatchObject({
        is_inviter_system_admin: 1,
        accepted_at: AT,
        accepter_name: 'Bob',
      })
    })

    test('are listed newest first, in pages that miss none', async () => {
      const { database, invitations } = await partsOn(open)
      for (const id of ['i2', 'i1', 'i3']) await invitations.insert(newInvitation(id), 9)
      await invitations.insert(newInvitation('i0', { created_at: AT + 1 }), 9)
      await addOrg(database, 'org_1')
      await invitations.insert(newInvitation('other', { org_id: 'org_1' }), 9)
      const ids = async (page: Parameters<InvitationRepository['list']>[1]) =>
        (await invitations.list('default', page)).map(({ id }) => id)
      expect(await ids({ after: undefined, limit: 2 })).toEqual(['i0', 'i3'])
      await invitations.insert(newInvitation('newest', { created_at: AT + 2 }), 9)
      expect(await ids({ after: { at: AT, id: 'i3' }, limit: 9 })).toEqual(['i2', 'i1'])
    })

    test('so many may wait, and no more at once; those that ended do not count', async () => {
      const { invitations } = await partsOn(open)
      await atOnce(() => invitations.find('nobody'))
      const stored = await atOnce((id) => invitations.insert(newInvitation(id), 3))
      expect(stored.filter(Boolean)).toHaveLength(3)
      const waiting = await invitations.list('default', { after: undefined, limit: 9 })
      await invitations.revoke('default', waiting[0]?.id ?? '', AT)
      await invitations.accept(waiting[1]?.id ?? '', 'bob', AT, anyOpen)
      expect(await invitations.insert(newInvitation('later 1'), 3)).toBe(true)
      expect(await invitations.insert(newInvitation('later 2'), 3)).toBe(true)
      expect(await invitations.insert(newInvitation('later 3'), 3)).toBe(false)
      expect(await invitations.insert(newInvitation('later 4', { created_at: AT + 1_000 }), 3)).toBe(true)
    })

    test('one that is open can be revoked, once, in its own org', async () => {
      const { database, invitations } = await partsOn(open)
      await addOrg(database, 'org_1')
      for (const id of ['i1', 'i2']) await invitations.insert(newInvitation(id), 9)
      expect(await invitations.revoke('org_1', 'i1', AT)).toBe(false)
      expect(await invitations.revoke('default', 'i1', AT + 1)).toBe(true)
      expect(await invitations.revoke('default', 'i1', AT + 2)).toBe(false)
      expect(await invitations.find('i1')).toMatchObject({ revoked_at: AT + 1 })
      await invitations.accept('i2', 'bob', AT, anyOpen)
      expect(await invitations.revoke('default', 'i2', AT)).toBe(false)
      await invitations.insert(newInvitation('i3'), 9)
      expect(await invitations.revoke('default', 'i3', AT + 1_000)).toBe(false)
    })

    test('whoever accepts one gets its role', async () => {
      const { invitations, members } = await partsOn(open)
      await invitations.insert(newInvitation('i1', { role: 'admin' }), 9)
      expect(await invitations.accept('i1', 'bob', AT + 5, anyOpen)).toMatchObject({ id: 'i1' })
      expect(await members.find('default', 'bob')).toMatchObject({ role: 'admin', created_at: AT + 5 })
    })

    test('it serves one, even of several at once', async () => {
      const { database, invitations, members } = await partsOn(open)
      await invitations.insert(newInvitation('i1'), 9)
      for (const id of IDS) await addPerson(database, `${id}@example.org`)
      const isOpen = (row: { accepted_at: number | null }) => row.accepted_at === null
      await atOnce(() => invitations.find('nobody'))
      const results = await atOnce((id) => invitations.accept('i1', id, AT, isOpen))
      expect(results.filter((result) => result === 'closed')).toHaveLength(IDS.length - 1)
      expect(await members.list('default', { after: undefined, limit: 9 })).toHaveLength(1)
    })

    test('a member does not use it up, nor raises their role by it', async () => {
      const { database, invitations, members } = await partsOn(open)
      await addMember(database, 'default', 'bob', 'member')
      await invitations.insert(newInvitation('i1', { role: 'owner' }), 9)
      expect(await invitations.accept('i1', 'bob', AT, anyOpen)).toBe('member')
      expect(await members.find('default', 'bob')).toMatchObject({ role: 'member', version: 1 })
      expect(await invitations.find('i1')).toMatchObject({ accepted_at: null })
    })

    test('whether it is open is asked while nothing else can change', async () => {
      const { invitations, members } = await partsOn(open)
      await invitations.insert(newInvitation('i1'), 9)
      expect(await invitations.accept('i1', 'bob', AT, () => false)).toBe('closed')
      expect(await invitations.accept('nobody', 'bob', AT, anyOpen)).toBe('closed')
      expect(await members.find('default', 'bob')).toBeUndefined()
    })
  })
})
