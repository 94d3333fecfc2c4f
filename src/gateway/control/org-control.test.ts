import { describe, expect, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { adminOf, LOCAL, memberOf } from '../../../test/support/key-actors.ts'
import {
  actorIn,
  addActor,
  addMember,
  addOrg,
  addPerson,
  addSession,
  addSystemAdmin,
} from '../../../test/support/people.ts'
import { localActor } from '../orgs/actor.ts'
import { DEFAULT_ORG_SETTINGS } from '../orgs/org-settings.ts'

describeDatabases((open, isSqlite) => {
  /** A control API with somebody of every role, and an owner of another org. */
  const openControl = async () => {
    const control = await openTestControl(open)
    const { as, database } = control
    const [owner, admin, member] = [
      await addActor(database, 'default', 'owner'),
      await addActor(database, 'default', 'admin'),
      await addActor(database, 'default', 'member'),
    ]
    await addOrg(database, 'org_1', 1)
    const stranger = await addActor(database, 'org_1', 'owner', 'stranger@example.org')
    return {
      ...control,
      now: (actor: typeof owner) => actorIn(database, actor),
      ids: { owner: 'owner', admin: 'admin', member: 'member', stranger: 'stranger' },
      actors: { owner, admin, member, stranger },
      owner: as(owner),
      admin: as(admin),
      member: as(member),
      stranger: as(stranger),
    }
  }

  describe('orgs', () => {
    test('a system admin makes one and owns it', async () => {
      const { as, database, notes } = await openControl()
      await addPerson(database, 'root@example.org')
      await addSystemAdmin(database, 'root')
      const root = await actorIn(database, await addSession(database, 'root'))
      const made = await as(root).call('createOrg', '/orgs', { name: 'Team One', slug: 'team-1' })
      expect(made).toEqual({
        id: expect.stringMatching(/^org_[0-9a-z]{12}$/),
        slug: 'team-1',
        name: 'Team One',
        version: 1,
        createdAt: '2026-01-01T00:00:00.000Z',
      })
      expect(await as(root).call('chooseOrg', '/me/org', { org: 'team-1' })).toMatchObject({ role: 'owner' })
      expect(notes).toMatchObject([
        { action: 'org.create', orgId: made.id, target: { id: made.id, name: 'Team One' }, after: { slug: 'team-1' } },
        { action: 'session.org' },
      ])
    })

    test('made at the machine itself it has no owner yet', async () => {
      const { call, as } = await openControl()
      const { id } = await call('createOrg', '/orgs', { name: 'Team', slug: 'team' })
      expect((await call('listOrgs', '/orgs')).orgs).toContainEqual(expect.objectContaining({ id, slug: 'team' }))
      expect((await as(localActor(id)).call('listMembers', '/members')).members).toEqual([])
    })

    test('a slug that is taken is refused', async () => {
      const { refused } = await openControl()
      for (const slug of ['default', '1']) {
        const answer = await refused('POST', '/orgs', { name: 'Another', slug })
        expect(answer).toMatchObject({ status: 409, code: 'already_exists', param: 'slug' })
      }
    })

    test.each([
      [{ name: 'x', slug: '' }, 'slug'],
      [{ name: 'x', slug: 'Team' }, 'slug'],
      [{ name: 'x', slug: '-a' }, 'slug'],
      [{ name: 'x', slug: 'a_b' }, 'slug'],
      [{ name: 'x', slug: 'a'.repeat(41) }, 'slug'],
      [{ name: ' ', slug: 'a' }, 'name'],
      [{ name: 'x', slug: 'a', id: 'default' }, 'id'],
      [{ name: 'x', slug: 'a', ownerId: 'member' }, 'ownerId'],
    ])('none is made of %j', async (body, param) => {
      const { refused } = await openControl()
      expect(await refused('POST', '/orgs', body)).toMatchObject({ code: 'invalid_request', param })
    })

    test('each sees their own; pages go on where the last one ended', async () => {
      const { call, owner, stranger, database } = await openControl()
      await addOrg(database, 'org_2', 2)
      expect((await owner.call('listOrgs', '/orgs')).orgs).toMatchObject([{ id: 'default' }])
      expect((await stranger.call('listOrgs', '/orgs')).orgs).toMatchObject([{ id: 'org_1' }])
      const seen: string[] = []
      for (let query = '?limit=1'; ; ) {
        const { orgs, next } = await call('listOrgs', `/orgs${query}`)
        seen.push(...orgs.map(({ id }) => id))
        if (next === null) break
        query = `?limit=1&cursor=${next}`
      }
      expect(seen.sort()).toEqual(['default', 'org_1', 'org_2'])
    })

    test('its owner gives it another name, in the version they saw', async () => {
      const { owner, stranger, notes } = await openControl()
      expect(await owner.call('renameOrg', '/org', { name: 'Home', version: 1 })).toMatchObject({
        id: 'default',
        slug: 'default',
        name: 'Home',
        version: 2,
      })
      expect(await owner.refused('PATCH', '/org', { name: 'Late', version: 1 })).toMatchObject({
        status: 409,
        code: 'version_conflict',
      })
      expect((await stranger.call('showMe', '/me')).org).toMatchObject({ name: '1', version: 1 })
      expect(notes).toMatchObject([
        { action: 'org.rename', orgId: 'default', before: { name: 'Default' }, after: { name: 'Home' } },
      ])
    })

    test.each(['org_1', '1'])(
      'one is removed by %s with its keys and tunnels, and who was in it is not',
      async (name) => {
        const { call, as, now, actors, keys, tunnels, notes, database } = await openControl()
        const { tunnel } = await tunnels.create({ ...LOCAL, orgId: 'org_1' }, 'attic')
        const key = adminOf('org_1', 'stranger')
        const { key: theirs } = await keys.create(key, { name: 'theirs' })
        await addMember(database, 'default', 'stranger', 'member', 5)
        notes.splice(0)
        await call('removeOrg', `/orgs/${name}`)
        expect((await tunnels.show('org_1', tunnel.id)).revokedAt).toBeDefined()
        expect((await keys.show(key, theirs.id)).revokedAt).toBeDefined()
        expect(await as(await now(actors.stranger)).call('showMe', '/me')).toMatchObject({
          org: { id: 'default' },
          role: 'member',
        })
        expect(notes).toMatchObject([
          { action: 'key.revoke', orgId: 'org_1', target: { name: 'theirs' } },
          { action: 'tunnel.revoke', orgId: 'org_1', target: { name: 'attic' } },
          { action: 'org.remove', target: { id: 'org_1' }, before: { slug: '1' } },
        ])
      },
    )

    test('`default` stays, and what is not there is not removed', async () => {
      const { refused, call } = await openControl()
      expect(await refused('DELETE', '/orgs/default')).toMatchObject({ code: 'invalid_request', param: 'org' })
      expect(await refused('DELETE', '/orgs/nobody')).toMatchObject({ status: 404, code: 'not_found' })
      expect((await call('listOrgs', '/orgs')).orgs).toHaveLength(2)
    })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  describe('settings', () => {
    const changed = {
      currency: 'EUR',
      prices: [{ models: 'llama*', promptPerMillion: 0.5, completionPerMillion: 2 }],
      memberKeys: { max: 2, models: ['llama*'], maxLifeMs: 86_400_000, allowsManage: false, allowsCloud: true },
    }

    test('have their defaults until an owner says otherwise; members see them', async () => {
      const { owner, member, stranger, notes } = await openControl()
      expect(await member.call('showSettings', '/settings')).toEqual({ ...DEFAULT_ORG_SETTINGS, version: 1 })
      const stored = await owner.call('changeSettings', '/settings', { ...changed, version: 1 })
      expect(stored).toEqual({ ...changed, version: 2 })
      expect(await member.call('showSettings', '/settings')).toEqual(stored)
      expect(await stranger.call('showSettings', '/settings')).toEqual({ ...DEFAULT_ORG_SETTINGS, version: 1 })
      expect(notes).toEqual([
        expect.objectContaining({
          action: 'settings.change',
          orgId: 'default',
          before: DEFAULT_ORG_SETTINGS,
          after: changed,
        }),
      ])
    })

    test('a change of an older version is refused, and changes nothing', async () => {
      const { owner, notes } = await openControl()
      await owner.call('renameOrg', '/org', { name: 'Home', version: 1 })
      notes.splice(0)
      expect(await owner.refused('PUT', '/settings', { ...changed, version: 1 })).toMatchObject({
        status: 409,
        code: 'version_conflict',
      })
      expect(await owner.call('showSettings', '/settings')).toMatchObject({ currency: 'USD', version: 2 })
      expect(notes).toEqual([])
    })

    test.each<[given: object, param: string]>([
      [{ currency: 'euro' }, 'currency'],
      [{ orgId: 'org_1' }, 'orgId'],
      [{ prices: [{ models: 'a b*', promptPerMillion: 1, completionPerMillion: 1 }] }, 'prices'],
      [{ prices: [{ models: '*', promptPerMillion: -1, completionPerMillion: 1 }] }, 'prices.0.promptPerMillion'],
      [{ memberKeys: { ...changed.memberKeys, models: ['a\u0000*'] } }, 'memberKeys.models'],
      [{ memberKeys: { ...changed.memberKeys, models: [] } }, 'memberKeys.models'],
      [{ memberKeys: { ...changed.memberKeys, max: 1.5 } }, 'memberKeys.max'],
      [{ memberKeys: { ...changed.memberKeys, allowsAll: true } }, 'memberKeys.allowsAll'],
      [{ version: 0 }, 'version'],
    ])('are not changed by %j', async (given, param) => {
      const { owner } = await openControl()
      const body = { ...changed, version: 1, ...given }
      expect(await owner.refused('PUT', '/settings', body)).toMatchObject({ code: 'invalid_request', param })
      expect(await owner.call('showSettings', '/settings')).toMatchObject({ currency: 'USD' })
    })
  })

  describe('members', () => {
    test('are shown to every member, by name, in pages', async () => {
      const { member, database } = await openControl()
      await addSystemAdmin(database, 'owner')
      const { members, next } = await member.call('listMembers', '/members?limit=2')
      expect(members.map(({ person, role }) => [person.name, role])).toEqual([
        ['admin', 'admin'],
        ['member', 'member'],
      ])
      const rest = await member.call('listMembers', `/members?limit=2&cursor=${next}`)
      expect(rest).toEqual({
        members: [
          {
            person: { id: 'owner', name: 'owner', email: 'owner@example.org' },
            role: 'owner',
            isSystemAdmin: true,
            version: 1,
            joinedAt: '2026-01-01T00:00:00.000Z',
          },
        ],
        next: null,
      })
    })

    test('a name as long as it may be, in any script, makes a cursor that is taken', async () => {
      const { member, database } = await openControl()
      for (const id of ['one', 'two']) {
        await addPerson(database, `${id}@example.org`, '漢'.repeat(64))
        await addMember(database, 'default', id, 'member')
      }
      const { next } = await member.call('listMembers', '/members?limit=4')
      expect((await member.call('listMembers', `/members?cursor=${next}`)).members).toMatchObject([
        { person: { id: 'two' } },
      ])
    })

    test.each([
      'x',
      'W10',
      Buffer.from('[1,"a"]').toString('base64url'),
      Buffer.from('["\\u0000","a"]').toString('base64url'),
    ])('a cursor that is none is refused: %s', async (cursor) => {
      const { member } = await openControl()
      expect(await member.refused('GET', `/members?cursor=${cursor}`)).toMatchObject({
        code: 'invalid_request',
        param: 'cursor',
      })
    })

    test('an admin changes who is no owner, in the version they saw', async () => {
      const { admin, now, actors, notes } = await openControl()
      const change = { role: 'admin', version: 1 }
      expect(await admin.call('changeMember', '/members/member', change)).toMatchObject({ role: 'admin', version: 2 })
      expect(await now(actors.member)).toMatchObject({ role: 'admin' })
      expect(await admin.refused('PATCH', '/members/member', change)).toMatchObject({ code: 'version_conflict' })
      expect(notes).toMatchObject([
        {
          action: 'member.role',
          actor: { personId: 'admin' },
          orgId: 'default',
          target: { id: 'member', name: 'member' },
          before: { role: 'member' },
          after: { role: 'admin' },
        },
      ])
    })

    test('an admin neither makes nor unmakes owners, not even of themselves', async () => {
      const { admin, owner, notes } = await openControl()
      const refusals = [
        await admin.refused('PATCH', '/members/admin', { role: 'owner', version: 1 }),
        await admin.refused('PATCH', '/members/member', { role: 'owner', version: 1 }),
        await admin.refused('PATCH', '/members/owner', { role: 'member', version: 1 }),
        await admin.refused('DELETE', '/members/owner'),
      ]
      expect(refusals.map(({ status, code }) => [status, code])).toEqual(refusals.map(() => [403, 'not_allowed']))
      expect(notes).toEqual([])
      await owner.call('changeMember', '/members/admin', { role: 'owner', version: 1 })
      await owner.call('changeMember', '/members/owner', { role: 'member', version: 1 })
    })

    test('the last owner stays, whoever asks: owner, system admin, or themselves', async () => {
      const { call, refused, owner } = await openControl()
      const last = { status: 409, code: 'last_of_its_kind' }
      for (const asked of [owner.refused, refused]) {
        expect(await asked('PATCH', '/members/owner', { role: 'admin', version: 1 })).toMatchObject(last)
        expect(await asked('DELETE', '/members/owner')).toMatchObject(last)
      }
      expect(await owner.refused('POST', '/me/leave')).toMatchObject(last)
      await call('changeMember', '/members/admin', { role: 'owner', version: 1 })
      await owner.call('leaveOrg', '/me/leave')
      expect((await call('listMembers', '/members')).members.map(({ person }) => person.id)).toEqual([
        'admin',
        'member',
      ])
    })

    test('whoever is removed has no keys there any more, and works elsewhere or nowhere', async () => {
      const { admin, as, now, actors, keys, database, notes } = await openControl()
      await addMember(database, 'org_1', 'member', 'member', 5)
      const mine = memberOf('default', 'member')
      const { key } = await keys.create(mine, { name: 'mine' })
      const elsewhere = { ...mine, orgId: 'org_1' }
      const { key: other } = await keys.create(elsewhere, { name: 'mine' })
      const { key: not } = await keys.create({ ...mine, personId: 'admin', power: 'admin' }, { name: 'not theirs' })
      notes.splice(0)
      await admin.call('removeMember', '/members/member')
      expect((await keys.show(mine, key.id)).revokedAt).toBeDefined()
      expect((await keys.show(elsewhere, other.id)).revokedAt).toBeUndefined()
      expect((await keys.show({ ...mine, power: 'admin' }, not.id)).revokedAt).toBeUndefined()
      expect(await now(actors.member)).toMatchObject({ orgId: 'org_1', role: 'member' })
      expect(await admin.refused('DELETE', '/members/member')).toMatchObject({ code: 'not_found' })
      await as(await now(actors.member)).call('leaveOrg', '/me/leave')
      expect((await keys.show(elsewhere, other.id)).revokedAt).toBeDefined()
      expect(await now(actors.member)).toMatchObject({ orgId: undefined, role: undefined })
      expect(notes).toMatchObject([
        { action: 'key.revoke', orgId: 'default', target: { name: 'mine' } },
        { action: 'member.remove', orgId: 'default', target: { id: 'member' }, before: { role: 'member' } },
        { action: 'key.revoke', orgId: 'org_1', target: { name: 'mine' } },
        { action: 'member.leave', orgId: 'org_1', target: { id: 'member' }, before: { role: 'member' } },
      ])
    })

    test('of another org, or of none, are alike: not there', async () => {
      const { owner, ids, stranger, call } = await openControl()
      const answers = []
      for (const id of [ids.stranger, 'nobody', 'a%00']) {
        answers.push(await owner.refused('PATCH', `/members/${id}`, { role: 'member', version: 1 }))
        answers.push(await owner.refused('DELETE', `/members/${id}`))
      }
      expect(answers.map(({ code }) => code)).toEqual([
        ...Array<string>(4).fill('not_found'),
        ...Array<string>(2).fill('invalid_request'),
      ])
      expect(answers[0]).toEqual(answers[2])
      expect((await stranger.call('listMembers', '/members')).members).toHaveLength(1)
      expect((await call('listMembers', '/members')).members).toHaveLength(3)
    })

    test.each([{ role: 'system', version: 1 }, { role: 'owner' }, { role: 'admin', version: 1, orgId: 'org_1' }, {}])(
      'are not changed by %j',
      async (body) => {
        const { owner } = await openControl()
        expect(await owner.refused('PATCH', '/members/member', body)).toMatchObject({ code: 'invalid_request' })
      },
    )

    test('at the machine itself nobody is a member who could leave', async () => {
      const { refused } = await openControl()
      expect(await refused('POST', '/me/leave')).toMatchObject({ code: 'not_found' })
    })
  })

  test('what is for owners, admins or system admins is refused to whoever is less', async () => {
    const { owner, admin, member, as, notes } = await openControl()
    const nobody = as(undefined)
    const org = { name: 'x', version: 1 }
    const role = { role: 'member', version: 1 }
    for (const [method, path, body, allowed] of [
      ['POST', '/orgs', { name: 'x', slug: 'x' }, []],
      ['DELETE', '/orgs/org_1', undefined, []],
      ['PATCH', '/org', org, ['owner']],
      ['PUT', '/settings', {}, ['owner']],
      ['PATCH', '/members/nobody', role, ['owner', 'admin']],
      ['DELETE', '/members/nobody', undefined, ['owner', 'admin']],
    ] as const) {
      expect(await nobody.refused(method, path, body)).toMatchObject({ code: 'not_signed_in' })
      for (const [name, calls] of Object.entries({ owner, admin, member })) {
        if (allowed.some((one) => one === name)) continue
        expect(await calls.refused(method, path, body)).toMatchObject({ status: 403, code: 'not_allowed' })
      }
    }
    expect(notes).toEqual([])
  })
})
