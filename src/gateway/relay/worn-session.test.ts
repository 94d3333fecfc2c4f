import { request } from 'undici'
import { expect, test } from 'vitest'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { ServedStreams } from '../../../test/support/stream-recorder.ts'
import { openRelay, type TestRelay } from '../../../test/support/test-relay.ts'
import { respond } from '../../tunnel/http/http-stream.ts'
import type { JoinedLink } from '../../tunnel/join.ts'
import type { TunnelLimits } from '../../tunnel/limits.ts'
import type { Tunnel } from './tunnel.ts'

const WORN = ['restart', 'its session has used up its stream ids']
/** Long enough that a test may move the clock by minutes without a sign from anyone. */
const LIMITS = { heartbeatMs: 300_000 }

async function ask(relay: TestRelay, tunnel: Tunnel, path: string): Promise<string> {
  const dispatcher = relay.upstreams.get(tunnel.id)?.way.dispatcher
  if (dispatcher === undefined) throw new Error('the tunnel has no upstream')
  const { body } = await request(`http://agent.invalid${path}`, { dispatcher })
  return await body.text()
}

const goAwayOf = ({ link }: JoinedLink): Promise<unknown[]> =>
  new Promise((resolve) => {
    link.whenGoAway = (...said) => resolve(said)
  })

/** A link whose session has become worn by a request that goes on; the gateway's own probe takes an id too. */
async function openWorn(limits: Partial<TunnelLimits> = {}) {
  const relay = await openRelay({ limits: { ...LIMITS, renewStreamId: 1, ...limits } })
  const tunnel = await relay.tunnel('gpu')
  const served = new ServedStreams()
  const first = await relay.join(tunnel, { onStream: served.serve, limits: LIMITS })
  const told = goAwayOf(first)
  const outcome = ask(relay, tunnel, '/slow').catch((error: unknown) => error)
  await expect.poll(() => served.byTarget.has('/slow')).toBe(true)
  expect(await told).toEqual(WORN)
  return { relay, tunnel, served, first, outcome, agent: served.get('/slow') }
}

test('another session takes its place, and what runs on it goes on', async () => {
  const { relay, tunnel, first, outcome, agent } = await openWorn()
  const second = await relay.join(tunnel, { limits: LIMITS })
  expect([second.isResumed, second.session === first.session]).toEqual([false, false])
  expect(await ask(relay, tunnel, '/new')).toBe('/new')
  // Longer than an access token lives: its agent sends each new one over all its links.
  for (let round = 0; round < 3; round++) {
    relay.clock.advance(290_000)
    const token = await relay.token(tunnel)
    for (const { link } of [first, second]) link.sendToken(token)
    expect(await ask(relay, tunnel, `/round/${round}`)).toBe(`/round/${round}`)
  }
  respond(agent.stream, { status: 200, fields: [] }, false)
  expect([first.link.isEnded, second.link.isEnded]).toEqual([false, false])
  agent.stream.write(Buffer.from('to its end'))
  agent.stream.end()
  expect(await outcome).toBe('to its end')
  first.link.close('done', 'its streams are over')
  expect(await ask(relay, tunnel, '/newer')).toBe('/newer')
  expect(relay.relay.status(tunnel.id)).toMatchObject({ state: 'connected' })
})

test('its access token runs out as any other', async () => {
  const { relay, tunnel, first, outcome } = await openWorn()
  const second = await relay.join(tunnel, { limits: LIMITS })
  for (const ms of [290_000, 290_000, 290_000, 29_999]) {
    relay.clock.advance(ms)
    second.link.sendToken(await relay.token(tunnel))
    await ask(relay, tunnel, '/x')
  }
  expect(first.link.isEnded).toBe(false)
  relay.clock.advance(1)
  expect((await first.link.ended).reason).toBe('token_expired')
  expect(second.link.isEnded).toBe(false)
  // Nobody could resume it.
  expect(await outcome).toMatchObject({ code: 'interrupted' })
})

test('it is told again on the link that resumes it, and once on each', async () => {
  const { relay, tunnel, first, served } = await openWorn()
  first.link.close('heartbeat_missed', 'a cut')
  await expect.poll(() => relay.relay.status(tunnel.id)?.state).toBe('resuming')
  const next = await relay.join(tunnel, { resume: first.session, onStream: served.serve, limits: LIMITS })
  expect(next.isResumed).toBe(true)
  expect(await goAwayOf(next)).toEqual(WORN)
  relay.relay.goAway()
  respond(served.get('/slow').stream, { status: 200, fields: [] }, true)
  await expect.poll(() => served.get('/slow').stream.isOver).toBe(true)
  expect(next.link.isEnded).toBe(false)
})

test('it ends where its agent opens no other and no id is left', async () => {
  const { relay, tunnel, first, outcome, agent } = await openWorn({ lastStreamId: 5 })
  const others: Promise<unknown>[] = []
  for (let at = 0; at < 4; at++) others.push(ask(relay, tunnel, '/more').catch((error: unknown) => error))
  expect(await first.link.ended).toEqual({ reason: 'restarting', text: WORN[1] })
  expect(await outcome).toMatchObject({ code: 'interrupted' })
  expect(agent.reset).toMatchObject({ code: 'interrupted' })
  for (const other of await Promise.all(others)) expect(other).toBeInstanceOf(Error)
  await relay.join(tunnel, { limits: LIMITS })
  expect(relay.relay.status(tunnel.id)).toMatchObject({ state: 'connected' })
})

test.each<[string, (relay: TestRelay, tunnel: Tunnel) => Promise<unknown>, string]>([
  ['revoked', (relay) => relay.state.tunnels.revoke(LOCAL, 'gpu'), 'revoked'],
  ['rotated', (relay) => relay.state.tunnels.rotate(LOCAL, 'gpu'), 'revoked'],
  ['used by another agent', (relay, tunnel) => relay.join(tunnel, { instance: 'other' }), 'replaced'],
])('it ends at once with its tunnel, which is %s, though another took its place', async (_, end, reason) => {
  const { relay, tunnel, first, outcome } = await openWorn()
  const second = await relay.join(tunnel, { limits: LIMITS })
  await end(relay, tunnel)
  expect([(await first.link.ended).reason, (await second.link.ended).reason]).toEqual([reason, reason])
  expect(await outcome).toMatchObject({ code: 'interrupted' })
})

test('an agent that piles them up has the oldest ended', async () => {
  const { relay, tunnel, first, outcome } = await openWorn()
  const retired: JoinedLink[] = []
  for (let at = 0; at < 5; at++) {
    const joined = await relay.join(tunnel, { limits: LIMITS })
    const told = goAwayOf(joined)
    await ask(relay, tunnel, `/${at}`)
    await told
    retired.push(joined)
  }
  // Nobody is listened to whose link ended so: its socket is cut after two seconds.
  const isCut = () => {
    relay.clock.advance(2_000)
    return first.link.isEnded
  }
  await expect.poll(isCut).toBe(true)
  expect(await outcome).toMatchObject({ code: 'interrupted' })
  expect(retired.map(({ link }) => link.isEnded)).toEqual(Array(5).fill(false))
})
