import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { post, postRaw } from '../proxy/client.ts'
import { type StreamCase, streamErrorIn } from '../proxy/stream-cases.ts'
import { settled, until } from '../proxy/turns.ts'
import { expectError, WHOLE_CASES } from '../proxy/whole-answers.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { bytes, cut, flood, frames, hold, rest } from '../support/scripted/steps.ts'
import { startTunnelGround, TUNNEL_CASES, type TunnelGround } from './tunnel-ground.ts'

const opened = new AsyncDisposableStack()
let ground: TunnelGround
beforeAll(async () => {
  ground = opened.use(await startTunnelGround())
})
afterAll(() => opened.disposeAsync())

afterEach(async () => {
  await settled(ground.gateway)
  // Nobody works for nobody, on neither side of the tunnel.
  await until(() => ground.agent.agent.status.streams === 0)
  await until(() => ground.gateway.parts.relay.status(ground.agent.tunnel.id)?.streams === 0)
})

const lastRow = async () => (await ground.rows()).at(-1)
const streamed = TUNNEL_CASES.map((of) => [`a stream of ${of.path}`, of] as const)
const whole = WHOLE_CASES.map((of) => [`a whole answer of ${of.path}`, of] as const)

/** Has the request answered so, leaves once `isEnough` of the answer has come, and says how long the model server worked on. */
async function leave(
  of: StreamCase,
  steps: Parameters<TunnelGround['start']>[1],
  isEnough: (receivedBytes: number, request: ReceivedRequest) => boolean,
) {
  const { gateway, key, upstream } = ground
  upstream.behave(steps, { path: of.path })
  const client = await postRaw({ url: gateway.url, key, ...of })
  const request = await upstream.nextRequest(of.path)
  await until(() => isEnough(client.socket.bytesRead, request))
  const leftAt = performance.now()
  client.reset()
  expect((await request.ended).how).toBe('abandoned')
  const freeAfterMs = (await request.connection.closed) - leftAt
  expect(await lastRow()).toMatchObject({ status: 499, error_code: 'client_closed' })
  return `the model server's connection closed ${freeAfterMs.toFixed(1)} ms after the client left`
}

describe('a client that leaves ends the work of the model server behind the tunnel', () => {
  test.for([...streamed, ...whole])('before the first byte of %s', async ([, of], { annotate }) => {
    await annotate(await leave(of, [hold, rest], () => true))
  })

  test.for(streamed)('in the middle of %s', async ([, of], { annotate }) => {
    await annotate(await leave(of, [frames(2), hold, rest], (received) => received > 300))
  })

  test.for(streamed)('in a flood, in the middle of %s', async ([, of], { annotate }) => {
    await annotate(await leave(of, [flood(10_000)], (received) => received > 1_000_000))
  })

  test.for(whole)('in the middle of %s', async ([, of], { annotate }) => {
    await annotate(await leave(of, [bytes(10), hold, rest], (_received, { sentBytes }) => sentBytes === 10))
  })
})

describe('a model server that leaves ends the answer for the client', () => {
  test.each(streamed)('in the middle of %s', async (_, of) => {
    const { reading, request } = await ground.start(of, [frames(2), hold, cut])
    request.release()
    expect(streamErrorIn(await reading.rest(), of.format)).toMatch(/connection to the model server ended/)
    expect(await lastRow()).toMatchObject({ status: 200, error_code: 'upstream_interrupted' })
  })

  test.each([...streamed, ...whole])('before the first byte of %s', async (_, of) => {
    const { gateway, key, upstream } = ground
    upstream.behave([cut], { path: of.path })
    await expectError(await post({ url: gateway.url, key, ...of }), of.dialect, 'upstream_reset')
  })

  test.each(whole)('in the middle of %s', async (_, of) => {
    const { gateway, key, upstream } = ground
    upstream.behave([bytes(10), cut], { path: of.path })
    await expectError(await post({ url: gateway.url, key, ...of }), of.dialect, 'upstream_interrupted')
  })
})
