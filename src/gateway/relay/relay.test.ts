import { type Dispatcher, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { agentHello, dialRaw } from '../../../test/support/raw-tunnel-peer.ts'
import { ServedStreams } from '../../../test/support/stream-recorder.ts'
import { openRelay, type TestRelay, type TestRelayOptions } from '../../../test/support/test-relay.ts'
import { tokenFrame } from '../../protocol/frame-writer.ts'
import { respond } from '../../tunnel/http/http-stream.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { Tunnel } from './tunnel.ts'

/** Long enough that a test may move the clock by minutes without a sign from anyone. */
const LONG_HEARTBEAT = { heartbeatMs: 300_000 }

function dispatcherOf(relay: TestRelay, tunnel: Tunnel): Dispatcher {
  const upstream = relay.upstreams.get(tunnel.id)
  if (upstream === undefined) throw new Error('the tunnel has no upstream')
  return upstream.way.dispatcher
}

async function ask(relay: TestRelay, tunnel: Tunnel, path: string): Promise<string> {
  const { body } = await request(`http://agent.invalid${path}`, { dispatcher: dispatcherOf(relay, tunnel) })
  return await body.text()
}

/** A request of that tunnel that has come to its agent, and what becomes of it. */
async function askSlowly(relay: TestRelay, tunnel: Tunnel, served: ServedStreams) {
  const outcome = ask(relay, tunnel, '/slow').catch((error: unknown) => error)
  await expect.poll(() => served.byTarget.has('/slow')).toBe(true)
  return { outcome, agent: served.get('/slow') }
}

const away = (relay: TestRelay, tunnel: Tunnel) => expect.poll(() => relay.relay.status(tunnel.id)?.state).toBe('away')

describe('the tunnel is an upstream', () => {
  test('as long as it lives, and up while it has a link', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    expect(relay.relay.status(tunnel.id)).toEqual({
      tunnelId: tunnel.id,
      state: 'away',
      since: 0,
      roundTripMs: undefined,
      streams: 0,
      address: undefined,
      software: undefined,
    })
    await expect(ask(relay, tunnel, '/x')).rejects.toMatchObject({ code: 'upstream_away' })
    const { link } = await relay.join(tunnel)
    expect(await ask(relay, tunnel, '/x')).toBe('/x')
    expect(relay.relay.status(tunnel.id)).toMatchObject({
      state: 'connected',
      since: relay.clock.now(),
      address: '127.0.0.1',
      software: expect.stringMatching(/^punku\//),
    })
    await expect.poll(() => relay.relay.status(tunnel.id)?.roundTripMs).toBe(0)
    link.close('done', 'enough')
    await away(relay, tunnel)
    await expect(ask(relay, tunnel, '/x')).rejects.toMatchObject({ code: 'upstream_away' })
    expect(relay.relay.status('tun_nobody')).toBeUndefined()
  })

  test('under its label as it is now, while its link goes on', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const { link } = await relay.join(tunnel)
    await relay.state.tunnels.rename(LOCAL, 'gpu', 'attic')
    expect(relay.upstreams.get(tunnel.id)?.label).toBe('attic')
    expect(await ask(relay, tunnel, '/x')).toBe('/x')
    expect(link.isEnded).toBe(false)
  })

  test('and its machine is remembered', async () => {
    const relay = await openRelay({ limits: LONG_HEARTBEAT })
    const tunnel = await relay.tunnel('gpu')
    await relay.join(tunnel, { limits: LONG_HEARTBEAT })
    relay.clock.advance(30_000)
    await expect.poll(async () => (await relay.state.tunnels.show(DEFAULT_ORG, 'gpu')).machine?.name).toBe('attic')
  })
})

describe('a second link', () => {
  test('of another agent takes the place of the first, which is told', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const first = await relay.join(tunnel, { instance: 'one', onStream: served.serve })
    const { outcome, agent } = await askSlowly(relay, tunnel, served)
    const second = await relay.join(tunnel, { instance: 'two' })
    const text = 'another agent (on attic) uses this tunnel now'
    expect(await first.link.ended).toEqual({ reason: 'replaced', text })
    expect(await outcome).toMatchObject({ code: 'interrupted', message: text })
    expect(agent.reset).toMatchObject({ code: 'interrupted' })
    expect(await ask(relay, tunnel, '/x')).toBe('/x')
    expect(second.link.isEnded).toBe(false)
    // The first may come back, though its own agent would not: the newest link is the one that counts.
    await relay.join(tunnel, { instance: 'one', resume: first.session })
    expect((await second.link.ended).reason).toBe('replaced')
  })

  test('of the same agent begins anew, unless it resumes', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const first = await relay.join(tunnel, { onStream: served.serve })
    const { outcome } = await askSlowly(relay, tunnel, served)
    const second = await relay.join(tunnel)
    expect(second.isResumed).toBe(false)
    expect(await first.link.ended).toEqual({ reason: 'done', text: 'the agent began anew' })
    expect(await outcome).toMatchObject({ code: 'interrupted' })
    expect(await ask(relay, tunnel, '/x')).toBe('/x')
  })
})

