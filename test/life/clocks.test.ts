import { describe, expect, test } from 'vitest'
import { post } from '../proxy/client.ts'
import { caseOf } from '../proxy/stream-cases.ts'
import { until } from '../proxy/turns.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { frames, hold, rest, restByRelease } from '../support/scripted/steps.ts'
import { startTunnelGround, TUNNEL_CASES, type TunnelGround } from './tunnel-ground.ts'

const HOUR_MS = 3_600_000
/** How long an agent waits for an answer on a link that it doubts. */
const PROBE_MS = 2_000

const startAll = (ground: TunnelGround) =>
  Promise.all(TUNNEL_CASES.map((of) => ground.start(of, [frames(2), hold, rest])))

/** The wall clock of the agent's machine stands an hour later than a second ago, after it has been up for a while. */
function suspend({ agentClock }: TunnelGround): void {
  agentClock.advance(20_000)
  agentClock.jumpedMs += HOUR_MS
  agentClock.advance(1_000)
}

describe("after the agent's machine was suspended", () => {
  test('a link that still carries stays, with its streams and a new access token', async () => {
    await using ground = await startTunnelGround()
    const { agent, agentClock } = ground
    const running = await startAll(ground)
    suspend(ground)
    agentClock.advance(1)
    await until(() => agent.tokensGiven === 2)
    for (const { of, reading, request } of running) {
      request.release()
      expect(await reading.rest()).toContain(of.terminator)
    }
    agentClock.advance(PROBE_MS)
    expect(agent.events.map(({ type }) => type).filter((type) => type !== 'request')).toEqual([
      'connecting',
      'connected',
    ])
  })

  test('a link that carries nothing any more is given up, and the next opened at once; its streams go on', async () => {
    await using ground = await startTunnelGround()
    const { network, agent, agentClock } = ground
    const running = await startAll(ground)
    network.freeze()
    suspend(ground)
    agentClock.advance(PROBE_MS)
    expect(await agent.next('lost')).toMatchObject({ reason: 'heartbeat_missed', retryInMs: 0 })
    network.thaw()
    expect(await ground.connectedAgain()).toBe('resumed')
    for (const { of, reading, request } of running) {
      request.release()
      expect(await reading.rest()).toContain(of.terminator)
    }
    for (const { error_code } of await ground.rows()) expect(error_code).toBe(null)
  })
})

test('over 45 minutes the access token is renewed four times, and a stream does not notice', async () => {
  const words = Array.from({ length: 100 }, (_, at) => ` word ${at}`)
  const clock = new JumpingClock()
  await using ground = await startTunnelGround({ words, clock, agentClock: clock })
  const { agent, gateway, upstream } = ground
  const of = caseOf('ollama-chat')
  const { reading, request } = await ground.start(of, [frames(1), restByRelease])
  const linkSince = gateway.parts.relay.status(agent.tunnel.id)?.since
  for (let passedMs = 30_000; passedMs <= 45 * 60_000; passedMs += 30_000) {
    clock.advance(30_000)
    // At two thirds of its 15 minutes. Whoever waits for it is timed by the same clock, so that it must not move on.
    await until(() => agent.tokensGiven === 1 + Math.floor(passedMs / 600_000))
    const before = reading.bytes.length
    request.release()
    await reading.until((text) => text.length > before)
  }
  request.release(words.length)
  await reading.rest()
  const direct = await post({ url: upstream.origin, ...of })
  expect(reading.bytes.equals(Buffer.from(await direct.arrayBuffer()))).toBe(true)
  expect(agent.tokensGiven).toBe(5)
  expect(agent.events.filter(({ type }) => type !== 'request')).toHaveLength(2)
  expect(gateway.parts.relay.status(agent.tunnel.id)).toMatchObject({ state: 'connected', since: linkSince })
  expect(await ground.rows()).toMatchObject([{ error_code: null, duration_ms: expect.any(Number) }])
})
