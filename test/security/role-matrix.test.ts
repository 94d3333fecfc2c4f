import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OperationName, operations } from '../../src/contract/operations.ts'
import { mayCall } from '../../src/gateway/control/guard.ts'
import { localActor } from '../../src/gateway/orgs/actor.ts'
import { type ControlWorld, ROLES, type RoleName, startControlWorld } from '../support/control-world.ts'
import { databaseUrls } from '../support/databases.ts'
import { noteRequests, SAMPLES, type Try } from './role-samples.ts'

const NAMES = Object.keys(operations) as OperationName[]

/** What the contract lets each role do; written down here once more, in the words of the docs. */
const RANKS: Readonly<Record<RoleName, readonly string[]>> = {
  nobody: ['nobody'],
  member: ['nobody', 'person', 'member'],
  admin: ['nobody', 'person', 'member', 'admin'],
  owner: ['nobody', 'person', 'member', 'admin', 'owner'],
  stranger: ['nobody', 'person', 'member', 'admin', 'owner'],
  system: ['nobody', 'person', 'member', 'admin', 'owner', 'system'],
}

test('every operation says who may call it, and has a sample', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual([...NAMES].sort())
  for (const name of NAMES) expect(RANKS.system, name).toContain(operations[name]['x-access'])
  expect(mayCall(undefined, 'person')).toBe(false)
  expect(mayCall(localActor(), 'system')).toBe(true)
})

for (const { name: databaseName, url } of databaseUrls()) {
  describe.skipIf(url === undefined)(databaseName, () => {
    let world: ControlWorld

    beforeAll(async () => {
      const database = await url?.()
      const config = { tunnels: { max: 1_000 }, ...(database === undefined ? {} : { database: { url: database } }) }
      world = await startControlWorld({ config })
      noteRequests(world.gateway.home, await seedRequests(world))
    })
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]()
    })

    describe.each(NAMES)('%s', (name) => {
      const { own, foreign, status } = SAMPLES[name]
      const succeeds = status ?? Number(Object.keys(operations[name].responses)[0])

      test.each(ROLES)('%s', async (role) => {
        const isAllowed = RANKS[role].includes(operations[name]['x-access'])
        if (isAllowed) {
          const answer = await call(name, role, await own(world, role))
          expect(answer.status, answer.text).toBe(succeeds)
          expectNothingOfOthers(role, answer.text)
        } else {
          const { as: _, ...sample } = await own(frugal(world), role)
          const answer = await call(name, role, sample)
          expect(answer.status, answer.text).toBe(role === 'nobody' ? 401 : 403)
          expect(answer.json['code']).toBe(role === 'nobody' ? 'not_signed_in' : 'not_allowed')
        }
      })

      if (foreign === undefined) return
      test('a thing of another org is no thing', async () => {
        for (const role of ['member', 'admin', 'owner', 'system'] as const) {
          if (!RANKS[role].includes(operations[name]['x-access'])) continue
          const there = await call(name, role, await foreign(world))
          expect(there.status, `${role}: ${there.text}`).toBe(404)
          const nowhere = await call(name, role, withoutThing(await foreign(world)))
          expect(nowhere.status, `${role}: ${nowhere.text}`).toBe(404)
          expect(there.json, role).toEqual(nowhere.json)
        }
      })
    })

    async function call(name: OperationName, role: RoleName, { as, ...asking }: Try) {
      const visitor = role === 'nobody' ? world.visitors.nobody : (as ?? world.visitors[role])
      if (name === 'listenToEvents') return await headOfEvents(visitor.cookies)
      const answer = await visitor.ask(name, asking)
      // Whoever accepts or sets up is signed in by it.
      if (role === 'nobody') visitor.cookies.clear()
      return answer
    }

    async function headOfEvents(cookies: ReadonlyMap<string, string>) {
      const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
      const leaving = new AbortController()
      const response = await fetch(`${world.gateway.url}${operations.listenToEvents.path}`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
        signal: leaving.signal,
      })
      const text = response.ok ? '' : await response.text()
      leaving.abort()
      return { status: response.status, text, json: text === '' ? {} : JSON.parse(text) }
    }

    /** What is told to one org holds nothing that marks the other one. */
    function expectNothingOfOthers(role: RoleName, text: string): void {
      if (role === 'system') return
      const { stranger, ...ours } = world.personIds
      if (role === 'stranger') {
        for (const id of [ours.member, ours.admin, ours.owner]) expect(text).not.toContain(id)
      } else {
        expect(text).not.toContain(stranger)
        expect(text).not.toContain(world.otherOrgId)
      }
    }
  })
}

/** For tries that are refused whomever they are about: making somebody new takes longer than all else. */
function frugal(world: ControlWorld): ControlWorld {
  const { visitors, personIds } = world
  return { ...world, newPerson: async () => ({ visitor: visitors.member, id: personIds.member }) }
}

/** The same try, of something that is nowhere. */
function withoutThing(sample: Try): Try {
  const params = Object.fromEntries(Object.entries(sample.params ?? {}).map(([name]) => [name, 'nowhere-000']))
  const query = Object.fromEntries(Object.entries(sample.query ?? {}).map(([name]) => [name, 'nowhere-000']))
  return { ...sample, params, query }
}

/** One recorded request of the org, of its member, and of the other org. */
async function seedRequests({ gateway, visitors, personIds }: ControlWorld) {
  const ids = { default: '', member: '', other: '' }
  for (const [who, visitor] of [
    ['default', visitors.owner],
    ['member', visitors.member],
    ['other', visitors.stranger],
  ] as const) {
    const { key } = await visitor.do('createKey', { body: { name: `seed-${who}` } })
    const response = await fetch(`${gateway.url}/api/version`, {
      headers: { authorization: `Bearer ${String(key)}`, 'x-punku-session': who },
    })
    ids[who] = response.headers.get('x-request-id') ?? ''
    await response.arrayBuffer()
  }
  await gateway.rows()
  expect(
    Object.values(ids).every((id) => id.startsWith('req_')),
    personIds.owner,
  ).toBe(true)
  return ids
}
