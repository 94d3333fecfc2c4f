import { describe, expect, test } from 'vitest'
import { post, ReadStream } from '../proxy/client.ts'
import { streamErrorIn } from '../proxy/stream-cases.ts'
import { until } from '../proxy/turns.ts'
import { expectError, wholeCaseOf } from '../proxy/whole-answers.ts'
import { frames, hold, rest, restByRelease } from '../support/scripted/steps.ts'
import { type RunningStream, startTunnelGround, TUNNEL_CASES, type TunnelGround } from './tunnel-ground.ts'

const LONG = Array.from({ length: 1_000 }, (_, at) => ` word ${at}`)
const BROKE = /connection to the model server ended/

/** One stream of each format, in the middle of its frames. */
function startAll(ground: TunnelGround): Promise<readonly RunningStream[]> {
  return Promise.all(TUNNEL_CASES.map((of) => ground.start(of, [frames(2), hold, rest])))
}

/** Reads each to its end, and expects what the model server says to whoever asks it without a tunnel. */
async function expectWhole(ground: TunnelGround, running: readonly RunningStream[]): Promise<number> {
  let bytes = 0
  for (const { of, reading } of running) {
    await reading.rest()
    const direct = await post({ url: ground.upstream.origin, ...of })
    expect(reading.bytes.equals(Buffer.from(await direct.arrayBuffer())), of.format).toBe(true)
    expect(reading.text).toContain(of.terminator)
    bytes += reading.bytes.length
  }
  for (const { error_code } of await ground.rows()) expect(error_code).toBe(null)
  return bytes
}

describe('while streams run, a link that breaks', () => {
  test('again and again, in the middle of what is on its way, is no more than a pause', async ({ annotate }) => {
    await using ground = await startTunnelGround({ words: LONG })
    const running = await startAll(ground)
    const cuts = 5
    for (let cut = 0; cut < cuts; cut++) {
      ground.network.cutAfter('towardsTarget', 50_001)
      for (const { request } of running) request.release()
      expect(await ground.connectedAgain()).toBe('resumed')
    }
    const bytes = await expectWhole(ground, running)
    await annotate(`${cuts} cuts, ${running.length} streams of all dialects, ${bytes} bytes, none lost and none twice`)
  })

  test('every 20 s is back within half a second each time, and no stream ends', async () => {
    const cuts = 20
    await using ground = await startTunnelGround({ words: LONG.slice(0, cuts) })
    const { agentClock, network } = ground
    const running = await Promise.all(TUNNEL_CASES.map((of) => ground.start(of, [frames(1), restByRelease])))
    // One with a frame for each cut; others have fewer.
    const chat = running.find(({ of }) => of.format === 'ollama-chat')?.reading as ReadStream
    for (let cut = 0; cut < cuts; cut++) {
      agentClock.advance(20_000)
      const lostAtMs = agentClock.elapsed()
      const toldBytes = chat.bytes.length
      for (const { request } of running) request.release()
      network.cut()
      expect(await ground.connectedAgain()).toBe('resumed')
      expect(agentClock.elapsed() - lostAtMs).toBeLessThanOrEqual(500)
      await chat.until((text) => text.length > toldBytes)
    }
    for (const { request } of running) request.release(cuts)
    await expectWhole(ground, running)
  })

  test('and cannot be opened again for a while: what was said meanwhile comes later', async () => {
    await using ground = await startTunnelGround()
    const { network, agent, gateway, key } = ground
    const running = await startAll(ground)
    const told = running.map(({ reading }) => reading.bytes.length)
    network.refuse(true)
    network.cut()
    expect(await ground.retried()).toMatchObject({ reason: 'lost' })
    for (const { request } of running) {
      request.release()
      expect((await request.ended).how).toBe('finished')
    }
    for (let attempt = 0; attempt < 3; attempt++)
      expect(await ground.retried()).toMatchObject({ reason: 'unreachable' })
    expect(running.map(({ reading }) => reading.bytes.length)).toEqual(told)
    expect(gateway.parts.relay.status(agent.tunnel.id)).toMatchObject({ state: 'resuming' })

    // Whoever asks in between waits as well, and is served.
    const of = wholeCaseOf('openai')
    const asking = post({ url: gateway.url, key, ...of })
    await until(() => gateway.parts.gateway.liveExchanges === running.length + 1)
    network.refuse(false)
    expect(await ground.connectedAgain()).toBe('resumed')
    expect(await (await asking).json()).toMatchObject({ object: 'chat.completion' })
    await expectWhole(ground, running)
  })
})