describe('a link that breaks', () => {
  async function broken(options: Partial<TestRelayOptions> = {}) {
    const relay = await openRelay(options)
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const peer = await relay.join(tunnel, { onStream: served.serve })
    const slow = await askSlowly(relay, tunnel, served)
    peer.link.close('heartbeat_missed', 'a cut')
    await expect.poll(() => relay.relay.status(tunnel.id)?.state).not.toBe('connected')
    return { relay, tunnel, served, peer, ...slow }
  }

  test('leaves its streams to the next', async () => {
    const { relay, tunnel, peer, served, outcome, agent } = await broken()
    expect(relay.relay.status(tunnel.id)).toMatchObject({ state: 'resuming', roundTripMs: undefined })
    expect(relay.upstreams.get(tunnel.id)?.known.health.state).toBe('down')
    relay.clock.advance(29_999)
    const next = await relay.join(tunnel, { resume: peer.session, onStream: served.serve })
    expect([next.isResumed, next.session]).toEqual([true, peer.session])
    // The old window is over; it was for the old break.
    relay.clock.advance(1)
    respond(agent.stream, { status: 200, fields: [] }, false)
    agent.stream.write(Buffer.from('after all'))
    agent.stream.end()
    expect(await outcome).toBe('after all')
    expect(relay.relay.status(tunnel.id)?.state).toBe('connected')
  })

  test('and is not back in time ends them', async () => {
    const { relay, tunnel, outcome } = await broken()
    relay.clock.advance(29_999)
    expect(relay.relay.status(tunnel.id)?.state).toBe('resuming')
    relay.clock.advance(1)
    expect(await outcome).toMatchObject({
      name: 'UpstreamFailure',
      code: 'interrupted',
      message: 'the link to the agent did not come back in time',
    })
    expect(relay.relay.status(tunnel.id)).toMatchObject({ state: 'away', since: relay.clock.now(), streams: 0 })
    await expect(ask(relay, tunnel, '/x')).rejects.toMatchObject({ code: 'upstream_away' })
  })

  test('ends them at once where nothing is to be resumed', async () => {
    const { relay, tunnel, outcome, peer } = await broken({ resumeWindowMs: 0 })
    expect(await outcome).toMatchObject({ code: 'interrupted' })
    expect(relay.relay.status(tunnel.id)?.state).toBe('away')
    expect(peer.session.isOver).toBe(true)
  })

  test('is resumed while the gateway still believes in it', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const first = await relay.join(tunnel, { onStream: served.serve })
    const { outcome, agent } = await askSlowly(relay, tunnel, served)
    const next = await relay.join(tunnel, { resume: first.session, onStream: served.serve })
    expect(next.isResumed).toBe(true)
    expect((await first.link.ended).text).toBe('the session goes on over a newer link')
    respond(agent.stream, { status: 200, fields: [] }, true)
    expect(await outcome).toBe('')
    expect(relay.relay.status(tunnel.id)?.state).toBe('connected')
  })
})

