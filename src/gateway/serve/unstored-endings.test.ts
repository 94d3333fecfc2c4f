import { sql } from 'kysely'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { startControlWorld } from '../../../test/support/control-world.ts'
import { refuseWrites } from '../../../test/support/full-disk.ts'
import { Visitor } from '../../../test/support/visitor.ts'

const PASSWORD = 'correct horse battery'

// That a session was used hangs on the wall clock, in the library.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

async function openWorld() {
  const clock = new ManualClock()
  const world = await startControlWorld({ clock })
  onTestFinished(() => world[Symbol.asyncDispose]())
  const { visitors, personIds, otherOrgId, gateway } = world
  const { state, events } = gateway.parts
  const emailOf = async (personId: string) =>
    (await state.database.db.selectFrom('people').select('email').where('id', '=', personId).executeTakeFirstOrThrow())
      .email
  const actions: string[] = []
  state.store.onRecorded(({ action }) => void actions.push(action))
  return {
    ...visitors,
    personIds,
    otherOrgId,
    state,
    events,
    actions,
    async signIn(personId: string) {
      const visitor = new Visitor(gateway.url)
      const body = { email: await emailOf(personId), password: PASSWORD }
      expect((await visitor.send('POST', '/control/auth/sign-in/email', { body })).status).toBe(200)
      return visitor
    },
    /** Another browser with the same cookies. */
    copyOf(visitor: Visitor) {
      const copy = new Visitor(gateway.url)
      for (const [name, value] of visitor.cookies) copy.cookies.set(name, value)
      return copy
    },
    /** What the gateway says is wrong. */
    async troubles() {
      const { attention } = (await visitors.system.do('showHealth')) as { attention: { kind: string; text: string }[] }
      return attention.filter(({ kind }) => kind === 'revocations_unstored').map(({ text }) => text)
    },
    async untilStored() {
      clock.advance(5_000)
      await expect.poll(() => state.unstored.count).toBe(0)
    },
  }
}

const statusOf = async (visitor: Visitor) => (await visitor.ask('showMe')).status
const sessionIdOf = async (visitor: Visitor) => String((await visitor.do('showMe'))['sessionId'])

test('who signs out where nothing can be stored is signed out, and told what of it is not stored', async () => {
  const { member, state, copyOf, troubles, untilStored, actions } = await openWorld()
  const id = await sessionIdOf(member)
  const copy = copyOf(member)
  const writes = await refuseWrites(state.database)
  const answer = await member.send('POST', '/control/auth/sign-out', { body: {} })
  expect([answer.status, answer.json]).toMatchObject([
    503,
    { code: 'revoked_unstored', detail: expect.stringContaining('The session has ended here') },
  ])
  expect([...member.cookies.keys()].filter((name) => !name.includes('device_'))).toEqual([])
  expect(await statusOf(copy)).toBe(401)
  expect(await troubles()).toEqual([expect.stringContaining(`not stored yet: session ${id}.`)])
  await writes[Symbol.asyncDispose]()
  expect(await copy.send('GET', '/control/auth/list-accounts')).toMatchObject({ status: 401 })
  await untilStored()
  expect(await troubles()).toEqual([])
  expect(await statusOf(copy)).toBe(401)
  expect(actions).toEqual(['session.end'])
  expect(await state.database.db.selectFrom('sessions').select('id').where('id', '=', id).execute()).toEqual([])
})

test('so is a session that is ended from another one, which is used long after it began', async () => {
  const { member, personIds, state, signIn, untilStored } = await openWorld()
  const other = await signIn(personIds.member)
  const id = await sessionIdOf(other)
  vi.setSystemTime(Date.now() + 3_600_000)
  const writes = await refuseWrites(state.database)
  const end = () => member.ask('endSession', { params: { session: id } })
  expect((await end()).json).toMatchObject({ code: 'revoked_unstored' })
  expect(await statusOf(other)).toBe(401)
  expect(await statusOf(member)).toBe(200)
  const { sessions } = (await member.do('listSessions')) as { sessions: { id: string }[] }
  expect(sessions.map((session) => session.id)).not.toContain(id)
  expect((await end()).status).toBe(404)
  await writes[Symbol.asyncDispose]()
  await untilStored()
  expect(await statusOf(other)).toBe(401)
})

