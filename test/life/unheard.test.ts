import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../proxy/client.ts'
import { until } from '../proxy/turns.ts'
import { expectError, WHOLE_CASES } from '../proxy/whole-answers.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { startTestAgent, type TestAgent } from '../support/test-agent.ts'

let opened: AsyncDisposableStack
let clock: JumpingClock
let agentClock: JumpingClock
let agent: TestAgent
/** Started anew: it has heard of the server beside it, and not of the agent in whose tunnel `tiny` is. */
let gateway: TestGateway
let key: string
beforeEach(async () => {
  opened = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), 'punku-unheard-'))
  opened.defer(() => rmSync(home, { recursive: true, force: true }))
  const beside = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['beside'] }))
  const behind = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny'] }))
  const first = await startTestGateway({ home, upstreams: [beside.origin] })
  agentClock = new JumpingClock()
  agent = await startTestAgent({
    ...{ parts: first.parts, gatewayUrl: first.url, upstreamUrl: behind.origin, label: 'attic', clock: agentClock },
    limits: { heartbeatMs: 300_000 },
  })
  opened.defer(async () => {
    void agent.agent.stop(0)
    agentClock.advance(0)
    await agent[Symbol.asyncDispose]()
  })
  await first.parts.gateway.close(0)
  await first[Symbol.asyncDispose]()
  clock = new JumpingClock()
  gateway = opened.use(await startTestGateway({ home, port: first.port, upstreams: [beside.origin], clock }))
  key = await gateway.key()
})
afterEach(() => opened.disposeAsync())

const ask = (of: (typeof WHOLE_CASES)[number], model: string, as = key) =>
  post({ url: gateway.url, key: as, path: of.path, body: { ...of.body, model } })

const list = (path: string, as = key, headers = {}) =>
  fetch(gateway.url + path, { headers: { authorization: `Bearer ${as}`, ...headers } })

async function agentIsBack(): Promise<void> {
  for (;;) {
    agentClock.advance(500)
    if (agent.agent.status.state === 'connected' && gateway.parts.relay.status(agent.tunnel.id)?.state === 'connected')
      break
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => gateway.parts.upstreams.get(agent.tunnel.id)?.known.health.state === 'up')
}

describe.each(WHOLE_CASES)('$dialect: a model that only a tunnel has, after a restart of the gateway', (of) => {
  test('is asked for again until its agent is back', async () => {
    const away = await ask(of, 'tiny')
    expect(away.headers.get('retry-after')).toBe('3')
    expect(await expectError(away, of.dialect, 'upstream_away')).toContain("'tiny'")
    expect((await ask(of, 'beside')).status).toBe(200)
    await agentIsBack()
    expect((await ask(of, 'tiny')).status).toBe(200)
    await expectError(await ask(of, 'misspelt'), of.dialect, 'model_not_found')
  })

  test('is not promised to a key that may not use it', async () => {
    const other = await gateway.key({ models: ['beside'] })
    await expectError(await ask(of, 'tiny', other), of.dialect, 'model_not_allowed')
  })

  test('is unknown once the agent has not come for 5 minutes', async () => {
    clock.advance(300_000)
    await expectError(await ask(of, 'tiny'), of.dialect, 'model_not_found')
  })
})

describe('lists, after a restart of the gateway,', () => {
  test('hold what is known, and are asked for again where that is nothing for this key', async () => {
    const narrow = await gateway.key({ models: ['tiny'] })
    expect(await (await list('/v1/models')).json()).toMatchObject({ data: [{ id: 'beside' }] })
    await expectError(await list('/v1/models', narrow), 'openai', 'upstream_away')
    await expectError(
      await list('/v1/models', narrow, { 'anthropic-version': '2023-06-01' }),
      'anthropic',
      'upstream_away',
    )
    await expectError(await list('/api/tags', narrow), 'ollama', 'upstream_away')
    // What is loaded may well be nothing.
    expect(await (await list('/api/ps', narrow)).json()).toEqual({ models: [] })
    clock.advance(300_000)
    // What was being asked as the clock jumped has run out of time.
    for (const upstream of gateway.parts.upstreams.all()) {
      await upstream.refresh()
      await upstream.refresh()
    }
    expect(await (await list('/v1/models', narrow)).json()).toMatchObject({ data: [] })
  })

  test('know one model, or are asked for it again; not by a key that may not use it', async () => {
    const other = await gateway.key({ models: ['beside'] })
    expect((await list('/v1/models/beside', other)).status).toBe(200)
    await expectError(await list('/v1/models/tiny'), 'openai', 'upstream_away')
    await expectError(await list('/v1/models/tiny', other), 'openai', 'model_not_allowed')
  })
})
