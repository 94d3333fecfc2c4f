import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OperationName, operations } from '../../src/contract/operations.ts'
import { contentsOf, withoutAudit } from '../support/broken-audit.ts'
import { type ControlWorld, startControlWorld } from '../support/control-world.ts'
import { databaseUrls } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { Visitor } from '../support/visitor.ts'
import { SAMPLES, type Try } from './role-samples.ts'

const PASSWORD = 'correct horse battery'

/** What changes nothing that would be recorded. */
const UNRECORDED: readonly OperationName[] = ['showInvitation', 'issueSetupLink', 'discoverModels', 'verifyChains']
/** Of a gateway that has nobody yet. */
const FIRST: readonly OperationName[] = ['setUp']
const RECORDED = (Object.keys(operations) as OperationName[]).filter(
  (name) => operations[name].method !== 'get' && ![...UNRECORDED, ...FIRST].includes(name),
)

/** What a sample of the role matrix leaves as it is. */
const CHANGES: { readonly [Name in OperationName]?: (world: ControlWorld) => Promise<Try> } = {
  changeAccount: async (world) => ({
    params: { person: (await world.newPerson(world.visitors.owner, 'member')).id },
    body: { isSystemAdmin: true },
  }),
  endOtherSessions: async (world) => {
    const { visitor, id } = await world.newPerson(world.visitors.owner, 'member')
    await world.gateway.parts.people.keeper.startSession(id, { headers: new Headers(), address: '192.0.2.1' })
    return { as: visitor }
  },
}

for (const { name: databaseName, url } of databaseUrls()) {
  describe.skipIf(url === undefined)(`${databaseName}, where no entry can be written`, () => {
    const configOn = async () => {
      const database = await url?.()
      return database === undefined ? {} : { database: { url: database } }
    }
    let world: ControlWorld

    beforeAll(async () => {
      world = await startControlWorld({ config: await configOn() })
    })
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]()
    })

    test.each(RECORDED)('%s changes nothing, and then all of it', async (name) => {
      const { database } = world.gateway.parts.state
      const isOwners = operations[name]['x-access'] !== 'system'
      const role = isOwners ? 'owner' : 'system'
      const { as, ...asking } = await (CHANGES[name]?.(world) ?? SAMPLES[name].own(world, role))
      const visitor = as ?? world.visitors[role]
      const before = await contentsOf(database)
      await withoutAudit(database, async () => {
        const answer = await visitor.ask(name, asking)
        expect(answer.status, answer.text).toBe(500)
      })
      expect(await contentsOf(database)).toEqual(before)
      const answer = await visitor.ask(name, asking)
      expect(answer.status, answer.text).toBeLessThan(300)
      expect((await contentsOf(database))['audit']?.length).toBeGreaterThan(before['audit']?.length ?? 0)
    })

    test('setUp changes nothing, and the link is still good', async () => {
      await using gateway = await startTestGateway({ upstreams: [], config: await configOn() })
      const { state, setup } = gateway.parts
      const visitor = new Visitor(gateway.url)
      const token = new URL(await setup.issue(gateway.url)).hash.slice(1)
      const body = { token, name: 'Ada', email: 'ada@example.org', password: PASSWORD }
      const before = await contentsOf(state.database)
      await withoutAudit(state.database, async () => {
        expect((await visitor.ask('setUp', { body })).status).toBe(500)
      })
      expect(await contentsOf(state.database)).toEqual(before)
      expect((await visitor.ask('setUp', { body })).status).toBe(201)
    })

    test('an invitation accepted by a newcomer makes no account, and is still good', async () => {
      const { database } = world.gateway.parts.state
      const { link } = await world.visitors.owner.do('createInvitation', { body: {} })
      const newcomer = { name: 'Late', email: 'late@example.org', password: PASSWORD }
      const body = { token: new URL(String(link)).hash.slice(1), newcomer }
      const visitor = new Visitor(world.gateway.url)
      const before = await contentsOf(database)
      await withoutAudit(database, async () => {
        expect((await visitor.ask('acceptInvitation', { body })).status).toBe(500)
      })
      expect(await contentsOf(database)).toEqual(before)
      expect((await visitor.ask('acceptInvitation', { body })).status).toBe(200)
    })
  })
}
