import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { contentsOf } from '../../../test/support/broken-audit.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { adminOf } from '../../../test/support/key-actors.ts'
import { addMember, addPerson, addSystemAdmin } from '../../../test/support/people.ts'
import { NO_SETUP_LINKS, SIGN_IN_AWAY } from '../serve/sign-in-away.ts'
import { Counts } from '../store/counts.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { MemberRepository } from '../store/member-repository.ts'
import { PersonRepository } from '../store/person-repository.ts'
import { AccountService } from './account-service.ts'
import { localActor } from './actor.ts'
import { InvitationService } from './invitation-service.ts'
import type { SessionKeeper } from './session-keeper.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']
const ALL = { after: undefined, limit: 100 }
const NEWCOMER = { name: 'Eve', email: 'eve@example.org', password: 'long enough it is' }

async function partsOn(open: OpenTestDatabase) {
  const control = await openTestControl(open)
  for (const id of IDS) await addPerson(control.database, `${id}@example.org`)
  // So that each has a connection of its own by then.
  await Promise.all(IDS.map((id) => control.accounts.findPerson(id)))
  const codes = async (runs: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(runs)).map((result) => (result.status === 'fulfilled' ? 'done' : result.reason.code))
  return { ...control, local: localActor(), codes, actions: () => control.notes.map(({ action }) => action) }
}

describeDatabases((open, isSqlite) => {
  describe('what several do at once', () => {
    test('leaves an org an owner, whether they leave, are removed or made something else', async () => {
      const { database, members, accounts, local, codes } = await partsOn(open)
      for (const id of IDS) await addMember(database, 'default', id, 'owner')
      const results = await codes(
        IDS.map(async (id, index): Promise<unknown> => {
          if (index % 3 === 0) return await members.remove(local, id)
          if (index % 3 === 1) return await members.changeRole(local, id, { role: 'member', version: 1 })
          return await accounts.remove(local, id)
        }),
      )
      expect(results.filter((result) => result !== 'done')).toEqual(['last_of_its_kind'])
      const owners = (await members.list(local, ALL)).filter(({ role }) => role === 'owner')
      expect(owners).toHaveLength(1)
    })

    test('leaves the gateway a system admin', async () => {
      const { database, accounts, local, codes } = await partsOn(open)
      for (const id of IDS) await addSystemAdmin(database, id)
      const results = await codes(
        IDS.map(async (id, index) =>
          index % 2 === 0 ? await accounts.remove(local, id) : await accounts.setSystemAdmin(local, id, false),
        ),
      )
      expect(results.filter((result) => result !== 'done')).toEqual(['last_of_its_kind'])
      expect((await accounts.list(ALL)).filter(({ isSystemAdmin }) => isSystemAdmin)).toHaveLength(1)
    })

    test('gives a slug once, and whoever came too late owns nothing', async () => {
      const { database, orgs, local, codes, actions } = await partsOn(open)
      await addSystemAdmin(database, 'a')
      const ada = { ...local, kind: 'person', personId: 'a' } as const
      const results = await codes(IDS.map((name) => orgs.create(ada, { name, slug: 'same' })))
      expect(results.filter((result) => result === 'done')).toHaveLength(1)
      expect(results.filter((result) => result === 'already_exists')).toHaveLength(IDS.length - 1)
      expect(await orgs.list({ ...ada, isSystemAdmin: false }, ALL)).toMatchObject([
        { org: { slug: 'same' }, role: 'owner' },
      ])
      expect(actions()).toEqual(['org.create'])
    })

    test('changes a version of an org, and of a member, once', async () => {
      const { database, orgs, members, local, codes } = await partsOn(open)
      await addMember(database, 'default', 'a', 'member')
      const renamed = await codes(IDS.map((name) => orgs.rename(local, name, 1)))
      const changed = await codes(IDS.map(() => members.changeRole(local, 'a', { role: 'admin', version: 1 })))
      for (const results of [renamed, changed]) {
        expect(results.filter((result) => result === 'done')).toHaveLength(1)
        expect(results.filter((result) => result === 'version_conflict')).toHaveLength(IDS.length - 1)
      }
    })

    test('makes one of them the first person, and no other account', async () => {
      const { accounts, setupLinks, codes, actions, members, local } = await partsOn(open)
      const links = await Promise.all([1, 2].map(() => setupLinks.issue('http://localhost')))
      const tokens = links.map((link) => new URL(link).hash.slice(1))
      const results = await codes(
        IDS.map((id, index) =>
          accounts.setUp({ ...NEWCOMER, email: `${id}@first.example` }, tokens[index % 2] ?? '', `192.0.2.${index}`),
        ),
      )
      expect(results.filter((result) => result === 'done')).toHaveLength(1)
      expect(actions()).toEqual(['setup.link', 'setup.link', 'setup'])
      expect(await accounts.list(ALL)).toHaveLength(IDS.length + 1)
      expect(await members.list(local, ALL)).toMatchObject([{ role: 'owner', isSystemAdmin: true }])
    })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  describe('what changes nothing', () => {
    test('of a system admin is not recorded', async () => {
      const { database, accounts, local, actions } = await partsOn(open)
      await addSystemAdmin(database, 'a')
      await accounts.setSystemAdmin(local, 'a', true)
      await accounts.setSystemAdmin(local, 'b', false)
      expect(actions()).toEqual([])
    })
  })

  describe('what fails in the middle', () => {
    test('leaves a person who is removed all that they had', async () => {
      const { database, store, keys, local, unstored, endings, actions } = await partsOn(open)
      await addMember(database, 'default', 'a', 'member')
      await keys.create(adminOf('default', 'a'), { name: 'theirs', isPersonal: true })
      const before = await contentsOf(database)
      const accounts = new AccountService({
        store,
        people: new PersonRepository(database),
        members: new MemberRepository(database),
        // Accounts are removed last, and not where no gateway runs.
        keeper: SIGN_IN_AWAY,
        setupLinks: NO_SETUP_LINKS,
        endings,
        unstored,
      })
      await expect(accounts.remove(local, 'a')).rejects.toMatchObject({ code: 'gateway_not_running' })
      expect(await contentsOf(database)).toEqual(before)
      expect(actions()).toEqual(['key.create'])
    })

    test('makes no account for a newcomer whose invitation is revoked while the password is hashed', async () => {
      const { database, store, keeper, local, clock, actions } = await partsOn(open)
      const slowKeeper: Pick<SessionKeeper, 'prepare' | 'insert'> = {
        async prepare(newcomer) {
          await invitations.revoke(local, invitation.id)
          return await keeper.prepare(newcomer)
        },
        insert: (change, account) => keeper.insert(change, account),
      }
      const hash = (text: string) => createHash('sha256').update(text).digest()
      const invitations = new InvitationService({
        store,
        invitations: new InvitationRepository(database),
        keeper: slowKeeper,
        hash,
        counts: new Counts({ database, hash, clock }),
        clock,
      })
      const { invitation, token } = await invitations.create(local, { role: 'member', expiresInMs: 1_000 })
      const joiner = { person: undefined, newcomer: NEWCOMER, address: '192.0.2.1' }
      await expect(invitations.accept(token.reveal(), joiner)).rejects.toMatchObject({ code: 'not_found' })
      expect(actions()).toEqual(['invitation.create', 'invitation.revoke'])
      const found = database.db.selectFrom('people').select('id').where('email', '=', NEWCOMER.email)
      expect(await found.execute()).toEqual([])
    })
  })
})
