import { expect, test } from 'vitest'
import { startTestGateway } from '../../../test/support/gateway.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'

test('a gateway tells how it is while its database is away', async () => {
  await using gateway = await startTestGateway({ upstreams: [] })
  const { state, localControl } = gateway.parts
  await state.tunnels.create(LOCAL, 'studio')
  const status = async () => {
    const answer = await localControl.request('/control/v1/status')
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  expect(await status()).toMatchObject({ status: 200, body: { tunnels: { live: 1, connected: 0 }, troubles: [] } })
  await state.database.close()
  expect(await status()).toMatchObject({ status: 200, body: { tunnels: { live: 1, connected: 0 } } })
})
