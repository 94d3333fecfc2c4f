import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AgentReport } from '../../src/agent/agents.ts'
import { pair } from '../../src/agent/pair.ts'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import type { StatusBody } from '../../src/contract/gateway.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, type Punku, type ServingPunku } from './punku.ts'

const TOKEN_TEXT = /p[a-z]_[0-9a-z]{10,}_[0-9a-z]{40,}/

/** The gateway's machine, and the one beside the model server. */
const relay = new Place()
let agent: Place
let serving: ServingPunku
let upstream: ScriptedUpstream
let control: ControlAccess
let key: string
beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'ollama' })
  serving = await relay.serve('--demo', 'always')
  control = await relay.control()
  key = (await control.client.call('createKey', { body: { name: 'alice' } })).key
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  relay[Symbol.dispose]()
  await upstream.close()
})
beforeEach(() => {
  agent = new Place()
})
afterEach(() => agent[Symbol.dispose]())

/** Makes a tunnel at the gateway and pairs this test's machine with it. */
async function pairAs(label: string, profileName = 'default'): Promise<void> {
  await pair({
    home: agent.home,
    profileName,
    gatewayUrl: serving.url,
    upstreamUrl: upstream.origin,
    oneTimeToken: new Secret((await control.client.call('createTunnel', { body: { label } })).token),
    mayReplace: false,
    clock: systemClock,
    onProgress: () => {},
    signal: new AbortController().signal,
  })
}

/** Starts the agent; resolves once it is connected. */
async function connect(...flags: string[]): Promise<Punku> {
  const running = agent.start('connect', ...flags)
  await running.until((stdout, stderr) => / connected as |"type":"connected"/.test(stdout + stderr))
  return running
}

