import { describe, expect, test } from 'vitest'
import { MANUAL_CLOCK_START } from '../../../test/support/clock.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { newInvitation } from '../../../test/support/new-invitation.ts'
import { addMember, addPerson, addSystemAdmin } from '../../../test/support/people.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { InvitationRepository } from './invitation-repository.ts'
import { InvitationWriter, type NewInvitation } from './invitation-writer.ts'

const AT = MANUAL_CLOCK_START

async function partsOn(open: OpenTestDatabase) {
  const database = await open()
  await addPerson(database, 'ada@example.org', 'Ada')
  await addPerson(database, 'bob@example.org', 'Bob')
  const { store, clock } = await openTestStore(database)
  const write = <T>(run: (invitations: InvitationWriter) => Promise<T>) =>
    recordedChange(store, (change) => run(new InvitationWriter(change)))
  const invite = (id: string, given: Partial<NewInvitation> = {}) =>
    write((invitations) => invitations.insert(newInvitation(id, given)))
  return { database, clock, invitations: new InvitationRepository(database), write, invite }
}

describeDatabases((open) => {
  describe('invitations', () => {
    test('are shown with what is known of those they name', async () => {
      const { database, invitations, invite, write } = await partsOn(open)
      await addMember(database, 'default', 'ada', 'admin')
      await invite('i1', { inviter_id: 'ada' })
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
      await write((all) => all.accept('i1', 'bob'))
      expect(await invitations.find('i1')).toMatchObject({
        is_inviter_system_admin: 1,
        accepted_at: AT,
        accepter_name: 'Bob',
      })
    })

    test('are listed newest first, in pages that miss none', async () => {
      const { invitations, invite } = await partsOn(open)
      for (const id of ['i2', 'i1', 'i3']) await invite(id)
      await invite('i0', { created_at: AT + 1 })
      const ids = async (page: Parameters<typeof invitations.list>[1]) =>
        (await invitations.list('default', page)).map(({ id }) => id)
      expect(await ids({ after: undefined, limit: 2 })).toEqual(['i0', 'i3'])
      await invite('newest', { created_at: AT + 2 })
      expect(await ids({ after: { at: AT, id: 'i3' }, limit: 9 })).toEqual(['i2', 'i1'])
    })

    test('those that nobody can accept any more do not wait, and are not revoked', async () => {
      const { invitations, invite, write, clock } = await partsOn(open)
      for (const id of ['i1', 'i2', 'i3', 'i4']) await invite(id, { email: 'eve@example.org' })
      const waiting = () => write((all) => all.countWaiting('default'))
      expect(await waiting()).toBe(4)
      expect(await write((all) => all.revoke('i1'))).toBe(true)
      await write((all) => all.accept('i2', 'bob'))
      expect(await waiting()).toBe(2)
      expect((await invitations.listWaiting('eve@example.org', clock.now())).map(({ id }) => id)).toEqual(['i3', 'i4'])
      clock.advance(1_000)
      expect(await waiting()).toBe(0)
      for (const id of ['i1', 'i2', 'i3', 'nobody']) expect(await write((all) => all.revoke(id))).toBe(false)
      expect(await invitations.find('i1')).toMatchObject({ revoked_at: AT })
      expect(await write((all) => all.countWaiting('org_1'))).toBe(0)
    })
  })
})
