import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ReadStream } from '../proxy/client.ts'
import { until } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { startTestAgent, type TestAgent } from '../support/test-agent.ts'
import { TUNNEL_CASES } from './tunnel-ground.ts'

let opened: AsyncDisposableStack
let home: string
let upstream: ScriptedUpstream
let first: TestGateway
let agent: TestAgent
let agentClock: JumpingClock
let key: string
beforeEach(async () => {
  opened = new AsyncDisposableStack()
  home = mkdtempSync(join(tmpdir(), 'punku-restart-'))
  opened.defer(() => rmSync(home, { recursive: true, force: true }))
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  first = opened.use(await startTestGateway({ home, upstreams: [] }))
  agentClock = new JumpingClock()
  // It begins at once when it is told to go away, and each wait is as long as it can be.
  agentClock.random = () => 0
  const { parts, url } = first
  agent = await startTestAgent({
    ...{ parts, gatewayUrl: url, upstreamUrl: upstream.origin, label: 'attic', clock: agentClock },
    limits: { heartbeatMs: 300_000 },
  })
  opened.defer(async () => {
    const stopped = agent.agent.stop(0)
    agentClock.advance(0)
    await stopped
    await agent[Symbol.asyncDispose]()
  })
  key = await first.key({ routes: ['inference', 'metadata', 'manage'] })
})
afterEach(() => opened.disposeAsync())

/** A gateway in the place of one that has closed its listener. */
async function startNext(): Promise<TestGateway> {
  return opened.use(await startTestGateway({ home, port: first.port, upstreams: [] }))
}

/** Lets the agent try until it has a link; how long it has waited for that, by its own clock. */
async function reconnected(): Promise<number> {
  const from = agentClock.elapsed()
  for (;;) {
    const event = await agent.next('lost', 'connected')
    if (event.type === 'connected') return agentClock.elapsed() - from
    agentClock.advance(event.retryInMs)
  }
}

async function askAll(gateway: TestGateway): Promise<void> {
  await until(() => gateway.parts.upstreams.get(agent.tunnel.id)?.known.health.state === 'up')
  for (const of of TUNNEL_CASES) {
    const reading = await ReadStream.open({ url: gateway.url, key, ...of })
    expect(await reading.rest()).toContain(of.terminator)
  }
}

test('streams finish over the old link while the next gateway serves, and every row is there', async () => {
  const running = []
  for (const of of TUNNEL_CASES) {
    upstream.behave([frames(2), hold, rest], { path: of.path })
    const reading = await ReadStream.open({ url: first.url, key, ...of })
    const request = await upstream.nextRequest(of.path)
    await reading.until((text) => text.includes('\n'))
    running.push({ of, reading, request })
  }
  let isClosed = false
  const closing = first.parts.gateway.close(60_000).then(() => {
    isClosed = true
  })
  expect(await agent.next('goAway')).toMatchObject({ text: expect.stringContaining('about to stop') })
  const next = await startNext()
  expect(await reconnected()).toBeLessThanOrEqual(1_000)
  await askAll(next)

  expect(isClosed).toBe(false)
  for (const { of, reading, request } of running) {
    request.release()
    expect(await reading.rest()).toContain(of.terminator)
    expect(reading.isBroken).toBe(false)
  }
  await closing
  await first[Symbol.asyncDispose]()
  expect(next.parts.relay.status(agent.tunnel.id)).toMatchObject({ state: 'connected' })
  const rows = await next.rows()
  expect(rows).toHaveLength(running.length + TUNNEL_CASES.length)
  for (const row of rows) expect(row).toMatchObject({ error_code: null, status: 200, upstream: agent.tunnel.id })
})

test('a gateway that comes back later finds its agent again, under the same key', async () => {
  await first.parts.gateway.close(60_000)
  await first[Symbol.asyncDispose]()
  for (let attempt = 0; attempt < 3; attempt++) {
    const { retryInMs } = await agent.next('lost')
    agentClock.advance(retryInMs)
  }
  const next = await startNext()
  expect(await reconnected()).toBeLessThanOrEqual(2_000)
  await askAll(next)
  expect(await next.rows()).toHaveLength(TUNNEL_CASES.length)
})
