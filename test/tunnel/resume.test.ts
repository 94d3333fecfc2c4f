import { expect, test } from 'vitest'
import { respond } from '../../src/tunnel/http/http-stream.ts'
import { type Network, startNetwork } from '../support/network.ts'
import { openStream, pour, ServedStreams, type StreamRecorder } from '../support/stream-recorder.ts'
import { startTunnelPair, type TunnelPair } from '../support/tunnel-pair.ts'

interface Ground extends AsyncDisposable {
  readonly pair: TunnelPair
  readonly network: Network
  readonly served: ServedStreams
  /** A stream that both sides know. */
  open(target: string, hasBody?: boolean): Promise<{ readonly gateway: StreamRecorder; readonly agent: StreamRecorder }>
  /** Ends the link in a way that the gateway does not see. */
  leave(): Promise<void>
}

async function openGround(): Promise<Ground> {
  await using stack = new AsyncDisposableStack()
  const served = new ServedStreams()
  const pair = stack.use(await startTunnelPair({ onStream: served.serve }))
  const network = stack.use(await startNetwork({ target: { host: '127.0.0.1', port: pair.port } }))
  await pair.connect({ port: network.port })
  const kept = stack.move()
  return {
    pair,
    network,
    served,
    async open(target, hasBody = true) {
      const gateway = openStream(pair.gateway.session, target, { hasBody })
      await expect.poll(() => served.byTarget.has(target)).toBe(true)
      return { gateway, agent: served.get(target) }
    },
    async leave() {
      network.freeze()
      pair.agent.link.close('heartbeat_missed', 'nothing is heard')
      await pair.agent.link.ended
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

test('while the gateway still believes in the old link, whose late bytes count no more', async () => {
  await using ground = await openGround()
  const { pair, network } = ground
  const { gateway, agent } = await ground.open('/x')
  respond(agent.stream, { status: 200, fields: [] }, false)
  agent.stream.write(Buffer.from('seen '))
  await expect.poll(() => gateway.text).toBe('seen ')
  const old = pair.gateway.link
  await ground.leave()
  // On its way in the black hole, in both directions.
  gateway.stream.write(Buffer.from('to the agent'))
  agent.stream.write(Buffer.from('to the gateway'))
  expect(old.isEnded).toBe(false)
  expect((await pair.connect()).isResumed).toBe(true)
  expect((await old.ended).text).toBe('resumed elsewhere')
  network.thaw()
  await expect.poll(() => [gateway.text, agent.text]).toEqual(['seen to the gateway', 'to the agent'])
  agent.stream.end()
  gateway.stream.end()
  await expect.poll(() => [gateway.hasEnded, agent.hasEnded]).toEqual([true, true])
  expect(gateway.calls).toEqual(['head 200', 'data', 'end'])
  expect(pair.gateway.session.liveStreams + pair.agent.session.liveStreams).toBe(0)
})

test('what was done while no link stood reaches the other side with the next', async () => {
  await using ground = await openGround()
  const { pair, network, served } = ground
  const cancelled = await ground.open('/cancelled')
  const broken = await ground.open('/broken')
  const written = await ground.open('/written')
  network.cut()
  await Promise.all([pair.gateway.link.ended, pair.agent.link.ended])
  cancelled.gateway.stream.reset('cancelled', 'client', 'left')
  broken.agent.stream.reset('broken', 'upstream', 'died')
  written.gateway.stream.write(Buffer.from('body'))
  written.gateway.stream.end()
  const opened = openStream(pair.gateway.session, '/opened')
  const undone = openStream(pair.gateway.session, '/undone')
  undone.stream.reset('cancelled', 'client', 'left at once')
  expect((await pair.connect()).isResumed).toBe(true)
  await expect.poll(() => served.byTarget.get('/undone')?.reset?.text).toBe('left at once')
  expect(cancelled.agent.reset).toEqual({ code: 'cancelled', origin: 'client', text: 'left' })
  await expect.poll(() => broken.gateway.reset).toEqual({ code: 'broken', origin: 'upstream', text: 'died' })
  expect(written.agent.calls).toEqual(['data', 'end'])
  respond(served.get('/opened').stream, { status: 200, fields: [] }, true)
  await expect.poll(() => opened.hasEnded).toBe(true)
  // And new ones after that, above all before.
  const fresh = await ground.open('/fresh')
  expect(fresh.gateway.stream.id).toBe(undone.stream.id + 2)
})

test('a request made between two links only takes longer', async () => {
  await using ground = await openGround()
  const { pair, network, served } = ground
  network.cut()
  await Promise.all([pair.gateway.link.ended, pair.agent.link.ended])
  const recorder = openStream(pair.gateway.session, '/x')
  await pair.connect()
  await expect.poll(() => served.byTarget.has('/x')).toBe(true)
  respond(served.get('/x').stream, { status: 204, fields: [] }, true)
  await expect.poll(() => recorder.calls).toEqual(['head 204', 'end'])
})

test('a gateway that does not take the session up: its streams have ended on both sides', async () => {
  await using ground = await openGround()
  const { pair, network, served } = ground
  const { gateway, agent } = await ground.open('/x')
  const before = pair.agent.session
  network.cut()
  await Promise.all([pair.gateway.link.ended, pair.agent.link.ended])
  pair.gateway.session.end('its window has passed')
  const joined = await pair.connect()
  expect([joined.isResumed, joined.session === before]).toEqual([false, false])
  expect(gateway.reset).toEqual({ code: 'interrupted', origin: 'gateway', text: 'its window has passed' })
  expect(agent.reset).toMatchObject({ code: 'interrupted', origin: 'agent' })
  // Ids begin anew with the session.
  const fresh = openStream(pair.gateway.session, '/new')
  expect(fresh.stream.id).toBe(1)
  await expect.poll(() => served.byTarget.has('/new')).toBe(true)
})

test.each(['towardsTarget', 'towardsClient'] as const)(
  'a FIN %s in the middle of a transfer loses nothing',
  async (way) => {
    await using ground = await openGround()
    const { pair, network } = ground
    const { gateway, agent } = await ground.open('/x')
    respond(agent.stream, { status: 200, fields: [] }, false)
    pour(gateway, 20_000_000)
    pour(agent, 20_000_000)
    await expect.poll(() => Math.min(gateway.bytes, agent.bytes)).toBeGreaterThan(100_000)
    network.halfClose(way)
    await Promise.all([pair.gateway.link.ended, pair.agent.link.ended])
    expect((await pair.connect()).isResumed).toBe(true)
    await expect.poll(() => [gateway.hasEnded, agent.hasEnded]).toEqual([true, true])
    expect([gateway.bytes, agent.bytes]).toEqual([20_000_000, 20_000_000])
  },
  20_000,
)