/** Asks the model of the tunnel. */
function ask(): Promise<Response> {
  return fetch(`${serving.url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }),
  })
}

const profileFile = (name = 'default') => join(agent.home, 'secrets', 'agents', `${name}.json`)
const reports = async () => (await agent.json<{ agents: AgentReport[] }>('status')).agents

test('pairs by a code, connects, serves, says so, and forgets', async () => {
  const pairing = agent.start('pair', serving.url, '--label', 'attic', '--upstream', upstream.origin)
  const shown = await pairing.until((_stdout, stderr) => stderr.includes('Waiting'))
  const code = /^ {2}([A-Z0-9]{3}-[A-Z0-9]{3})$/m.exec(shown)?.[1] ?? ''
  expect(shown).toContain(`  ${serving.url}/connect?code=${code}\n`)
  expect(shown).toContain(`punku tunnels approve ${code}\n`)
  expect((await relay.run('tunnels', 'approve', code, '--yes')).code).toBe(0)
  const paired = await pairing.ended
  expect([paired.code, paired.stderr]).toEqual([0, 'Waiting for it to be confirmed, for 10 min at most.\n'])
  expect(paired.stdout).toMatch(/Paired as attic, .*\n {2}\S*punku connect --home \S+\n$/)
  expect(statSync(profileFile()).mode & 0o777).toBe(0o600)
  const { refreshToken } = JSON.parse(readFileSync(profileFile(), 'utf8'))
  expect(refreshToken).toMatch(TOKEN_TEXT)

  const running = await connect()
  expect(running.stdout).toContain(`Gateway    ${serving.url} (profile default)\n`)
  expect(running.stdout).toMatch(/^Upstream {3}127\.0\.0\.1:\d+: ollama \S+, models tiny:latest$/m)
  expect((await ask()).status).toBe(200)
  await upstream.nextRequest()
  await running.until((stdout) => /^\d\d:\d\d:\d\d {2}POST \/api\/chat +tiny +200 +[\d.]+ m?s$/m.test(stdout))

  const [report] = await reports()
  expect(report).toMatchObject({
    profile: 'default',
    agent: {
      pid: running.pid,
      gateway: serving.url,
      tunnel: { label: 'attic' },
      link: { state: 'connected', roundTripMs: expect.any(Number) },
      lastError: null,
      upstream: { url: upstream.origin, state: 'up', server: 'ollama', models: ['tiny:latest'] },
    },
  })
  const { code: statusCode, stdout: status } = await agent.run('status')
  expect(statusCode).toBe(0)
  expect(status).toMatch(/^Agent {6}default: connected since .*, round trip .* \(pid \d+, Punku .*\)\n/)
  expect(status).toContain(`tunnel attic at ${serving.url}\n`)
  const { stdout: ofGateway } = await relay.run('status')
  expect(ofGateway).toMatch(
    /^Gateway {4}runs since .*\nListening {2}http.*\nDashboard {2}http\S+\/ui\/\nUpstream {3}127/,
  )
  expect(ofGateway).toMatch(/^Tunnel {5}attic: up, ollama \S+, 1 model$/m)
  expect(ofGateway).toMatch(/^Requests {3}0 running now\nClients {4}\d+ connections? open, \d+ at most$/m)

  const { tunnelId } = JSON.parse(readFileSync(profileFile(), 'utf8'))
  const done = await agent.run('disconnect')
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining(`\n  punku tunnels revoke ${tunnelId}\n`)])
  expect(done.stdout).toContain(
    'Unless the tunnel attic was revoked there, a copy of the credentials would still work.',
  )
  expect((await running.ended).code).toBe(0)
  expect(existsSync(profileFile())).toBe(false)
  for (const { stdout, stderr } of [paired, done, await running.ended]) {
    expect(stdout + stderr).not.toMatch(TOKEN_TEXT)
  }
  expect(serving.punku.stdout).not.toContain(refreshToken)
  expect(await control.client.call('showTunnel', { params: { tunnel: 'attic' } })).toMatchObject({ revokedAt: null })
  await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })
})

test('paired anew once its tunnel is revoked, it names the old one by its id, as the new one has its label', async () => {
  await pairAs('attic')
  const { tunnelId: former } = JSON.parse(readFileSync(profileFile(), 'utf8'))
  await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })
  const pairing = agent.start('pair', serving.url, '--replace')
  const shown = await pairing.until((_stdout, stderr) => stderr.includes('Waiting'))
  const code = /^ {2}([A-Z0-9]{3}-[A-Z0-9]{3})$/m.exec(shown)?.[1] ?? ''
  await control.client.call('approvePairing', { params: { code }, body: {} })
  const { stdout } = await pairing.ended
  const [, ...command] = /^ {2}\S*punku (tunnels) (revoke) (\S+)$/m.exec(stdout) ?? []
  expect(command).toEqual(['tunnels', 'revoke', former])
  expect(stdout).toContain('The pairing before was for the tunnel attic. Unless that was revoked, it is still good.')
  expect((await relay.run(...command)).stdout).toContain('was revoked already')
  const tunnel = await control.client.call('showTunnel', { params: { tunnel: 'attic' } })
  expect([tunnel.id === former, tunnel.revokedAt]).toEqual([false, null])
  await control.client.call('revokeTunnel', { params: { tunnel: 'attic' } })
})

describe('a running agent', () => {
  afterEach(() => control.client.call('revokeTunnel', { params: { tunnel: 'barn' } }))

  test('tells one JSON object a line, and ends with a signal, once running requests have', async () => {
    await pairAs('barn')
    const running = await connect('--json')
    upstream.behave([frames(2), hold, rest])
    const answer = await ask()
    const request = await upstream.nextRequest()
    running.child.kill('SIGINT')
    await running.until((_stdout, stderr) => stderr.includes('running requests may end'))
    request.release()
    expect(await answer.text()).toMatch(/"done":true.*\n$/)
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toMatchObject({ type: 'started', profile: 'default', upstream: { state: 'up' } })
    expect(events.every(({ at }) => new Date(at).toISOString() === at)).toBe(true)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'request', route: 'POST /api/chat', model: 'tiny', status: 200 }),
    )
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'stopped' })
  })

  test('cuts them at a second signal', async () => {
    await pairAs('barn')
    const running = await connect('--quiet')
    upstream.behave([frames(2), hold, rest])
    const answer = await ask()
    await upstream.nextRequest()
    running.child.kill('SIGTERM')
    await running.until((_stdout, stderr) => stderr.includes('running requests may end'))
    const { code, stdout, stderr } = await running.stop('SIGTERM')
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(
      /^\d\d:\d\d:\d\d {2}connected as barn \(tun_\w+\)\n\nStopping: .*\n\d\d:\d\d:\d\d {2}stopped\n$/,
    )
    expect(await answer.text().catch(() => '')).not.toContain('"done":true')
  })

  test('is the only one of its profile', async () => {
    await pairAs('barn')
    const running = await connect()
    const { code, stderr } = await agent.start('connect').ended
    expect([code, stderr]).toEqual([78, expect.stringContaining(`already runs with this profile (pid ${running.pid})`)])
    await running.stop('SIGKILL')
    const again = await connect()
    expect((await reports())[0]?.agent?.pid).toBe(again.pid)
  })

  test('keeps a new credential each time it gets one; whoever copied an older one ends it, and that is on record', async () => {
    await pairAs('barn')
    const stored = () => readFileSync(profileFile(), 'utf8')
    const copied = stored()
    for (let time = 0; time < 2; time++) {
      const before = stored()
      await (await connect('--quiet')).stop('SIGKILL')
      expect(stored()).not.toBe(before)
    }
    expect(statSync(profileFile()).mode & 0o777).toBe(0o600)
    const running = await connect()
    using elsewhere = new Place()
    mkdirSync(join(elsewhere.home, 'secrets', 'agents'), { recursive: true, mode: 0o700 })
    writeFileSync(join(elsewhere.home, 'secrets', 'agents', 'default.json'), copied, { mode: 0o600 })
    const thief = await elsewhere.start('connect').ended
    expect([thief.code, thief.stderr]).toEqual([1, expect.stringContaining('stopped: revoked')])
    expect((await running.ended).code).toBe(1)
    const { entries } = await control.client.call('listAudit', { query: { action: 'tunnel.copied', limit: 1 } })
    expect(entries).toMatchObject([{ targetName: 'barn', actorKind: 'nobody' }])
    expect(serving.punku.stderr).toContain('tunnel.copied')
    // The tunnel stands, and takes another agent.
    expect(await control.client.call('showTunnel', { params: { tunnel: 'barn' } })).toMatchObject({ revokedAt: null })
  })

  test('ends with 1 and what to do when its tunnel is revoked', async () => {
    await pairAs('barn', 'work')
    const running = await connect()
    await control.client.call('revokeTunnel', { params: { tunnel: 'barn' } })
    const { code, stderr } = await running.ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/stopped: revoked\n.*revoked at the gateway/)
    expect(stderr).toContain(`punku pair ${serving.url} --profile work --replace --home ${agent.home}\n`)
    const again = await agent.start('connect').ended
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('stopped: revoked')])
  })

  test('waits for a model server and a gateway that are away', async () => {
    await pairAs('barn')
    const profile = JSON.parse(readFileSync(profileFile(), 'utf8'))
    writeFileSync(profileFile(), JSON.stringify({ ...profile, gatewayUrl: 'http://127.0.0.1:1' }), { mode: 0o600 })
    const running = agent.start('connect', '--upstream', 'http://127.0.0.1:1')
    const stdout = await running.until((_stdout, stderr) => stderr.includes('Next attempt in'))
    expect(stdout).toMatch(/^Upstream {3}127\.0\.0\.1:1: no answer \(.+\)\. Requests will fail until it is there\.$/m)
    expect((await reports())[0]?.agent).toMatchObject({
      link: { roundTripMs: null },
      lastError: { text: expect.stringContaining('cannot be reached') },
      upstream: { state: 'down' },
    })
    expect((await running.stop('SIGINT')).code).toBe(0)
  })
})

describe('status, where agents are paired and none runs', () => {
  test('shows how to start them, and ends with 69', async () => {
    await pairAs('loft', 'work')
    const { code, stdout, stderr } = await agent.run('status')
    expect([code, stderr]).toEqual([69, 'Neither a gateway nor an agent runs with this state folder.\n'])
    expect(stdout).toContain(
      `Agent      work: does not run. Start it: punku connect --profile work --home ${agent.home}\n`,
    )
    expect(stdout).toContain(`tunnel loft at ${serving.url}, for ${upstream.origin}\n`)
    expect(existsSync(join(agent.home, 'punku.db'))).toBe(false)
    writeFileSync(profileFile('work'), '{')
    expect((await agent.run('status')).stdout).toMatch(/^Agent {6}work: The profile 'work' .* is damaged/)
    expect((await agent.run('disconnect')).code).toBe(0)
    await control.client.call('revokeTunnel', { params: { tunnel: 'loft' } })
  })

  test("a gateway's own status has its agents beside it", async () => {
    expect(await relay.json<StatusBody & { agents: AgentReport[] }>('status')).toMatchObject({
      pid: serving.punku.pid,
      agents: [],
    })
  })
})

describe('a pairing', () => {
  test('turned down ends with 77', async () => {
    const pairing = agent.start('pair', serving.url, '--json', '--upstream', upstream.origin)
    const { event, userCode } = JSON.parse(await pairing.until((stdout) => stdout.includes('\n')))
    expect(event).toBe('code')
    await control.client.call('denyPairing', { params: { code: userCode } })
    const { code, stderr } = await pairing.ended
    expect([code, stderr]).toEqual([77, expect.stringContaining('denied at the gateway')])
  })

  test('given up with Ctrl-C ends with 1, and saves nothing', async () => {
    const pairing = agent.start('pair', serving.url, '--upstream', upstream.origin)
    await pairing.until((_stdout, stderr) => stderr.includes('Waiting'))
    const { code, stderr } = await pairing.stop('SIGINT')
    expect([code, stderr]).toEqual([1, expect.stringContaining('cancelled')])
    expect(stderr).not.toContain('    at ')
    expect(existsSync(profileFile())).toBe(false)
  })

  test('a gateway that is away ends with 69', async () => {
    const { code, stderr } = await agent.run('pair', 'http://127.0.0.1:1', '--upstream', upstream.origin)
    expect([code, stderr]).toEqual([69, expect.stringContaining('cannot be reached')])
  })

  test('by a token of standard input it comes about, and the token is not shown', async () => {
    const { token } = await control.client.call('createTunnel', { body: { label: 'shed' } })
    const args = ['pair', serving.url, '--token-stdin', '--upstream', upstream.origin]
    const { code, stdout, stderr } = await agent.runWithInput(`${token}\n`, ...args)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Paired as shed, /)
    expect(stdout).not.toMatch(TOKEN_TEXT)
    await control.client.call('revokeTunnel', { params: { tunnel: 'shed' } })
  })

  test('a token that is none is not shown', async () => {
    const { code, stderr } = await agent.runWithInput('pt_nonsense_token\n', 'pair', serving.url, '--token-stdin')
    expect([code, stderr]).toEqual([1, expect.stringContaining('does not know this code or token')])
    expect(stderr).not.toContain('nonsense')
  })
})
