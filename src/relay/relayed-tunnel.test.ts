import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ManualClock } from '../../test/support/clock.ts'
import { ServedStreams, type StreamRecorder } from '../../test/support/stream-recorder.ts'
import { MAX_MESSAGE_BYTES, SUBPROTOCOL } from '../protocol/limits.ts'
import { awaitAgent } from '../tunnel/accept.ts'
import { type JoinedLink, joinAsAgent } from '../tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../tunnel/limits.ts'
import { RelayedTunnel } from './relayed-tunnel.ts'
import type { Tunnel } from './tunnel.ts'

const TUNNEL: Tunnel = {
  id: 'tun_0123456789ab',
  orgId: 'default',
  label: 'gpu',
  createdAt: 0,
  updatedAt: 0,
  createdBy: 'test',
  credentialVersion: 1,
  pairedAt: undefined,
  lastSeenAt: undefined,
  revokedAt: undefined,
  machine: undefined,
}

/** A tunnel that takes whatever links are opened, and the agents' side of them. */
async function openTunnel() {
  const clock = new ManualClock()
  const lines: { readonly msg: string; readonly reason?: string }[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const tunnel = new RelayedTunnel({
    tunnel: TUNNEL,
    limits: DEFAULT_TUNNEL_LIMITS,
    changed: () => {},
    resumeWindowMs: 30_000,
    clock,
    log,
  })
  const sockets = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  })
  sockets.on('connection', async (socket) => {
    const offered = await awaitAgent(socket, clock)
    tunnel.join(offered, { address: '192.0.2.1', expiresAt: clock.now() + 900_000 })
  })
  await once(sockets, 'listening')
  onTestFinished(() => {
    tunnel.end('done', 'the test is over')
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  const join = async (served: ServedStreams, instance = 'agent'): Promise<JoinedLink> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`, SUBPROTOCOL)
    await once(socket, 'open')
    return await joinAsAgent({
      socket,
      instance,
      machine: { name: 'a\u001bttic', platform: 'linux', arch: 'x64' },
      limits: DEFAULT_TUNNEL_LIMITS,
      resume: undefined,
      onStream: served.serve,
      clock,
    })
  }
  const ask = async (path: string): Promise<string> => {
    const { body } = await request(`http://agent.invalid${path}`, { dispatcher: tunnel.upstream.dispatcher })
    return await body.text()
  }
  return { tunnel, clock, lines, join, ask }
}

const answer = ({ stream }: StreamRecorder, text: string) => {
  stream.respond({ status: 200, fields: [] }, false)
  stream.write(Buffer.from(text))
  stream.end()
}

test('after GO_AWAY a fresh link of the same agent leaves the old one to finish, and gets all that is new', async () => {
  const { tunnel, join, ask } = await openTunnel()
  const [before, after] = [new ServedStreams(), new ServedStreams()]
  const first = await join(before)
  const running = ask('/old')
  await expect.poll(() => before.byTarget.has('/old')).toBe(true)
  const told = new Promise<unknown[]>((resolve) => {
    first.link.whenGoAway = (...said) => resolve(said)
  })
  tunnel.goAway()
  expect(await told).toEqual(['restart', 'the gateway is about to stop'])
  const second = await join(after)
  expect(second.session.id).not.toBe(first.session.id)
  const fresh = ask('/new')
  await expect.poll(() => after.byTarget.has('/new')).toBe(true)
  expect(before.byTarget.has('/new')).toBe(false)
  answer(after.get('/new'), 'over the new')
  answer(before.get('/old'), 'over the old')
  expect(await Promise.all([running, fresh])).toEqual(['over the old', 'over the new'])
  first.link.close('done', 'its streams are over')
  await first.link.ended
  expect(tunnel.status.state).toBe('connected')
  expect(second.link.isEnded).toBe(false)
})

test('its end is the end of those that only finish, too', async () => {
  const { tunnel, join, ask } = await openTunnel()
  const before = new ServedStreams()
  const first = await join(before)
  const running = ask('/old').catch((error: unknown) => error)
  await expect.poll(() => before.byTarget.has('/old')).toBe(true)
  tunnel.goAway()
  const second = await join(new ServedStreams())
  tunnel.end('revoked', 'this tunnel was revoked')
  expect(await running).toMatchObject({ code: 'interrupted' })
  for (const { link } of [first, second]) {
    expect(await link.ended).toEqual({ reason: 'revoked', text: 'this tunnel was revoked' })
  }
  expect(tunnel.status.state).toBe('away')
})

test('another agent replaces also one that was told to go away', async () => {
  const { tunnel, join } = await openTunnel()
  const first = await join(new ServedStreams(), 'one')
  tunnel.goAway()
  await join(new ServedStreams(), 'two')
  expect(await first.link.ended).toEqual({
    reason: 'replaced',
    text: 'another agent (on attic) uses this tunnel now',
  })
})

test('a link that has ended before it is taken up changes nothing', async () => {
  const { tunnel, clock, join, ask } = await openTunnel()
  const served = new ServedStreams()
  const { link } = await join(served)
  const running = ask('/x')
  await expect.poll(() => served.byTarget.has('/x')).toBe(true)
  const timers = clock.pendingTimers
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  onTestFinished(() => sockets.close())
  const offering = once(sockets, 'connection').then(([socket]) => awaitAgent(socket, clock))
  const socket = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`)
  await once(socket, 'open')
  const joining = joinAsAgent({
    socket,
    instance: 'other',
    machine: { name: '', platform: '', arch: '' },
    limits: DEFAULT_TUNNEL_LIMITS,
    resume: undefined,
    onStream() {},
    clock,
  })
  joining.catch(() => {})
  const offered = await offering
  socket.terminate()
  await offered.link.ended
  tunnel.join(offered, { address: '192.0.2.2', expiresAt: clock.now() + 900_000 })
  expect(tunnel.status).toMatchObject({ state: 'connected', address: '192.0.2.1' })
  await expect(joining).rejects.toMatchObject({ end: { reason: 'lost' } })
  expect(clock.pendingTimers).toBe(timers)
  answer(served.get('/x'), 'undisturbed')
  expect(await running).toBe('undisturbed')
  expect(link.isEnded).toBe(false)
})

test('says in the log how its links come and go, and never what an agent made up', async () => {
  const { lines, join } = await openTunnel()
  const { link } = await join(new ServedStreams())
  link.close('heartbeat_missed', 'a cut')
  await expect.poll(() => lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['link.up', 'link.down']))
  const down = lines.find(({ msg }) => msg === 'link.down')
  expect(down).toMatchObject({ tunnelId: TUNNEL.id, label: 'gpu', reason: 'heartbeat_missed', text: 'a cut' })
  expect(JSON.stringify(lines)).not.toContain('\\u001b')
})
