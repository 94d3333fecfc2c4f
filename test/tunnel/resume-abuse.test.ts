import { describe, expect, test } from 'vitest'
import { ackFrame, creditFrame } from '../../src/protocol/frame-writer.ts'
import { againstAgent, againstGateway, dialAsAgent } from '../support/raw-link.ts'
import {
  agentHello,
  dataOf,
  dialRaw,
  gatewayHello,
  headOf,
  openOf,
  type RawPeer,
  startRawGateway,
} from '../support/raw-tunnel-peer.ts'
import { openStream, pour, ServedStreams } from '../support/stream-recorder.ts'
import { openRelay, type TestRelay } from '../support/test-relay.ts'

const MiB = 1_048_576

async function helloOf(peer: RawPeer): Promise<{ readonly session: string; readonly resumed: boolean }> {
  return JSON.parse((await peer.first('hello')).payload.toString())
}

const dial = async (relay: TestRelay, tunnel: Parameters<TestRelay['token']>[0]) =>
  await dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(tunnel)}` } })

describe('a session is resumed by', () => {
  test('its own tunnel alone: the id of another’s opens nothing of it, and ends nothing', async () => {
    const relay = await openRelay()
    const [mine, theirs] = [await relay.tunnel('mine'), await relay.tunnel('theirs')]
    const peer = await dial(relay, theirs)
    peer.send(agentHello({ instance: 'theirs' }))
    const { session } = await helloOf(peer)
    const thief = await dial(relay, mine)
    thief.send(agentHello({ instance: 'theirs', resume: { session, received: 0 } }))
    const hello = await helloOf(thief)
    expect([hello.resumed, hello.session === session]).toEqual([false, false])
    await peer.settled()
    expect([mine, theirs].map(({ id }) => relay.relay.status(id)?.state)).toEqual(['connected', 'connected'])
  })

  test('nobody once it has ended, whatever the count', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const peer = await dial(relay, tunnel)
    peer.send(agentHello())
    const { session } = await helloOf(peer)
    peer.socket.close(1000, 'done')
    await peer.closed
    await expect.poll(() => relay.relay.status(tunnel.id)?.state).toBe('away')
    for (const received of [0, 1, 2 ** 40]) {
      const next = await dial(relay, tunnel)
      next.send(agentHello({ resume: { session, received } }))
      expect((await helloOf(next)).resumed).toBe(false)
      next.socket.close(1000, 'done')
      await next.closed
    }
  })

  test('many links at once: one has it in the end, and it is whole', async () => {
    const relay = await openRelay()
    const tunnel = await relay.tunnel('gpu')
    const first = await dial(relay, tunnel)
    first.send(agentHello())
    const { session } = await helloOf(first)
    const opened = await first.stream('/api/version')
    const peers = await Promise.all(Array.from({ length: 8 }, () => dial(relay, tunnel)))
    // All in one turn, and each as if nothing had come to it.
    for (const peer of peers) peer.send(agentHello({ resume: { session, received: 0 } }))
    const hellos = await Promise.all(peers.map(helloOf))
    expect(hellos.every((hello) => hello.resumed && hello.session === session)).toBe(true)
    await first.closed
    const isOpen = ({ socket }: RawPeer) => socket.readyState === socket.OPEN
    await expect.poll(() => peers.filter(isOpen)).toHaveLength(1)
    const [last] = peers.filter(isOpen) as [RawPeer]
    expect(await last.stream('/api/version')).toBe(opened)
    last.send(headOf(opened), dataOf(opened, '{"version":"1"}', true))
    await last.settled()
    expect(relay.relay.status(tunnel.id)).toMatchObject({ state: 'connected' })
  })
})

describe('a peer that never acknowledges', () => {
  test('and resumes again and again is sent only what each link has room for, and its session is kept once', async () => {
    const { peer, session, link, port } = await againstGateway({ hello: { window: 64 * MiB } })
    const recorder = openStream(session, '/up', { hasBody: true })
    await peer.stream('/up')
    pour(recorder, 64 * MiB)
    await expect.poll(() => session.keptBytes).toBeGreaterThan(33_000_000)
    const kept = session.keptBytes
    peer.socket.terminate()
    await link.ended
    const deaf: RawPeer[] = []
    for (let at = 0; at < 20; at++) {
      const next = await dialRaw(port)
      next.send(agentHello({ window: 64 * MiB, resume: { session: session.id, received: 0 } }))
      await next.first('hello')
      next.socket.pause()
      deaf.push(next)
    }
    expect(session.keptBytes).toBe(kept)
    for (const next of deaf) next.socket.terminate()
    // It is all still there for one that behaves.
    const last = await dialRaw(port)
    last.send(agentHello({ resume: { session: session.id, received: 0 } }))
    let acknowledged = 0
    const sent = () => last.frames.reduce((sum, frame) => sum + (frame.is === 'data' ? frame.data.length : 0), 0)
    const count = () => last.frames.filter(({ is }) => is === 'open' || is === 'data').length
    while (sent() < 64 * MiB) {
      await last.until(() => (count() > acknowledged ? true : undefined))
      acknowledged = count()
      last.send(ackFrame(acknowledged))
    }
    expect([sent(), session.isOver]).toEqual([64 * MiB, false])
  })

  test('holds an agent to the same bound', async () => {
    const served = new ServedStreams()
    const { peer, session, link } = await againstAgent({ onStream: served.serve, hello: { window: 64 * MiB } })
    peer.send(openOf(1))
    await peer.settled()
    const { stream } = served.get('/x')
    pour(served.get('/x'), 64 * MiB)
    await expect.poll(() => session.keptBytes).toBeGreaterThan(33_000_000)
    const kept = session.keptBytes
    expect(kept).toBeLessThan(33_554_432 + 65_536)
    peer.send(creditFrame(1, 1))
    await peer.settled()
    expect(session.keptBytes).toBe(kept)
    peer.socket.terminate()
    await link.ended
    await using gateway = await startRawGateway()
    const { peer: next, joining } = await dialAsAgent(gateway.port, gateway.accept(), { resume: session })
    await next.first('hello')
    next.socket.pause()
    next.send(gatewayHello({ session: session.id, resumed: true, received: 0 }))
    const joined = await joining
    expect([joined.isResumed, session.keptBytes]).toEqual([true, kept])
    expect(stream.isOver).toBe(false)
    session.end('enough')
    expect(session.keptBytes).toBe(0)
    next.socket.resume()
  })
})
