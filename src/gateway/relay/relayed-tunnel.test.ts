import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ManualClock } from '../../../test/support/clock.ts'
import { ServedStreams, type StreamRecorder } from '../../../test/support/stream-recorder.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { awaitAgent } from '../../tunnel/accept.ts'
import { respond } from '../../tunnel/http/http-stream.ts'
import { type JoinedLink, joinAsAgent } from '../../tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../tunnel/limits.ts'
import { SOCKET_OPTIONS } from '../../tunnel/link-socket.ts'
import { RelayedTunnel } from './relayed-tunnel.ts'
import type { Tunnel } from './tunnel.ts'

const TUNNEL: Tunnel = {
  id: 'tun_0123456789ab',
  orgId: 'default',
  label: 'gpu',
  createdAt: 0,
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
    ...SOCKET_OPTIONS,
  })
  sockets.on('connection', async (socket) => {
    const offered = await awaitAgent(socket, clock, DEFAULT_TUNNEL_LIMITS)
    tunnel.join(offered, { address: '192.0.2.1', expiresAt: clock.now() + 900_000 })
  })
  await once(sockets, 'listening')
  onTestFinished(() => {
    tunnel.end('done', 'the test is over')
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  const join = async (served: ServedStreams): Promise<JoinedLink> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`, SUBPROTOCOL)
    await once(socket, 'open')
    return await joinAsAgent({
      socket,
      instance: 'agent',
      machine: { name: 'a\u001bttic', platform: 'linux', arch: 'x64' },
      limits: DEFAULT_TUNNEL_LIMITS,
      resume: undefined,
      onStream: served.serve,
      clock,
    })
  }
  const ask = async (path: string): Promise<string> => {
    const { body } = await request(`http://agent.invalid${path}`, { dispatcher: tunnel.upstream.way.dispatcher })
    return await body.text()
  }
  return { tunnel, clock, lines, join, ask }
}

const answer = ({ stream }: StreamRecorder, text: string) => {
  respond(stream, { status: 200, fields: [] }, false)
  stream.write(Buffer.from(text))
  stream.end()
}

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
  const offering = once(sockets, 'connection').then(([socket]) => awaitAgent(socket, clock, DEFAULT_TUNNEL_LIMITS))
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
