import { describe, expect, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { adminOf } from '../../../test/support/key-actors.ts'
import {
  actorIn,
  addAccount,
  addActor,
  addMember,
  addOrg,
  addSystemAdmin,
  TEST_ADDRESS,
} from '../../../test/support/people.ts'

const EVE = { name: 'Eve', email: 'eve@example.org', password: 'long enough it is' }

describeDatabases((open) => {
  const openControl = async () => {
    const control = await openTestControl(open)
    const { as, database } = control
    const root = await addActor(database, 'default', 'owner', 'root@example.org')
    await addSystemAdmin(database, 'root')
    const ada = await addActor(database, 'default', 'admin', 'ada@example.org')
    const now = (actor: typeof root) => actorIn(database, actor)
    return { ...control, now, actors: { root, ada }, root: as(await now(root)), ada: as(ada) }
  }
  const last = { status: 409, code: 'last_of_its_kind' }

  describe('accounts', () => {
    test('are shown by name with all they belong to, in pages', async () => {
      const { root, database } = await openControl()
      await addOrg(database, 'org_1', 1)
      await addMember(database, 'org_1', 'ada', 'owner', 1)
      const { accounts, next } = await root.call('listAccounts', '/accounts?limit=1')
      expect(accounts).toMatchObject([
        {
          person: { id: 'ada', email: 'ada@example.org' },
          isSystemAdmin: false,
          createdAt: '2026-01-01T00:00:00.000Z',
          orgs: [
            { org: { id: 'default' }, role: 'admin' },
            { org: { id: 'org_1' }, role: 'owner' },
          ],
        },
      ])
      const rest = await root.call('listAccounts', `/accounts?limit=1&cursor=${next}`)
      expect(rest).toMatchObject({ accounts: [{ person: { id: 'root' }, isSystemAdmin: true }], next: null })
    })

    test('somebody is made a system admin, and unmade; one always stays', async () => {
      const { root, call, refused, now, actors, notes } = await openControl()
      const self = '/accounts/root'
      for (const asked of [root.refused, refused]) {
        expect(await asked('PATCH', self, { isSystemAdmin: false })).toMatchObject(last)
      }
      expect(await root.call('changeAccount', '/accounts/ada', { isSystemAdmin: true })).toMatchObject({
        person: { id: 'ada' },
        isSystemAdmin: true,
      })
      expect(await now(actors.ada)).toMatchObject({ isSystemAdmin: true })
      await call('changeAccount', self, { isSystemAdmin: false })
      expect(await now(actors.root)).toMatchObject({ isSystemAdmin: false, role: 'owner' })
      expect(notes).toMatchObject([
        {
          action: 'account.admin',
          actor: { personId: 'root' },
          target: { id: 'ada', name: 'ada' },
          before: { isSystemAdmin: false },
          after: { isSystemAdmin: true },
        },
        { action: 'account.admin', actor: { kind: 'local' }, target: { id: 'root' } },
      ])
    })

    test('one that is removed is gone everywhere, with its sessions and all its keys', async () => {
      const control = await openControl()
      const { root, keeper, keys, database, notes } = control
      await addOrg(database, 'org_1', 1)
      const id = await addAccount(control, EVE)
      await addMember(database, 'default', id, 'member')
      const cookies = await keeper.startSession(id, { headers: new Headers(), address: TEST_ADDRESS })
      const cookie = cookies.map((text) => text.split(';')[0]).join('; ')
      expect(await keeper.sessionOf(new Headers({ cookie }))).toBeDefined()
      // In an org they do not belong to: a system admin may have some.
      const elsewhere = adminOf('org_1', id)
      const made = await keys.create(elsewhere, { name: 'theirs', isPersonal: true })
      notes.splice(0)
      await root.call('removeAccount', `/accounts/${id}`)
      expect((await keys.show(elsewhere, made.key.id)).revokedAt).toBeDefined()
      expect(await keeper.sessionOf(new Headers({ cookie }))).toBeUndefined()
      expect((await root.call('listMembers', '/members')).members.map(({ person }) => person.id)).toEqual([
        'ada',
        'root',
      ])
      expect(notes).toMatchObject([
        { action: 'key.revoke', orgId: 'org_1', target: { name: 'theirs' } },
        {
          action: 'account.remove',
          target: { id, name: 'Eve' },
          before: { email: 'eve@example.org', isSystemAdmin: false, roles: { default: 'member' } },
        },
      ])
      expect(await root.refused('DELETE', `/accounts/${id}`)).toMatchObject({ code: 'not_found' })
      // Whoever comes later under the same address is somebody else.
      await addAccount(control, EVE)
    })

    test('neither the last system admin nor the last owner of an org is removed', async () => {
      const { root, refused, database, notes } = await openControl()
      await addOrg(database, 'org_1', 1)
      await addMember(database, 'org_1', 'ada', 'owner')
      expect(await root.refused('DELETE', '/accounts/root')).toMatchObject(last)
      const answer = await refused('DELETE', '/accounts/ada')
      expect(answer).toMatchObject(last)
      expect(answer.detail).toContain('“1”')
      expect((await root.call('listAccounts', '/accounts')).accounts).toHaveLength(2)
      expect(notes).toEqual([])
    })

    test('one that is reset has no session, and a link for a new password that is told once', async () => {
      const control = await openControl()
      const { root, keeper, notes, logLines } = control
      const id = await addAccount(control, EVE)
      await keeper.startSession(id, { headers: new Headers(), address: TEST_ADDRESS })
      notes.splice(0)
      const { link, expiresAt } = await root.call('resetAccount', `/accounts/${id}/reset`)
      expect(new URL(link).hash).toMatch(/^#[0-9a-z]{52}$/)
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
      expect(await keeper.listSessions(id)).toEqual([])
      expect(await keeper.hasPassword(id)).toBe(false)
      expect(notes).toMatchObject([{ action: 'account.reset', target: { id, name: 'Eve' } }])
      expect(JSON.stringify([notes, logLines])).not.toContain(new URL(link).hash.slice(1))
    })

    test('that are not there are neither changed, removed nor reset', async () => {
      const { root } = await openControl()
      for (const [method, path, body] of [
        ['PATCH', '/accounts/nobody', { isSystemAdmin: true }],
        ['DELETE', '/accounts/nobody', undefined],
        ['POST', '/accounts/nobody/reset', undefined],
      ] as const) {
        expect(await root.refused(method, path, body)).toMatchObject({ status: 404, code: 'not_found' })
      }
    })

    test.each([{}, { isSystemAdmin: 'true' }, { isSystemAdmin: true, email: 'eve@example.org' }])(
      'are not changed by %j',
      async (body) => {
        const { root } = await openControl()
        expect(await root.refused('PATCH', '/accounts/ada', body)).toMatchObject({ code: 'invalid_request' })
      },
    )

    test('are the business of system admins alone', async () => {
      const { as, ada, actors, notes } = await openControl()
      const owner = as({ ...actors.root, isSystemAdmin: false })
      for (const [method, path, body] of [
        ['GET', '/accounts', undefined],
        ['PATCH', '/accounts/ada', { isSystemAdmin: true }],
        ['DELETE', '/accounts/ada', undefined],
        ['POST', '/accounts/ada/reset', undefined],
      ] as const) {
        expect(await as(undefined).refused(method, path, body)).toMatchObject({ status: 401, code: 'not_signed_in' })
        for (const calls of [ada, owner]) {
          expect(await calls.refused(method, path, body)).toMatchObject({ status: 403, code: 'not_allowed' })
        }
      }
      expect(notes).toEqual([])
    })
  })
})