describe('the access token of a link', () => {
  async function joined() {
    const relay = await openRelay({ limits: LONG_HEARTBEAT })
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const peer = await relay.join(tunnel, { limits: LONG_HEARTBEAT, onStream: served.serve })
    /** Time passes, with a sign from either side. */
    const pass = async (ms: number) => {
      relay.clock.advance(ms)
      const before = served.byTarget.size
      const answering = ask(relay, tunnel, `/sign/${before}`)
      await expect.poll(() => served.byTarget.size).toBeGreaterThan(before)
      respond(served.get(`/sign/${before}`).stream, { status: 204, fields: [] }, true)
      await answering
    }
    return { ...peer, relay, tunnel, served, pass }
  }

  test('runs out: the link ends, and its session waits for the next', async () => {
    const { relay, tunnel, served, link, session, tokenExpiresInMs, pass } = await joined()
    expect(tokenExpiresInMs).toBe(900_000)
    const { outcome, agent } = await askSlowly(relay, tunnel, served)
    await pass(500_000)
    relay.clock.advance(399_999)
    expect(link.isEnded).toBe(false)
    relay.clock.advance(1)
    expect(await link.ended).toEqual({ reason: 'token_expired', text: 'the access token has run out' })
    expect((await relay.join(tunnel, { resume: session, onStream: served.serve })).isResumed).toBe(true)
    respond(agent.stream, { status: 200, fields: [] }, true)
    expect(await outcome).toBe('')
  })

  test('is renewed, and then runs out later', async () => {
    const { relay, tunnel, link, pass } = await joined()
    await pass(500_000)
    const token = await relay.token(tunnel)
    link.sendToken(token)
    await pass(0)
    // It has come, and is looked at by now, as are these.
    for (let at = 0; at < 10; at++) await relay.state.accessTokens.verify(token)
    await pass(500_000)
    expect(link.isEnded).toBe(false)
    relay.clock.advance(399_999)
    expect(link.isEnded).toBe(false)
    relay.clock.advance(1)
    expect((await link.ended).reason).toBe('token_expired')
  })

  test.each<[string, (relay: TestRelay, tunnel: Tunnel) => Promise<string>]>([
    ['of another tunnel', async (relay) => relay.token(await relay.tunnel('other'))],
    ['that is none', async () => 'abc'],
    ['of an older credential', async (relay, tunnel) => relay.token({ ...tunnel, credentialVersion: 0 })],
  ])('is not renewed by one %s', async (_, tokenOf) => {
    const { relay, tunnel, link } = await joined()
    link.sendToken(await tokenOf(relay, tunnel))
    expect(await link.ended).toEqual({ reason: 'token_expired', text: 'the new access token is not valid' })
  })

  test('is looked at one at a time', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const token = await relay.token(tunnel)
    const peer = await dialRaw(relay.port, { headers: { authorization: `Bearer ${token}` } })
    peer.send(agentHello())
    await peer.first('hello')
    peer.send(tokenFrame(token))
    await peer.settled()
    await peer.settled()
    expect(peer.socket.readyState).toBe(peer.socket.OPEN)
    peer.send(tokenFrame(token), tokenFrame(token))
    expect((await peer.closed).text).toBe('a new access token came before the last was looked at')
    expect((await peer.closed).code).toBe(4013)
  })
})