/** Each stream has ended with its dialect's own error, and is counted as failed. */
async function expectInterrupted(ground: TunnelGround, running: readonly RunningStream[]): Promise<void> {
  for (const { of, reading, request } of running) {
    const text = await reading.rest()
    expect(streamErrorIn(text, of.format), of.format).toMatch(BROKE)
    expect(text).not.toContain(of.terminator)
    expect(reading.isBroken).toBe(false)
    expect(reading.bytes.length).toBeGreaterThan(request.sentBytes)
  }
  const failed = { status: 200, error_code: 'upstream_interrupted', is_streamed: 1, upstream: ground.agent.tunnel.id }
  expect(await ground.rows()).toMatchObject(running.map(() => failed))
}

describe('the streams of a broken link end with an error', () => {
  test('at once, where the resume window is off; the local work with them', async () => {
    await using ground = await startTunnelGround({ tunnels: { resumeWindow: 'off' } })
    const running = await startAll(ground)
    ground.network.cut()
    await expectInterrupted(ground, running)
    for (const { request } of running) expect((await request.ended).how).toBe('abandoned')
    expect(await ground.connectedAgain()).toBe('anew')
    await expectServed(ground)
  })

  test('where nothing of an answer had come, nothing is said of what came before', async () => {
    await using ground = await startTunnelGround({ tunnels: { resumeWindow: 'off' } })
    const { network, gateway, key, upstream } = ground
    for (const dialect of ['openai', 'ollama', 'anthropic'] as const) {
      const of = wholeCaseOf(dialect)
      upstream.behave([hold], { path: of.path })
      const asking = post({ url: gateway.url, key, ...of })
      await upstream.nextRequest(of.path)
      network.cut()
      const answer = await asking
      const text = await answer.text()
      expect([answer.status, text]).toEqual([502, expect.stringContaining('ended before an answer came')])
      expect(text).not.toContain('incomplete')
      expect(await ground.connectedAgain()).toBe('anew')
    }
  })

  test('when the resume window has passed, on each side by its own clock', async () => {
    await using ground = await startTunnelGround()
    const { network, agent, gateway, clock, agentClock, key } = ground
    const running = await startAll(ground)
    network.refuse(true)
    network.cut()
    await ground.retried()
    await until(() => gateway.parts.relay.status(agent.tunnel.id)?.state === 'resuming')
    clock.advance(29_000)
    agentClock.advance(28_000)
    expect(gateway.parts.gateway.liveExchanges).toBe(running.length)
    expect(agent.agent.status.streams).toBe(running.length)

    clock.advance(1_000)
    await expectInterrupted(ground, running)
    expect(gateway.parts.relay.status(agent.tunnel.id)).toMatchObject({ state: 'away' })
    const of = wholeCaseOf('anthropic')
    await expectError(await post({ url: gateway.url, key, ...of }), of.dialect, 'upstream_away')

    expect(agent.agent.status.streams).toBe(running.length)
    agentClock.advance(2_000)
    for (const { request } of running) expect((await request.ended).how).toBe('abandoned')
    network.refuse(false)
    expect(await ground.connectedAgain()).toBe('anew')
    await expectServed(ground)
  })
})

async function expectServed({ gateway, agent, key }: TunnelGround): Promise<void> {
  await until(() => gateway.parts.upstreams.get(agent.tunnel.id)?.known.health.state === 'up')
  for (const of of TUNNEL_CASES) {
    const reading = await ReadStream.open({ url: gateway.url, key, ...of })
    expect(await reading.rest()).toContain(of.terminator)
  }
}
