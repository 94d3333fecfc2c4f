import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { noteOf } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { newInvitation } from '../../../test/support/new-invitation.ts'
import { addMember, addOrg, addPerson } from '../../../test/support/people.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { InvitationWriter, type NewInvitation } from '../store/invitation-writer.ts'
import { MemberRepository } from '../store/member-repository.ts'
import { OrgAdmission } from './org-admission.ts'
import type { AdmissionRule } from './sign-in-settings.ts'

const EVE = { issuerId: 'work', email: 'eve@example.org', name: 'Eve' }

describeDatabases((open) => {
  const openAdmission = async () => {
    const database = await open()
    const clock = new ManualClock()
    const logLines: string[] = []
    const { store, entries } = await openTestStore(database, clock)
    const invitations = new InvitationRepository(database)
    const members = new MemberRepository(database)
    const admission = new OrgAdmission({
      invitations,
      clock,
      log: pino({}, { write: (line: string) => void logLines.push(line) }),
    })
    await addOrg(database, 'org_1')
    await addPerson(database, 'eve@example.org', 'Eve')
    const write = <T>(run: (all: InvitationWriter) => Promise<T>) =>
      recordedChange(store, (change) => run(new InvitationWriter(change)))
    const invite = (id: string, given: Partial<NewInvitation> = {}) =>
      write((all) => all.insert(newInvitation(id, { email: EVE.email, ...given })))
    const welcome = (rule: AdmissionRule | undefined) =>
      recordedChange(store, (change) => admission.welcome(change, { ...EVE, personId: 'eve' }, rule))
    const notes = () => entries.filter(({ action }) => action !== 'test.change').map(noteOf)
    const roleIn = async (orgId: string) => (await members.find(orgId, 'eve'))?.role
    return { database, admission, invitations, clock, notes, logLines, write, invite, welcome, roleIn }
  }

  describe('somebody whom an issuer vouches for', () => {
    test('is invited by what names their address and is open', async () => {
      const { database, admission, write, invite, clock } = await openAdmission()
      await addPerson(database, 'ada@example.org')
      await addMember(database, 'default', 'ada', 'member')
      await invite('anyone', { email: null })
      await invite('other', { email: 'eve@example.com' })
      await invite('of a member', { inviter_id: 'ada' })
      await invite('revoked')
      await write((all) => all.revoke('revoked'))
      expect(await admission.isInvited(EVE)).toBe(false)
      await invite('open')
      expect(await admission.isInvited(EVE)).toBe(true)
      clock.advance(1_000)
      expect(await admission.isInvited(EVE)).toBe(false)
    })

    test('joins every org that invited them, and the one the issuer admits to', async () => {
      const { welcome, invite, roleIn, notes, invitations } = await openAdmission()
      await invite('i1', { role: 'admin' })
      await welcome({ domains: ['example.org'], org: '1', role: 'member' })
      expect([await roleIn('default'), await roleIn('org_1')]).toEqual(['admin', 'member'])
      expect(await invitations.find('i1')).toMatchObject({ accepted_by: 'eve' })
      expect(notes()).toMatchObject([
        { action: 'invitation.accept', orgId: 'default', actor: { personId: 'eve', name: 'Eve' } },
        { action: 'member.admit', orgId: 'org_1', after: { role: 'member', issuer: 'work' } },
      ])
    })

    test('keeps the role of an invitation where the issuer would give another', async () => {
      const { welcome, invite, roleIn, notes } = await openAdmission()
      await invite('i1', { role: 'admin' })
      await invite('i2', { role: 'owner' })
      await welcome({ domains: ['example.org'], org: 'default', role: 'owner' })
      expect(await roleIn('default')).toBe('admin')
      expect(notes()).toHaveLength(1)
    })

    test('joins nothing without an invitation or a rule, nor an org that is not there', async () => {
      const { welcome, roleIn, notes, logLines } = await openAdmission()
      await welcome(undefined)
      await welcome({ domains: ['example.org'], org: 'nowhere', role: 'owner' })
      expect([await roleIn('default'), await roleIn('org_1')]).toEqual([undefined, undefined])
      expect(notes()).toEqual([])
      expect(logLines.join()).toContain('sign-in.no-org-to-admit-to')
    })
  })
})