describe('the end of a credential', () => {
  test('revoked: link, streams and upstream are gone, and the agent knows why', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const { link, session } = await relay.join(tunnel, { onStream: served.serve })
    const { outcome } = await askSlowly(relay, tunnel, served)
    const token = await relay.token(tunnel)
    const dispatcher = dispatcherOf(relay, tunnel)
    await relay.state.tunnels.revoke(LOCAL, 'gpu')
    expect(await outcome).toMatchObject({ code: 'interrupted' })
    expect(await link.ended).toEqual({ reason: 'revoked', text: 'this tunnel was revoked' })
    expect(session.isOver).toBe(true)
    expect(relay.upstreams.get(tunnel.id)).toBeUndefined()
    expect(relay.relay.status(tunnel.id)).toBeUndefined()
    await expect(request('http://agent.invalid/x', { dispatcher })).rejects.toMatchObject({ code: 'UND_ERR_CLOSED' })
    await expect(relay.join(tunnel, { token })).rejects.toThrow('401')
  })

  test('revoked while its link is being resumed: the streams do not wait', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const { link } = await relay.join(tunnel, { onStream: served.serve })
    const { outcome } = await askSlowly(relay, tunnel, served)
    link.close('heartbeat_missed', 'a cut')
    await expect.poll(() => relay.relay.status(tunnel.id)?.state).toBe('resuming')
    await relay.state.tunnels.revoke(LOCAL, 'gpu')
    expect(await outcome).toMatchObject({ code: 'interrupted' })
  })

  test.each<[string, (relay: TestRelay) => Promise<unknown>, number]>([
    ['revoked', (relay) => relay.state.tunnels.revoke(LOCAL, 'gpu'), 4003],
    ['rotated', (relay) => relay.state.tunnels.rotate(LOCAL, 'gpu'), 4003],
    ['the gateway leaves', async ({ relay }) => relay.goAway(), 1001],
  ])('%s between the handshake and the HELLO', async (_, happen, code) => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const peer = await dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(tunnel)}` } })
    await happen(relay)
    peer.send(agentHello())
    expect((await peer.closed).code).toBe(code)
    expect(peer.frames).toEqual([])
  })

  test('rotated: the link ends, the tunnel waits for its agent to be paired again', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const { link } = await relay.join(tunnel, { onStream: served.serve })
    const { outcome } = await askSlowly(relay, tunnel, served)
    const old = await relay.token(tunnel)
    const { tunnel: rotated } = await relay.state.tunnels.rotate(LOCAL, 'gpu')
    const text = 'the credential of this tunnel was rotated: pair the agent again'
    expect(await link.ended).toEqual({ reason: 'revoked', text })
    expect(await outcome).toMatchObject({ code: 'interrupted' })
    expect(relay.relay.status(tunnel.id)?.state).toBe('away')
    await expect(relay.join(tunnel, { token: old })).rejects.toThrow('401')
    await relay.join(rotated)
    expect(await ask(relay, tunnel, '/x')).toBe('/x')
  })
})

describe('leaving', () => {
  test('a gateway says so: what runs ends in its own time, and the next requests go to another', async () => {
    const old = await openRelay()
    const fresh = await openRelay({ home: old.home })
    const tunnel = await old.tunnel('gpu')
    await fresh.state.feed.refresh()
    const served = new ServedStreams()
    const first = await old.join(tunnel, { onStream: served.serve })
    const { outcome, agent } = await askSlowly(old, tunnel, served)
    const told = Promise.withResolvers<unknown[]>()
    first.link.whenGoAway = (...said) => told.resolve(said)
    old.relay.goAway()
    expect(await told.promise).toEqual(['restart', 'the gateway is about to stop'])
    const second = await fresh.join(tunnel)
    expect(second.session).not.toBe(first.session)
    expect(await ask(fresh, tunnel, '/new')).toBe('/new')
    respond(agent.stream, { status: 200, fields: [] }, false)
    agent.stream.write(Buffer.from('to its end'))
    agent.stream.end()
    expect(await outcome).toBe('to its end')
    for (const recorder of served.byTarget.values()) recorder.stream.reset('cancelled', 'agent', '')
    await first.session.idle()
    first.link.close('done', 'its streams are over')
    await away(old, tunnel)
    expect(fresh.relay.status(tunnel.id)?.state).toBe('connected')
  })

  test('an agent says so: it gets nothing new, and ends what it has', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const { link, session } = await relay.join(tunnel, { onStream: served.serve })
    const { outcome, agent } = await askSlowly(relay, tunnel, served)
    link.goAway('stopping', 'the agent stops')
    await expect.poll(() => relay.upstreams.get(tunnel.id)?.known.health.reason).toBe('its agent is about to stop')
    await expect(ask(relay, tunnel, '/x')).rejects.toMatchObject({ code: 'upstream_away' })
    respond(agent.stream, { status: 200, fields: [] }, true)
    expect(await outcome).toBe('')
    for (const recorder of served.byTarget.values()) recorder.stream.reset('cancelled', 'agent', '')
    await session.idle()
    link.close('done', 'its streams are over')
    await away(relay, tunnel)
  })

  test('at its end a gateway ends every link, and tells agents that they may come back', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const served = new ServedStreams()
    const { link, session } = await relay.join(tunnel, { onStream: served.serve })
    const silent = await dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(tunnel)}` } })
    const { outcome } = await askSlowly(relay, tunnel, served)
    relay.relay.close()
    expect(await outcome).toMatchObject({ code: 'interrupted' })
    expect((await link.ended).reason).toBe('restarting')
    expect(session.isOver).toBe(true)
    await silent.closed
  })
})

test('nothing is left of links that came and went', async () => {
  const relay = await openRelay()
  const tunnel = await relay.tunnel('gpu')
  const before = relay.clock.pendingTimers
  for (const reason of ['done', 'heartbeat_missed', 'revoked'] as const) {
    const { link } = await relay.join(tunnel)
    link.close(reason, 'bye')
    await expect.poll(() => relay.relay.status(tunnel.id)?.state).not.toBe('connected')
  }
  // A HELLO, and in the same message what ends its link.
  const peer = await dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(tunnel)}` } })
  peer.send(agentHello(), agentHello())
  await peer.closed
  relay.clock.advance(30_000)
  await expect.poll(() => relay.clock.pendingTimers).toBe(before)
  expect(relay.relay.status(tunnel.id)?.state).toBe('away')
})
