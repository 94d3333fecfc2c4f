import { cpSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pair } from '../../src/agent/pair.ts'
import { ensureHome } from '../../src/config/home.ts'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { post, ReadStream } from '../proxy/client.ts'
import { streamErrorIn } from '../proxy/stream-cases.ts'
import { expectError, wholeCaseOf } from '../proxy/whole-answers.ts'
import type { Ended } from '../support/run-command.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, type Punku } from './punku.ts'
import { type HeldStream, holdStreams, STREAMED, Traffic } from './tunnel-load.ts'

/** The gateway's machine, and the one beside the model server. */
const relay = new Place()
let house = new Place()
let upstream: ScriptedUpstream
let gateway: Punku
let url: string
let key: string
/** Another one, so that its rows are not in the way. */
let trafficKey: string
let agent: Punku
beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'ollama' })
  ensureHome(relay.home)
  writeFileSync(join(relay.home, 'punku.yaml'), 'tunnels:\n  resumeWindow: 1s\n')
  const serving = await relay.serve('--upstream', 'none')
  gateway = serving.punku
  url = serving.url
  await using control = await relay.control()
  key = (await control.client.call('createKey', { body: { name: 'alice' } })).key
  trafficKey = (await control.client.call('createKey', { body: { name: 'bob' } })).key
  await pair({
    ...{ home: house.home, profileName: 'default', gatewayUrl: url, upstreamUrl: upstream.origin, mayReplace: false },
    oneTimeToken: new Secret((await control.client.call('createTunnel', { body: { label: 'barn' } })).token),
    ...{ clock: systemClock, onProgress: () => {}, signal: new AbortController().signal },
  })
  agent = await connect(house)
})
afterAll(async () => {
  relay[Symbol.dispose]()
  house[Symbol.dispose]()
  await upstream.close()
})

/** Starts the agent of a machine; resolves once the gateway knows its models. */
async function connect(place: Place): Promise<Punku> {
  const running = place.start('connect')
  await running.until((_stdout, stderr) => stderr.includes('connected as barn'))
  await untilServed()
  return running
}

/** Resolves once requests of all dialects are served again. */
async function untilServed(): Promise<void> {
  for (const of of STREAMED) {
    let text = ''
    while (!text.includes(of.terminator)) text = await (await ReadStream.open({ url, key, ...of })).rest()
  }
}

const profilesOf = ({ home }: Place) => join(home, 'secrets', 'agents')

async function withControl<T>(run: (control: ControlAccess) => Promise<T>): Promise<T> {
  await using control = await relay.control()
  return await run(control)
}

/** Each stream has ended with its dialect's own error; the model server works on none of them. */
async function expectInterrupted(held: readonly HeldStream[]): Promise<void> {
  for (const { of, reading, request } of held) {
    const text = await reading.rest()
    expect(streamErrorIn(text, of.format), text).toMatch(/connection to the model server ended/)
    expect(text).not.toContain(of.terminator)
    expect((await request.ended).how).toBe('abandoned')
  }
}

describe('a process that is killed', () => {
  test('the gateway: its agent ends the local work, waits, and serves the next one', async () => {
    const held = await holdStreams({ url, key, upstream }, STREAMED.length)
    await gateway.stop('SIGKILL')
    for (const { of, reading, request } of held) {
      expect(await reading.rest()).not.toContain(of.terminator)
      expect(reading.isBroken).toBe(true)
      expect((await request.ended).how).toBe('abandoned')
    }
    await agent.until((_stdout, stderr) => stderr.includes('Next attempt in'))
    gateway = relay.start('serve', '--listen', new URL(url).host, '--upstream', 'none')
    await gateway.until((stdout) => /^Listening .*\n\n/m.test(stdout))
    await agent.until((_stdout, stderr) => stderr.match(/connected as barn/g)?.length === 2)
    await untilServed()
  })

  test('the agent: streams end when it does not come back, and the gateway says that it is away', async () => {
    const held = await holdStreams({ url, key, upstream }, STREAMED.length)
    await agent.stop('SIGKILL')
    await expectInterrupted(held)
    for (const dialect of ['ollama', 'openai', 'anthropic'] as const) {
      const of = wholeCaseOf(dialect)
      expect(await expectError(await post({ url, key, ...of }), dialect, 'upstream_away')).toContain('agent')
    }
    const { stdout } = await relay.run('tunnels', 'list')
    expect(stdout).toMatch(/^barn +tun_\w+ +away /m)
    await withControl(async ({ client }) => {
      expect((await client.call('status')).upstreams).toMatchObject([{ label: 'barn', state: 'down' }])
      // Rows are written some time after their exchange.
      const interrupted = async () => {
        const { requests } = await client.call('listRequests', { query: { limit: 3 + held.length } })
        return requests.filter(({ errorCode }) => errorCode === 'upstream_interrupted').length
      }
      await expect.poll(interrupted).toBe(held.length)
    })
    agent = await connect(house)
  })

  test('the model server: each dialect says so, and nobody has to touch the agent when it is back', async () => {
    const { port } = upstream
    const held = await holdStreams({ url, key, upstream }, STREAMED.length)
    await upstream.close()
    for (const { of, reading } of held) {
      expect(streamErrorIn(await reading.rest(), of.format)).toMatch(/connection to the model server ended/)
    }
    for (const of of STREAMED) await expectError(await post({ url, key, ...of }), of.dialect, 'upstream_refused')
    upstream = await startScriptedUpstream({ server: 'ollama', port })
    await untilServed()
    expect(agent.stderr.match(/connected as/g)).toHaveLength(1)
  })
})