test('so are all others, with their streams, until they are stored; new ones are good then', async () => {
  const { member, personIds, state, events, signIn, untilStored } = await openWorld()
  const other = await signIn(personIds.member)
  const listening = other.send('GET', '/control/v1/events')
  await expect.poll(() => events.hasListeners).toBe(true)
  const writes = await refuseWrites(state.database)
  const answer = await member.ask('endOtherSessions')
  expect(answer.json).toMatchObject({ code: 'revoked_unstored', detail: expect.stringContaining('other sessions') })
  expect(await statusOf(other)).toBe(401)
  expect((await listening).text).toContain('event: signed-out')
  expect(await statusOf(member)).toBe(200)
  await writes[Symbol.asyncDispose]()
  await untilStored()
  expect(await statusOf(await signIn(personIds.member))).toBe(200)
})

test('an account that is removed signs nobody in, and its keys open nothing', async () => {
  const { system, member, admin, personIds, state, untilStored } = await openWorld()
  const { key, id } = (await member.do('createKey', { body: { name: 'theirs', isPersonal: true } })) as {
    key: string
    id: string
  }
  const verify = () => state.keyring.verify(key, { address: '127.0.0.1', nowMs: 0 }).id
  expect(verify()).toBe(id)
  const writes = await refuseWrites(state.database)
  const remove = (person: string) => system.ask('removeAccount', { params: { person } })
  expect((await remove(personIds.member)).json).toMatchObject({
    code: 'revoked_unstored',
    detail: expect.stringContaining('its keys open nothing'),
  })
  expect(await statusOf(member)).toBe(401)
  expect(verify).toThrow(/was revoked/)
  // What a rule forbids does not happen here either.
  expect((await remove(personIds.system)).json).toMatchObject({ code: 'last_of_its_kind' })
  expect(await statusOf(system)).toBe(200)
  expect(await statusOf(admin)).toBe(200)
  await writes[Symbol.asyncDispose]()
  await untilStored()
  expect((await remove(personIds.member)).status).toBe(404)
  expect(verify).toThrow(/was revoked/)
})

test('who is removed from one org is no member of it, nor are their keys of it good; in others they go on', async () => {
  const { member, admin, owner, personIds, otherOrgId, state, ...world } = await openWorld()
  const { troubles, untilStored, actions } = world
  const orgId = String(((await member.do('showMe'))['org'] as { id: string }).id)
  await state.database.db
    .insertInto('members')
    .values({ org_id: otherOrgId, person_id: personIds.member, role: 'admin', version: 1, created_at: 9e15 })
    .execute()
  const { key } = (await member.do('createKey', { body: { name: 'theirs', isPersonal: true } })) as { key: string }
  const writes = await refuseWrites(state.database)
  const remove = (by: Visitor, person: string) => by.ask('removeMember', { params: { person } })
  // What a rule forbids does not happen here either.
  expect((await remove(admin, personIds.owner)).json).toMatchObject({ code: 'not_allowed' })
  expect(await owner.do('showMe')).toMatchObject({ role: 'owner' })
  const answer = await remove(admin, personIds.member)
  expect([answer.status, answer.json]).toMatchObject([
    503,
    { code: 'revoked_unstored', detail: expect.stringContaining('The person is no member here any more') },
  ])
  expect(() => state.keyring.verify(key, { address: '127.0.0.1', nowMs: 0 })).toThrow(/was revoked/)
  expect(await member.do('showMe')).toMatchObject({ org: { id: otherOrgId }, role: 'admin' })
  expect(await troubles()).toEqual([expect.stringContaining(`membership of ${personIds.member} in ${orgId}.`)])
  await writes[Symbol.asyncDispose]()
  await untilStored()
  expect(await troubles()).toEqual([])
  expect(actions).toContain('member.remove')
  expect(await member.do('showMe')).toMatchObject({ org: { id: otherOrgId }, role: 'admin' })
  expect((await remove(admin, personIds.member)).status).toBe(404)
})

