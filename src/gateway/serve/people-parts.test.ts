import { expect, test } from 'vitest'
import { startTestGateway } from '../../../test/support/gateway.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { addOrg } from '../../../test/support/people.ts'
import { localActor } from '../orgs/actor.ts'

test('an org that is removed leaves the gateway nothing to reach: its tunnels end, its upstreams go', async () => {
  await using gateway = await startTestGateway({ upstreams: [] })
  const { state, people, upstreams, upstreamService } = gateway.parts
  await addOrg(state.database, 'org_1')
  const actor = { ...LOCAL, orgId: 'org_1' }
  const added = await upstreamService.create(actor, {
    label: 'studio',
    url: 'http://127.0.0.1:9',
    kind: 'ollama',
    key: undefined,
  })
  const { tunnel } = await state.tunnels.create(actor, 'attic')
  const entries: string[] = []
  state.store.onRecorded(({ action, target_name }) => void entries.push(`${action} ${target_name}`))
  expect(upstreams.of('org_1').map(({ id }) => id)).toEqual([added.id, tunnel.id])
  await people.orgs.remove(localActor(), 'org_1')
  expect([upstreams.of('org_1'), state.roll.get(tunnel.id)]).toEqual([[], undefined])
  expect(entries).toEqual(expect.arrayContaining(['tunnel.revoke attic', 'upstream.remove studio']))
})