test('of two agents with one credential the newest stays, and the other stops for good', async () => {
  const elsewhere = new Place()
  ensureHome(elsewhere.home)
  cpSync(profilesOf(house), profilesOf(elsewhere), { recursive: true })
  const held = await holdStreams({ url, key, upstream }, STREAMED.length)
  const newest = await connect(elsewhere)
  const { code, stderr } = await agent.ended
  expect(code).toBe(1)
  expect(stderr).toContain(`another agent (on ${hostname()}) uses this tunnel now`)
  expect(stderr).toContain(`punku pair ${url} --replace --home ${house.home}\n`)
  await expectInterrupted(held)
  await untilServed()
  house[Symbol.dispose]()
  house = elsewhere
  agent = newest
})

describe('under load', () => {
  test('a tunnel whose credential is rotated ends, and is the same when it is paired again', async () => {
    const target = { url, key, upstream }
    const before = await withControl(({ client }) => client.call('showTunnel', { params: { tunnel: 'barn' } }))
    const held = await holdStreams(target, 6)
    let rotated: Ended
    {
      await using traffic = new Traffic({ ...target, key: trafficKey }, 2)
      await expect.poll(() => traffic.served).toBeGreaterThan(5)
      rotated = await relay.run('tunnels', 'rotate', 'barn')
      await expectInterrupted(held)
      await expect.poll(() => traffic.refused).toBeGreaterThan(5)
    }
    const { code, stderr } = await agent.ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(/stopped: revoked\n.*its credential was rotated/)])

    const command = /^ {2}punku (pair .*)$/m.exec(rotated.stdout)?.[1] ?? ''
    const token = /^ {2}(pt_\w+)$/m.exec(rotated.stdout)?.[1] ?? ''
    const again = await house.runWithInput(`${token}\n`, ...command.split(' '), '--upstream', upstream.origin)
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toMatch(/^Paired as barn, /)
    agent = await connect(house)
    const after = await withControl(({ client }) => client.call('listTunnels'))
    expect(after.tunnels).toMatchObject([{ id: before.id, label: 'barn', state: 'connected' }])
  })

  test('a tunnel that is revoked is gone at once, with every stream on it', async () => {
    const target = { url, key, upstream }
    const held = await holdStreams(target, 50)
    await using traffic = new Traffic({ ...target, key: trafficKey }, 4)
    await expect.poll(() => traffic.served).toBeGreaterThan(20)
    await using control = await relay.control()
    const revokedAt = performance.now()
    const revoking = control.client.call('revokeTunnel', { params: { tunnel: 'barn' } })
    await Promise.all(held.map(({ reading }) => reading.rest()))
    const endedMs = performance.now() - revokedAt
    await Promise.all(held.map(({ request }) => request.connection.closed))
    const freeMs = performance.now() - revokedAt
    process.stdout.write(
      `revoked under load: ${held.length} streams had ended ${endedMs.toFixed()} ms after the command, ` +
        `and the model server's connections ${freeMs.toFixed()} ms after\n`,
    )
    await revoking
    await expectInterrupted(held)
    for (const of of STREAMED) await expectError(await post({ url, key, ...of }), of.dialect, 'route_not_served')
    const { code, stderr } = await agent.ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(/stopped: revoked\n.*revoked at the gateway/)])
    expect(stderr).toContain(`punku pair ${url} --replace --home ${house.home}\n`)
    expect((await control.client.call('status')).upstreams).toEqual([])
    expect(await control.client.call('listTunnels')).toMatchObject({ tunnels: [{ label: 'barn', state: 'revoked' }] })
    // Rows are written some time after their exchange.
    const interrupted = async () => {
      const query = { key: 'alice', limit: held.length + STREAMED.length }
      const { requests } = await control.client.call('listRequests', { query })
      return requests.filter(({ errorCode }) => errorCode === 'upstream_interrupted').length
    }
    await expect.poll(interrupted).toBe(held.length)
  })
})