test('where that is refused once it could be stored, they are a member as before', async () => {
  const { owner, personIds, state, events, copyOf, untilStored } = await openWorld()
  const listening = copyOf(owner).send('GET', '/control/v1/events')
  await expect.poll(() => events.hasListeners).toBe(true)
  const writes = await refuseWrites(state.database)
  expect((await owner.ask('leaveOrg')).json).toMatchObject({ code: 'revoked_unstored' })
  expect((await listening).text).toContain('event: signed-out')
  expect(await owner.do('showMe')).toMatchObject({ org: null })
  await writes[Symbol.asyncDispose]()
  // Nobody else owns the org by now.
  await state.database.db.deleteFrom('members').where('person_id', '!=', personIds.owner).execute()
  await untilStored()
  expect(await owner.do('showMe')).toMatchObject({ role: 'owner' })
  await using _again = await refuseWrites(state.database)
  expect((await owner.ask('leaveOrg')).json).toMatchObject({ code: 'last_of_its_kind' })
  expect(await owner.do('showMe')).toMatchObject({ role: 'owner' })
})

test('an account that is reset signs nobody in until that is stored, and a link is given then alone', async () => {
  const { system, member, personIds, state, troubles, untilStored, actions } = await openWorld()
  const reset = () => system.ask('resetAccount', { params: { person: personIds.member } })
  const credential = async () =>
    (await sql`select password from accounts where "userId" = ${personIds.member}`.execute(state.database.db)).rows
  const writes = await refuseWrites(state.database)
  const answer = await reset()
  expect([answer.status, answer.json]).toMatchObject([
    503,
    {
      code: 'revoked_unstored',
      detail: expect.stringMatching(/sessions of this person have ended here.*reset the account again/),
    },
  ])
  expect(answer.text).not.toContain('/ui/reset')
  expect(await statusOf(member)).toBe(401)
  expect(await troubles()).toEqual([expect.stringContaining(`reset of ${personIds.member}.`)])
  expect((await system.ask('resetAccount', { params: { person: 'nobody' } })).status).toBe(404)
  await writes[Symbol.asyncDispose]()
  expect(await credential()).toEqual([{ password: expect.any(String) }])
  await untilStored()
  expect(await credential()).toEqual([{ password: null }])
  expect(await statusOf(member)).toBe(401)
  expect(actions).toEqual(['account.reset'])
})

test('a reset that waits to be stored does not end the link of a later one', async () => {
  const { system, personIds, state, untilStored, actions } = await openWorld()
  const reset = () => system.ask('resetAccount', { params: { person: personIds.member } })
  const links = async () =>
    (await sql`select identifier from verifications where value = ${personIds.member}`.execute(state.database.db)).rows
  const writes = await refuseWrites(state.database)
  expect((await reset()).status).toBe(503)
  await writes[Symbol.asyncDispose]()
  expect((await reset()).status).toBe(200)
  const given = await links()
  expect(given).toHaveLength(1)
  await untilStored()
  expect(await links()).toEqual(given)
  expect(actions).toEqual(['account.reset'])
})

test('where it is refused once it could be stored, it is undone', async () => {
  const { system, owner, personIds, state, signIn, untilStored } = await openWorld()
  const { key } = (await owner.do('createKey', { body: { name: 'theirs', isPersonal: true } })) as { key: string }
  const other = await signIn(personIds.owner)
  const writes = await refuseWrites(state.database)
  await system.ask('removeAccount', { params: { person: personIds.owner } })
  expect(await statusOf(other)).toBe(401)
  await writes[Symbol.asyncDispose]()
  // Nobody else owns the org by now.
  await state.database.db.deleteFrom('members').where('person_id', '!=', personIds.owner).execute()
  await untilStored()
  expect(await statusOf(other)).toBe(200)
  await expect.poll(() => state.keyring.verify(key, { address: '127.0.0.1', nowMs: 0 }).name).toBe('theirs')
})
