import { describe, expect, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import {
  actorIn,
  addActor,
  addMember,
  addOrg,
  addPerson,
  addSession,
  addSystemAdmin,
  TEST_ADDRESS,
} from '../../../test/support/people.ts'
import { TEST_URL } from '../../../test/support/people-parts.ts'
import { PunkuError } from '../../core/error.ts'
import { localActor } from '../orgs/actor.ts'
import type { ControlOptions } from './control.ts'
import type { MailSender } from './invitation-control.ts'

const DAY_MS = 86_400_000
const EVE = { name: 'Eve', email: 'eve@example.org', password: 'correct horse battery' }
const TOKEN_TEXT = /^pi_[0-9a-z]{10}_[0-9a-z]{52}$/
const tokenOf = ({ link }: { readonly link: string }) => new URL(link).hash.slice(1)

describeDatabases((open, isSqlite) => {
  const openControl = async (given: Partial<ControlOptions> = {}) => {
    const control = await openTestControl(open, given)
    const { as, database, keeper } = control
    const owner = await addActor(database, 'default', 'owner')
    const admin = await addActor(database, 'default', 'admin')
    await addPerson(database, 'bob@example.org', 'Bob')
    const bob = await actorIn(database, await addSession(database, 'bob', 'Bob'))
    return {
      ...control,
      actors: { owner, admin, bob },
      now: (actor: typeof bob) => actorIn(database, actor),
      owner: as(owner),
      admin: as(admin),
      bob: as(bob),
      nobody: as(undefined),
      /** Makes an invitation and gives its token. */
      invite: async (body: object = {}) => tokenOf(await as(owner).call('createInvitation', '/invitations', body)),
      /** The actor that a session cookie of an answer stands for. */
      signedInBy: async (response: Response) => {
        const cookie = response.headers
          .getSetCookie()
          .map((text) => text.split(';')[0])
          .join('; ')
        const session = await keeper.sessionOf(new Headers({ cookie }))
        return session && (await actorIn(database, session))
      },
    }
  }

  test('of several who use it at once, one joins, and no other account is left', async () => {
    const { nobody, bob, invite, call } = await openControl()
    const token = await invite()
    const newcomers = [1, 2, 3].map((n) => ({ ...EVE, email: `eve${n}@example.org` }))
    const answers = await Promise.all([
      bob.send('POST', '/invitation/accept', { token }),
      ...newcomers.map((newcomer) => nobody.send('POST', '/invitation/accept', { token, newcomer })),
    ])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(answer.status).toBe(404)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    const { members } = await call('listMembers', '/members')
    expect(members).toHaveLength(3)
    const joined = members.filter(({ person }) => !['owner', 'admin'].includes(person.id))
    const { accounts } = await call('listAccounts', '/accounts')
    expect(accounts.map(({ person }) => person.id).sort()).toEqual(
      [...new Set(['owner', 'admin', 'bob', ...joined.map(({ person }) => person.id)])].sort(),
    )
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  describe('an invitation', () => {
    test('is told once with its link, and is for anyone unless it says for whom', async () => {
      const { admin, database, notes, logLines } = await openControl()
      const { link, wasMailed, ...rest } = await admin.call('createInvitation', '/invitations', {})
      expect(rest).toEqual({
        id: expect.any(String),
        email: null,
        role: 'member',
        state: 'open',
        createdAt: '2026-01-01T00:00:00.000Z',
        createdBy: 'admin',
        expiresAt: '2026-01-08T00:00:00.000Z',
        acceptedBy: null,
      })
      expect(wasMailed).toBe(false)
      const token = tokenOf({ link })
      expect(link).toBe(`${TEST_URL}/ui/invitation#${token}`)
      expect(token).toMatch(TOKEN_TEXT)
      expect(await admin.call('listInvitations', '/invitations')).toEqual({ invitations: [rest], next: null })
      const stored = await database.db.selectFrom('invitations').selectAll().execute()
      const secret = token.split('_')[2]
      expect(JSON.stringify([stored, notes, logLines])).not.toContain(secret)
      expect(notes).toMatchObject([
        {
          action: 'invitation.create',
          orgId: 'default',
          actor: { personId: 'admin' },
          target: { id: rest.id },
          after: { email: null, role: 'member', expiresAt: '2026-01-08T00:00:00.000Z' },
        },
      ])
    })

    test('for owners is made by owners, and by system admins', async () => {
      const { owner, admin, call } = await openControl()
      const forOwners = { role: 'owner', email: 'Eve@Example.org', expiresInMs: DAY_MS }
      expect(await admin.refused('POST', '/invitations', forOwners)).toMatchObject({ status: 403, param: 'role' })
      for (const make of [owner.call, call]) {
        expect(await make('createInvitation', '/invitations', forOwners)).toMatchObject({
          role: 'owner',
          email: 'eve@example.org',
          expiresAt: '2026-01-02T00:00:00.000Z',
        })
      }
      expect((await admin.call('listInvitations', '/invitations')).invitations).toHaveLength(2)
    })

    test.each([
      [{ role: 'system' }, 'role'],
      [{ email: 'eve' }, 'email'],
      [{ email: 'eve@example.org\nbcc: all@example.org' }, 'email'],
      [{ expiresInMs: 59_999 }, 'expiresInMs'],
      [{ expiresInMs: 366 * DAY_MS }, 'expiresInMs'],
      [{ orgId: 'org_1' }, 'orgId'],
      [{ createdBy: 'somebody' }, 'createdBy'],
    ])('is not made of %j', async (body, param) => {
      const { owner } = await openControl()
      expect(await owner.refused('POST', '/invitations', body)).toMatchObject({ code: 'invalid_request', param })
    })

    test('goes out by mail to whom it names; a mail that does not is no failure', async () => {
      const sent: Parameters<MailSender['send']>[0][] = []
      let isAway = false
      const mail: MailSender = {
        async send(message) {
          if (isAway) throw new PunkuError('internal', 'The mail could not be sent.')
          sent.push(message)
        },
      }
      const { owner, logLines } = await openControl({ mail })
      const { link, wasMailed } = await owner.call('createInvitation', '/invitations', { email: 'eve@example.org' })
      expect(wasMailed).toBe(true)
      expect(sent).toEqual([
        { to: 'eve@example.org', subject: 'Invitation to Default', text: expect.stringContaining(`\n${link}\n`) },
      ])
      expect(await owner.call('createInvitation', '/invitations', {})).toMatchObject({ wasMailed: false })
      isAway = true
      const again = await owner.call('createInvitation', '/invitations', { email: 'eve@example.org' })
      expect(again.wasMailed).toBe(false)
      expect(logLines.join()).toContain('invitation.not_mailed')
      expect(logLines.join()).not.toContain(tokenOf(again))
    })

    test('can be revoked while it is open; that is recorded once', async () => {
      const { admin, owner, nobody, notes, clock } = await openControl()
      const { id, ...made } = await owner.call('createInvitation', '/invitations', {})
      notes.splice(0)
      for (let times = 0; times < 2; times++) {
        const revoked = await admin.call('revokeInvitation', `/invitations/${id}`)
        expect(revoked).toMatchObject({ id, state: 'revoked' })
      }
      expect(notes).toMatchObject([{ action: 'invitation.revoke', target: { id }, before: { role: 'member' } }])
      expect(await nobody.refused('POST', '/invitation', { token: tokenOf(made) })).toMatchObject({ code: 'not_found' })
      const other = await owner.call('createInvitation', '/invitations', {})
      clock.advance(8 * DAY_MS)
      expect(await admin.call('revokeInvitation', `/invitations/${other.id}`)).toMatchObject({ state: 'expired' })
    })

    test('of another org is like one that is not there, and is not shown', async () => {
      const { owner, as, database, call } = await openControl()
      await addOrg(database, 'org_1', 1)
      const stranger = as(await addActor(database, 'org_1', 'owner', 'stranger@example.org'))
      const { id } = await owner.call('createInvitation', '/invitations', {})
      expect((await stranger.call('listInvitations', '/invitations')).invitations).toEqual([])
      const answers = []
      for (const name of [id, 'nobody']) answers.push(await stranger.refused('DELETE', `/invitations/${name}`))
      expect(answers[0]).toEqual(answers[1])
      expect(answers[0]).toMatchObject({ status: 404, code: 'not_found' })
      expect((await call('listInvitations', '/invitations')).invitations).toMatchObject([{ id, state: 'open' }])
    })

    test('is listed newest first, in pages', async () => {
      const { admin, invite, clock } = await openControl()
      for (const email of ['a@example.org', 'b@example.org', 'c@example.org']) {
        await invite({ email })
        clock.advance(1_000)
      }
      const { invitations, next } = await admin.call('listInvitations', '/invitations?limit=2')
      expect(invitations.map(({ email }) => email)).toEqual(['c@example.org', 'b@example.org'])
      const rest = await admin.call('listInvitations', `/invitations?limit=2&cursor=${next}`)
      expect(rest).toMatchObject({ invitations: [{ email: 'a@example.org' }], next: null })
    })
  })

  describe('whoever opens the link', () => {
    test('is told what it is for, without using it up', async () => {
      const { nobody, bob, invite } = await openControl()
      const token = await invite({ email: 'eve@example.org', role: 'admin' })
      for (const calls of [nobody, bob]) {
        expect(await calls.call('showInvitation', '/invitation', { token })).toEqual({
          orgName: 'Default',
          role: 'admin',
          invitedBy: 'owner',
          email: 'eve@example.org',
          expiresAt: '2026-01-08T00:00:00.000Z',
        })
      }
    })

    test('with a new account joins and is signed in', async () => {
      const { nobody, invite, owner, signedInBy, notes, logLines } = await openControl()
      const token = await invite({ role: 'admin' })
      notes.splice(0)
      const newcomer = { ...EVE, email: 'Eve@Example.org' }
      const response = await nobody.send('POST', '/invitation/accept', { token, newcomer })
      expect(await response.json()).toMatchObject({ id: 'default', name: 'Default' })
      const eve = await signedInBy(response)
      expect(eve).toMatchObject({ name: 'Eve', isSystemAdmin: false, orgId: 'default', role: 'admin' })
      expect((await owner.call('listInvitations', '/invitations')).invitations).toMatchObject([
        { state: 'accepted', acceptedBy: 'Eve' },
      ])
      expect((await owner.call('listMembers', '/members')).members).toContainEqual(
        expect.objectContaining({
          person: { id: eve?.personId, name: 'Eve', email: 'eve@example.org' },
          role: 'admin',
        }),
      )
      expect(notes.find(({ action }) => action === 'invitation.accept')).toMatchObject({
        actor: { kind: 'person', personId: eve?.personId, name: 'Eve', address: TEST_ADDRESS },
        orgId: 'default',
        after: { role: 'admin', isNewcomer: true },
      })
      expect(JSON.stringify([notes, logLines])).not.toContain(EVE.password)
    })

    test('who is signed in joins as that person, in no new session, and works there', async () => {
      const { bob, invite, actors, now, notes } = await openControl()
      const token = await invite({ email: 'bob@example.org' })
      notes.splice(0)
      const response = await bob.send('POST', '/invitation/accept', { token })
      expect(response.status).toBe(200)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await now(actors.bob)).toMatchObject({ orgId: 'default', role: 'member' })
      expect(notes).toMatchObject([
        { action: 'invitation.accept', actor: { personId: 'bob', name: 'Bob' }, after: { isNewcomer: false } },
      ])
    })

    test('who is a member already is told so, and the link stays good', async () => {
      const { admin, bob, invite } = await openControl()
      const token = await invite({ role: 'owner' })
      expect(await admin.refused('POST', '/invitation/accept', { token })).toMatchObject({ code: 'already_exists' })
      expect((await admin.call('showMe', '/me')).role).toBe('admin')
      await bob.call('acceptInvitation', '/invitation/accept', { token })
    })

    test('has to be whom it names', async () => {
      const { nobody, bob, invite, now, actors, call } = await openControl()
      const token = await invite({ email: 'eve@example.org' })
      expect(await bob.refused('POST', '/invitation/accept', { token })).toMatchObject({ code: 'not_allowed' })
      const newcomer = { ...EVE, email: 'mallory@example.org' }
      expect(await nobody.refused('POST', '/invitation/accept', { token, newcomer })).toMatchObject({
        code: 'invalid_request',
        param: 'newcomer.email',
      })
      expect(await now(actors.bob)).toMatchObject({ orgId: undefined })
      expect((await call('listAccounts', '/accounts')).accounts).toHaveLength(3)
      await nobody.call('acceptInvitation', '/invitation/accept', { token, newcomer: EVE })
    })

    test('is either signed in or a newcomer', async () => {
      const { nobody, bob, invite, refused } = await openControl()
      const token = await invite()
      const accept = '/invitation/accept'
      expect(await nobody.refused('POST', accept, { token })).toMatchObject({ status: 401, code: 'not_signed_in' })
      expect(await refused('POST', accept, { token })).toMatchObject({ status: 401, code: 'not_signed_in' })
      expect(await bob.refused('POST', accept, { token, newcomer: EVE })).toMatchObject({
        code: 'invalid_request',
        param: 'newcomer',
      })
      await bob.call('acceptInvitation', accept, { token })
    })

    test.each([{ role: 'owner' }, { orgId: 'org_1' }, { newcomer: { ...EVE, isSystemAdmin: true } }])(
      'gets no more than it gives: %j',
      async (given) => {
        const { nobody, invite } = await openControl()
        const body = { token: await invite(), newcomer: EVE, ...given }
        expect(await nobody.refused('POST', '/invitation/accept', body)).toMatchObject({ code: 'invalid_request' })
      },
    )
  })

  describe('an account that is there already', () => {
    test('is told to sign in by an invitation that names its address', async () => {
      const { nobody, bob, invite } = await openControl()
      const token = await invite({ email: 'bob@example.org' })
      const newcomer = { ...EVE, email: 'BOB@example.org' }
      expect(await nobody.refused('POST', '/invitation/accept', { token, newcomer })).toMatchObject({
        status: 409,
        code: 'already_exists',
        param: 'newcomer.email',
      })
      await bob.call('acceptInvitation', '/invitation/accept', { token })
    })

    test('is answered as a wrong link by one that names none', async () => {
      const { nobody, invite } = await openControl()
      const wrong = await nobody.refused('POST', '/invitation/accept', { token: 'pi_x', newcomer: EVE })
      const newcomer = { ...EVE, email: 'bob@example.org' }
      expect(await nobody.refused('POST', '/invitation/accept', { token: await invite(), newcomer })).toEqual(wrong)
    })

    test.each([{}, { email: 'bob@example.org' }])(
      'is not found out without limit, by an invitation %j',
      async (given) => {
        const { nobody, bob, invite, clock } = await openControl()
        const token = await invite(given)
        const tryWith = (email: string) =>
          nobody.refused('POST', '/invitation/accept', { token, newcomer: { ...EVE, email } })
        for (let round = 0; round < 5; round++) {
          expect(['not_found', 'already_exists']).toContain((await tryWith('bob@example.org')).code)
          // The limit of one network is another's test.
          clock.advance(600_000)
        }
        // Neither whoever has an account is found out now, nor whoever has none.
        const refused = await tryWith('bob@example.org')
        expect(refused).toMatchObject({ status: 429, code: 'sign_in_limited' })
        if (!('email' in given)) expect((await tryWith('eve@example.org')).detail).toBe(refused.detail)
        // Who signs in is no newcomer.
        await bob.call('acceptInvitation', '/invitation/accept', { token })
      },
    )

    test('is not found out by many invitations of one org either; those who join count for nothing', async () => {
      const { nobody, invite, clock } = await openControl()
      const joins = async (number: number) => {
        const newcomer = { ...EVE, email: `new${number}@example.org` }
        await nobody.call('acceptInvitation', '/invitation/accept', { token: await invite(), newcomer })
      }
      for (let number = 0; number < 3; number++) await joins(number)
      const newcomer = { ...EVE, email: 'bob@example.org' }
      const codes: string[] = []
      for (let number = 0; number < 101; number++) {
        const token = await invite({ email: 'bob@example.org' })
        codes.push((await nobody.refused('POST', '/invitation/accept', { token, newcomer })).code)
      }
      expect(codes).toEqual([...Array<string>(100).fill('already_exists'), 'sign_in_limited'])
      clock.advance(86_400_000)
      await joins(4)
    })
  })

  describe('a link that opens nothing', () => {
    test('is answered alike, whether it never was, is used, expired or revoked', async () => {
      const { nobody, bob, owner, invite, clock } = await openControl()
      const expired = await invite({ expiresInMs: 60_000 })
      clock.advance(60_000)
      const [used, good] = [await invite(), await invite()]
      await bob.call('acceptInvitation', '/invitation/accept', { token: used })
      const { id, ...revoked } = await owner.call('createInvitation', '/invitations', {})
      await owner.call('revokeInvitation', `/invitations/${id}`)
      const unknown = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`
      const answers: object[] = []
      for (const token of [expired, used, tokenOf(revoked), unknown]) {
        answers.push(await nobody.refused('POST', '/invitation', { token }))
        answers.push(await nobody.refused('POST', '/invitation/accept', { token, newcomer: EVE }))
      }
      expect(answers).toEqual(answers.map(() => answers[0]))
      expect(answers[0]).toMatchObject({ status: 404, code: 'not_found' })
      await nobody.call('acceptInvitation', '/invitation/accept', { token: good, newcomer: EVE })
    })

    test.each(['pd', 'pt', 'pr', 'pk'])('is a token of another kind: %s', async (kind) => {
      const { nobody, invite } = await openControl()
      const token = (await invite()).replace('pi', kind)
      expect(await nobody.refused('POST', '/invitation', { token })).toMatchObject({ code: 'not_found' })
    })

    test('cannot be found by trying, and good ones cost nothing', async () => {
      const { nobody, invite, clock } = await openControl()
      const token = await invite()
      const tried: string[] = []
      for (let at = 0; at < 11; at++) {
        if (at < 10) await nobody.call('showInvitation', '/invitation', { token })
        tried.push((await nobody.refused('POST', '/invitation', { token: 'pi_guess' })).code)
      }
      expect(tried).toEqual([...Array<string>(10).fill('not_found'), 'sign_in_limited'])
      const response = await nobody.send('POST', '/invitation/accept', { token, newcomer: EVE })
      expect(response.status).toBe(429)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      clock.advance(600_000)
      await nobody.call('acceptInvitation', '/invitation/accept', { token, newcomer: EVE })
    })
  })

  describe('whoever made it', () => {
    test('has no way back in by it, once they could make it no more', async () => {
      const { owner, admin, nobody, actors, as, now } = await openControl()
      const kept = tokenOf(await admin.call('createInvitation', '/invitations', { role: 'admin' }))
      await owner.call('removeMember', '/members/admin')
      expect((await owner.call('listInvitations', '/invitations')).invitations).toMatchObject([{ state: 'revoked' }])
      for (const calls of [nobody, as(await now(actors.admin))]) {
        expect(await calls.refused('POST', '/invitation', { token: kept })).toMatchObject({ code: 'not_found' })
      }
      const again = await as(await now(actors.admin)).refused('POST', '/invitation/accept', { token: kept })
      expect(again).toMatchObject({ code: 'not_found' })
    })

    test.each([
      ['an owner who is an admin now, for owners', 'owner', 'admin', 'not_found'],
      ['an owner who is an admin now, for members', 'member', 'admin', undefined],
      ['an owner who is a member now, for members', 'member', 'member', 'not_found'],
    ] as const)('by %s', async (_, invited, becomes, code) => {
      const { as, database, nobody, owner } = await openControl()
      const second = await addActor(database, 'default', 'owner', 'second@example.org')
      const token = tokenOf(await as(second).call('createInvitation', '/invitations', { role: invited }))
      await owner.call('changeMember', '/members/second', { role: becomes, version: 1 })
      if (code === undefined) await nobody.call('showInvitation', '/invitation', { token })
      else expect(await nobody.refused('POST', '/invitation', { token })).toMatchObject({ code })
    })

    test('may be a system admin who belongs to no org, as long as they are one; or the machine itself', async () => {
      const { as, database, nobody, call, bob, actors, now } = await openControl()
      await addOrg(database, 'org_1', 1)
      await addSystemAdmin(database, 'bob')
      await addSystemAdmin(database, 'owner')
      await bob.send('PUT', '/me/org', { org: 'org_1' })
      const root = as(await now(actors.bob))
      await root.call('chooseOrg', '/me/org', { org: 'org_1' })
      const token = tokenOf(await as(await now(actors.bob)).call('createInvitation', '/invitations', { role: 'owner' }))
      await nobody.call('showInvitation', '/invitation', { token })
      await call('changeAccount', '/accounts/bob', { isSystemAdmin: false })
      expect(await nobody.refused('POST', '/invitation', { token })).toMatchObject({ code: 'not_found' })
      const local = as(localActor('org_1'))
      const own = tokenOf(await local.call('createInvitation', '/invitations', { role: 'owner' }))
      await addMember(database, 'org_1', 'admin', 'member', 9)
      expect(await nobody.call('showInvitation', '/invitation', { token: own })).toMatchObject({
        orgName: '1',
        invitedBy: 'local admin',
      })
    })
  })

  test('invitations are the business of admins', async () => {
    const { as, bob, database, nobody } = await openControl()
    const member = as(await addActor(database, 'default', 'member'))
    for (const [method, path] of [
      ['GET', '/invitations'],
      ['POST', '/invitations'],
      ['DELETE', '/invitations/nobody'],
    ] as const) {
      expect(await nobody.refused(method, path)).toMatchObject({ status: 401, code: 'not_signed_in' })
      for (const calls of [member, bob]) {
        expect(await calls.refused(method, path)).toMatchObject({ status: 403, code: 'not_allowed' })
      }
    }
  })
})
