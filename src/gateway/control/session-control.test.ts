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
  type SessionActor,
  TEST_ADDRESS,
} from '../../../test/support/people.ts'
import { TEST_URL } from '../../../test/support/people-parts.ts'
import { recordedChange } from '../../../test/support/store.ts'
import type { PersonBody } from '../../contract/people.ts'
import { VERSION } from '../../core/version.ts'
import type { Actor } from '../orgs/actor.ts'

const FIRST = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }
const tokenOf = (link: string) => new URL(link).hash.slice(1)

describeDatabases((open, isSqlite) => {
  const openControl = async () => {
    const control = await openTestControl(open)
    const { setupLinks, keeper } = control
    return {
      ...control,
      nobody: control.as(undefined),
      newSetupToken: async () => tokenOf(await setupLinks.issue(TEST_URL)),
      signedIn: (personId: string) => keeper.startSession(personId, { headers: new Headers(), address: TEST_ADDRESS }),
    }
  }
  /** The actor that a session cookie of an answer stands for. */
  const actorBy = async ({ keeper, database }: Awaited<ReturnType<typeof openControl>>, cookies: readonly string[]) => {
    const cookie = cookies.map((text) => text.split(';')[0]).join('; ')
    const session = await keeper.sessionOf(new Headers({ cookie }))
    return session && (await actorIn(database, session))
  }

  describe('the first person', () => {
    test('comes in by the setup link: system admin, owner of `default`, and signed in', async () => {
      const control = await openControl()
      expect(await control.nobody.call('showEntrance', '/entrance')).toEqual({
        version: VERSION,
        needsSetup: true,
        hasPassword: true,
        hasPasskeys: true,
        hasMail: false,
        issuers: [],
      })
      const response = await control.nobody.send('POST', '/setup', { token: await control.newSetupToken(), ...FIRST })
      expect(response.status).toBe(201)
      const { id, ...rest } = (await response.json()) as PersonBody
      expect(rest).toEqual({ name: 'Ada', email: 'ada@example.org' })
      expect(await actorBy(control, response.headers.getSetCookie())).toMatchObject({
        personId: id,
        isSystemAdmin: true,
        orgId: 'default',
        role: 'owner',
      })
      expect(await control.nobody.call('showEntrance', '/entrance')).toMatchObject({ needsSetup: false })
      const note = control.notes.find(({ action }) => action === 'setup')
      expect(note).toEqual({
        actor: { kind: 'person', personId: id, name: 'Ada', address: TEST_ADDRESS },
        orgId: undefined,
        action: 'setup',
        target: { id, name: 'Ada' },
        after: { email: 'ada@example.org' },
      })
      expect(JSON.stringify([control.notes, control.logLines])).not.toContain(FIRST.password)
    })

    test('uses the link up, whatever becomes of it', async () => {
      const { nobody, newSetupToken } = await openControl()
      const token = await newSetupToken()
      await nobody.call('setUp', '/setup', { token, ...FIRST })
      for (const used of [token, await newSetupToken()]) {
        const second = { token: used, ...FIRST, email: 'eve@example.org' }
        expect(await nobody.refused('POST', '/setup', second)).toMatchObject({ code: 'already_exists' })
      }
    })

    test('is one, even when two come at once', async () => {
      const { nobody, newSetupToken, call } = await openControl()
      const same = await newSetupToken()
      const tokens = [await newSetupToken(), same, same, await newSetupToken()]
      const answers = await Promise.all(
        tokens.map((token, at) => nobody.send('POST', '/setup', { token, ...FIRST, email: `p${at}@example.org` })),
      )
      const winners = answers.filter(({ status }) => status === 201)
      expect(winners).toHaveLength(1)
      for (const answer of answers.filter((one) => !winners.includes(one))) {
        expect(answer.headers.getSetCookie()).toEqual([])
      }
      const { accounts } = await call('listAccounts', '/accounts')
      expect(accounts).toMatchObject([{ isSystemAdmin: true, person: await winners[0]?.json() }])
      expect((await call('listMembers', '/members')).members).toHaveLength(1)
    })

    test('needs a link that is good; too many that are not are turned down', async () => {
      const { nobody, newSetupToken, call, clock } = await openControl()
      const late = await newSetupToken()
      clock.advance(86_400_000)
      const tried: string[] = []
      for (const token of [late, 'x', late.slice(1), ...Array<string>(8).fill('guess')]) {
        tried.push((await nobody.refused('POST', '/setup', { token, ...FIRST })).code)
      }
      expect(tried).toEqual([...Array<string>(10).fill('not_allowed'), 'sign_in_limited'])
      expect((await call('listAccounts', '/accounts')).accounts).toEqual([])
    })

    test.each([
      [{ isSystemAdmin: true }, 'isSystemAdmin'],
      [{ id: 'me' }, 'id'],
      [{ emailVerified: true }, 'emailVerified'],
      [{ name: '' }, 'name'],
      [{ name: 'A\u202eda' }, 'name'],
      [{ email: 'ada' }, 'email'],
      [{ password: 'too short' }, 'password'],
      [{ password: 'x'.repeat(129) }, 'password'],
    ])('with %j is refused, and the link stays good', async (given, param) => {
      const { nobody, newSetupToken } = await openControl()
      const token = await newSetupToken()
      const wrong = await nobody.refused('POST', '/setup', { token, ...FIRST, ...given })
      expect(wrong).toMatchObject({ code: 'invalid_request', param })
      await nobody.call('setUp', '/setup', { token, ...FIRST })
    })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  describe('me', () => {
    test('somebody with orgs', async () => {
      const { as, database, signedIn } = await openControl()
      const ada = await addActor(database, 'default', 'member', 'ada@example.org')
      await addOrg(database, 'org_1', 1)
      await addOrg(database, 'org_2', 2)
      await addMember(database, 'org_2', 'ada', 'owner', 1)
      await signedIn('ada')
      const org = { id: 'default', slug: 'default', name: 'Default', version: 1, createdAt: expect.any(String) }
      expect(await as(ada).call('showMe', '/me')).toEqual({
        person: { id: 'ada', name: 'ada', email: 'ada@example.org' },
        isSystemAdmin: false,
        sessionId: ada.sessionId,
        org,
        role: 'member',
        orgs: expect.arrayContaining([
          { org, role: 'member' },
          { org: expect.objectContaining({ id: 'org_2', slug: '2' }), role: 'owner' },
        ]),
        hasMoreOrgs: false,
        hasPassword: false,
        hasTwoFactor: false,
        publicUrl: TEST_URL,
      })
      expect((await as(ada).call('showMe', '/me')).orgs).toHaveLength(2)
    })

    test('somebody with more orgs than are offered at once', async () => {
      const { as, database } = await openControl()
      const ada = await addActor(database, 'default', 'member', 'ada@example.org')
      for (let index = 1; index <= 100; index++) {
        await addOrg(database, `org_${index}`, index)
        await addMember(database, `org_${index}`, 'ada', 'member')
      }
      const { orgs, hasMoreOrgs } = await as(ada).call('showMe', '/me')
      expect([orgs.length, hasMoreOrgs]).toEqual([100, true])
    })

    test('somebody who belongs to none', async () => {
      const { as, database } = await openControl()
      await addPerson(database, 'ada@example.org')
      const ada = await actorIn(database, await addSession(database, 'ada'))
      expect(await as(ada).call('showMe', '/me')).toMatchObject({ org: null, role: null, orgs: [] })
      expect(await as(ada).refused('GET', '/members')).toMatchObject({ status: 403, code: 'not_allowed' })
    })

    test('whoever sits at the machine, and a system admin, see every org', async () => {
      const { as, call, database } = await openControl()
      await addOrg(database, 'org_1', 1)
      expect(await call('showMe', '/me')).toMatchObject({
        person: null,
        sessionId: null,
        isSystemAdmin: true,
        org: { id: 'default' },
        role: null,
        hasPassword: false,
      })
      await addPerson(database, 'ada@example.org')
      await addSystemAdmin(database, 'ada')
      const ada = await actorIn(database, await addSession(database, 'ada'))
      for (const { orgs } of [await call('showMe', '/me'), await as(ada).call('showMe', '/me')]) {
        expect(orgs.map(({ org, role }) => [org.id, role]).sort()).toEqual([
          ['default', null],
          ['org_1', null],
        ])
      }
    })

    test('whoever is gone is nobody', async () => {
      const { as, database, store, keeper } = await openControl()
      const ada = await addActor(database, 'default', 'member')
      await recordedChange(store, (change) => keeper.remove(change, ada.personId))
      expect(await as(ada).refused('GET', '/me')).toMatchObject({ code: 'not_signed_in' })
    })
  })

  describe('the org of a session', () => {
    const openWithOrgs = async () => {
      const control = await openControl()
      for (const [at, id] of ['org_1', 'org_2'].entries()) await addOrg(control.database, id, at + 1)
      const ada = await addActor(control.database, 'default', 'member', 'ada@example.org')
      await addMember(control.database, 'org_1', 'ada', 'admin', 1)
      const now = (actor: SessionActor) => actorIn(control.database, actor)
      return { ...control, ada, now }
    }

    test.each(['org_1', '1'])('is another one from now on, by id or slug: %s', async (name) => {
      const { as, ada, now, database, notes } = await openWithOrgs()
      const other = await actorIn(database, await addSession(database, 'ada'))
      const me = await as(ada).call('chooseOrg', '/me/org', { org: name })
      expect(me).toMatchObject({ org: { id: 'org_1' }, role: 'admin' })
      expect(await now(ada)).toMatchObject({ orgId: 'org_1', role: 'admin' })
      expect(await now(other)).toMatchObject({ orgId: 'default', role: 'member' })
      expect(notes).toMatchObject([{ action: 'session.org', orgId: 'org_1', target: { id: 'org_1', name: '1' } }])
    })

    test('is none that they do not belong to, and whether there is one is not told', async () => {
      const { as, ada, now, notes } = await openWithOrgs()
      const answers = []
      for (const org of ['org_2', '2', 'nobody', 'default\u2028'])
        answers.push(await as(ada).refused('PUT', '/me/org', { org }))
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      expect(answers[0]).toMatchObject({ status: 404, code: 'not_found' })
      expect(await now(ada)).toMatchObject({ orgId: 'default' })
      expect(notes).toEqual([])
    })

    test('is any for a system admin', async () => {
      const { as, ada, now, database } = await openWithOrgs()
      await addSystemAdmin(database, 'ada')
      const me = await as(await now(ada)).call('chooseOrg', '/me/org', { org: 'org_2' })
      expect(me).toMatchObject({ org: { id: 'org_2' }, role: null })
      expect(await now(ada)).toMatchObject({ orgId: 'org_2', role: undefined, isSystemAdmin: true })
      expect(await as(await now(ada)).refused('PUT', '/me/org', { org: 'nobody' })).toMatchObject({ code: 'not_found' })
    })

    test('without a session there is none to choose for', async () => {
      const { refused } = await openWithOrgs()
      expect(await refused('PUT', '/me/org', { org: 'org_1' })).toMatchObject({ code: 'invalid_request' })
    })

    test.each([{}, { org: '' }, { org: 'a\u0000' }, { org: 'org_1', role: 'owner' }, { org: 5 }])(
      'is not chosen by %j',
      async (body) => {
        const { as, ada } = await openWithOrgs()
        expect(await as(ada).refused('PUT', '/me/org', body)).toMatchObject({ code: 'invalid_request' })
      },
    )
  })

  describe('sessions', () => {
    const openWithSessions = async () => {
      const control = await openControl()
      const { database, keeper, signedIn } = control
      const bob = await addActor(database, 'default', 'member', 'bob@example.org')
      await addPerson(database, 'ada@example.org')
      await addMember(database, 'default', 'ada', 'member')
      const cookies = [await signedIn('ada'), await signedIn('ada'), await signedIn('ada')]
      await signedIn('bob')
      const ada = await actorBy(control, cookies[0] ?? [])
      const ids = async (personId: string) => (await keeper.listSessions(personId)).map(({ id }) => id)
      return { ...control, ada: ada as Actor, bob, ids }
    }

    test('are shown to whom they belong', async () => {
      const { as, ada, ids } = await openWithSessions()
      const { sessions } = await as(ada).call('listSessions', '/me/sessions')
      expect(sessions.map(({ id }) => id).sort()).toEqual((await ids('ada')).sort())
      expect(sessions.filter(({ isThis }) => isThis)).toMatchObject([{ id: ada.sessionId, address: TEST_ADDRESS }])
    })

    test('one can be ended, and is recorded', async () => {
      const { as, ada, ids, notes } = await openWithSessions()
      const [one] = (await ids('ada')).filter((id) => id !== ada.sessionId)
      notes.splice(0)
      await as(ada).call('endSession', `/me/sessions/${one}`)
      expect(await ids('ada')).not.toContain(one)
      expect(notes).toMatchObject([{ action: 'session.end', actor: { personId: 'ada' }, target: { id: one } }])
      expect(await as(ada).refused('DELETE', `/me/sessions/${one}`)).toMatchObject({ code: 'not_found' })
    })

    test("somebody else's cannot be ended, and is like one that is not there", async () => {
      const { as, ada, ids } = await openWithSessions()
      const [theirs] = await ids('bob')
      const answers = []
      for (const id of [theirs, 'nobody']) answers.push(await as(ada).refused('DELETE', `/me/sessions/${id}`))
      expect(answers[0]).toEqual(answers[1])
      expect(answers[0]).toMatchObject({ status: 404, code: 'not_found' })
      expect(await ids('bob')).toContain(theirs)
    })

    test('all others can be ended at once', async () => {
      const { as, ada, ids, notes } = await openWithSessions()
      const theirs = await ids('bob')
      notes.splice(0)
      expect(await as(ada).call('endOtherSessions', '/me/sessions')).toEqual({ ended: 2 })
      expect(await ids('ada')).toEqual([ada.sessionId])
      expect(await ids('bob')).toEqual(theirs)
      expect(notes).toMatchObject([{ action: 'session.end', after: { ended: 2 } }])
      expect(await as(ada).call('endOtherSessions', '/me/sessions')).toEqual({ ended: 0 })
      expect(notes).toHaveLength(1)
    })

    test('whoever sits at the machine has none', async () => {
      const { call, refused, ids } = await openWithSessions()
      expect(await call('listSessions', '/me/sessions')).toEqual({ sessions: [] })
      expect(await call('endOtherSessions', '/me/sessions')).toEqual({ ended: 0 })
      const [theirs] = await ids('bob')
      expect(await refused('DELETE', `/me/sessions/${theirs}`)).toMatchObject({ code: 'not_found' })
    })

    test('nobody has none', async () => {
      const { nobody } = await openWithSessions()
      for (const [method, path] of [
        ['GET', '/me'],
        ['GET', '/me/sessions'],
        ['DELETE', '/me/sessions'],
        ['DELETE', '/me/sessions/x'],
        ['PUT', '/me/org'],
      ] as const) {
        expect(await nobody.refused(method, path)).toMatchObject({ status: 401, code: 'not_signed_in' })
      }
    })
  })
})
