import { expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { openMemory } from '../../../test/support/databases.ts'
import { startRunningGateway } from '../../../test/support/running-gateway.ts'
import { localActor } from '../orgs/actor.ts'
import type { ExchangeView } from '../pipeline/exchange-view.ts'

const AT = Date.UTC(2026, 0, 1)

function exchange(id: string, key: ExchangeView['key'], given: Partial<ExchangeView> = {}): ExchangeView {
  const begun = { upstream: undefined, model: undefined, sentMs: undefined, ttfbMs: undefined, responseBytes: 0 }
  const route = { dialect: 'openai', route: 'POST /v1/chat/completions', isStreamed: true } as const
  return { id, at: AT, key, ...begun, ...route, phase: 'arriving', ageMs: 5, ...given }
}
const keyOf = (orgId: string, personId?: string) => ({ id: `k_${personId}`, name: 'a key', orgId, personId })

async function start() {
  const database = await openMemory()
  const gateway = await startRunningGateway(database)
  gateway.exchanges = [
    exchange('req_alice', keyOf('default', 'alice'), {
      upstream: 'up_1',
      model: 'a:latest',
      phase: 'answering',
      sentMs: 1.5,
      ttfbMs: 20,
      responseBytes: 300,
    }),
    exchange('req_bob', keyOf('default', 'bob')),
    exchange('req_org', keyOf('default')),
    exchange('req_other', keyOf('org_2', 'alice')),
    exchange('req_unnamed', undefined),
  ]
  const { as } = await openTestControl(async () => database, { gateway })
  return async (actor: Parameters<typeof as>[0]) => {
    const { live } = await as(actor).call('listLiveRequests', '/live')
    const { liveRequests } = await as(actor).call('showHealth', '/health')
    expect(liveRequests).toBe(live.length)
    return live
  }
}

test('each is told as far as it has come', async () => {
  const liveFor = await start()
  const [first, second] = await liveFor(localActor())
  expect(first).toEqual({
    id: 'req_alice',
    at: '2026-01-01T00:00:00.000Z',
    keyId: 'k_alice',
    keyName: 'a key',
    upstream: 'up_1',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model: 'a:latest',
    isStreamed: true,
    phase: 'answering',
    sentMs: 1.5,
    ttfbMs: 20,
    ageMs: 5,
    responseBytes: 300,
  })
  expect(second).toMatchObject({ upstream: null, model: null, sentMs: null, ttfbMs: null })
})

test.each([
  ['a member sees those of their own keys', personIn('default', 'member', 'alice'), ['req_alice']],
  ['a member without keys sees none', personIn('default', 'member', 'carol'), []],
  ['an admin sees those of the org', personIn('default', 'admin', 'carol'), ['req_alice', 'req_bob', 'req_org']],
  ['an owner of another org sees those of that', personIn('org_2', 'owner', 'bob'), ['req_other']],
  ['a member of another org sees no one else’s there', personIn('org_2', 'member', 'bob'), []],
  ['a system admin sees those of the org they work in', localActor('org_2'), ['req_other']],
  ['in the first org also those without a key', localActor(), ['req_alice', 'req_bob', 'req_org', 'req_unnamed']],
])('%s', async (_, actor, ids) => {
  const liveFor = await start()
  expect((await liveFor(actor)).map(({ id }) => id)).toEqual(ids)
})
