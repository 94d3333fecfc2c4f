import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startConnect } from '../../src/agent/connect.ts'
import { pair } from '../../src/agent/pair.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createLog } from '../../src/core/log.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Hop } from '../../src/diagnosis/hop.ts'
import { ManualClock } from '../support/clock.ts'
import { findFreePort } from '../support/free-port.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { openLocalControl } from '../support/local-control.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { GatewayMachine } from './gateway-machine.ts'

let ollama: ScriptedUpstream
beforeAll(async () => {
  ollama = await startScriptedUpstream({ server: 'ollama' })
})
afterAll(() => ollama.close())

const listen = async () => [`127.0.0.1:${await findFreePort()}`]

test('on a healthy machine nothing is wrong, and each hop says what was seen', async () => {
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: ollama.origin }],
  }).serve()
  const { steps, brokenAt, at } = await machine.walk()
  expect(brokenAt).toBeUndefined()
  expect(steps.map(({ hop, finding }) => [hop, finding.state])).toEqual([
    ['configuration', 'ok'],
    ['configuration', 'ok'],
    ['clock', 'ok'],
    ['tls', 'skipped'],
    ['gateway', 'ok'],
    ['link', 'skipped'],
    ['agent', 'skipped'],
    ['model-server', 'ok'],
    ['model', 'ok'],
    ['containers', 'skipped'],
    ['exposure', 'ok'],
    ['firewall', 'skipped'],
    ['versions', 'ok'],
  ])
  expect(at('model-server').said).toMatch(/^127\.0\.0\.1:\d+: ollama \S+, 1 model\.$/)
})

test('an option that does not exist is named, with the command that names all', async () => {
  await using machine = new GatewayMachine({ listenn: ['loopback'] })
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('configuration')
  expect(at('configuration')).toMatchObject({
    said: expect.stringContaining('listenn'),
    advice: expect.stringContaining('punku config check'),
  })
})

test('a secret that others can read is closed where that is asked for', async () => {
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: ollama.origin }],
  }).serve()
  const pepper = join(machine.home, 'secrets', 'pepper')
  chmodSync(pepper, 0o644)
  const before = await machine.walk()
  expect(before.brokenAt).toBe('configuration')
  expect(before.at('configuration')).toMatchObject({
    said: expect.stringContaining(pepper),
    advice: expect.stringContaining(`chmod 600 ${pepper}`),
  })
  expect(statSync(pepper).mode & 0o777).toBe(0o644)
  expect((await machine.walk({ fixes: true })).brokenAt).toBeUndefined()
  expect(statSync(pepper).mode & 0o777).toBe(0o600)
})

test('a gateway that does not run', async () => {
  await using machine = new GatewayMachine({ listen: await listen(), upstreams: [{ url: ollama.origin }] })
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('gateway')
  expect(at('gateway')).toMatchObject({
    said: 'No gateway runs with this state folder.',
    advice: expect.stringMatching(/^Start it: \S*punku serve --home /),
  })
})

test('a port that another program holds, and which', async () => {
  const port = await findFreePort()
  await using holder = createTcpServer().listen(port, '127.0.0.1')
  await once(holder, 'listening')
  await using machine = new GatewayMachine({ listen: [`127.0.0.1:${port}`], upstreams: [{ url: ollama.origin }] })
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('gateway')
  expect(at('gateway')).toMatchObject({
    said: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is held by node\\S* \\(pid ${process.pid}\\)`)),
    advice: expect.stringContaining('serve --listen 127.0.0.1:PORT'),
  })
})

test('a gateway that listens elsewhere than its configuration says now', async () => {
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: ollama.origin }],
  }).serve()
  const [there] = await listen()
  writeFileSync(
    join(machine.home, 'punku.yaml'),
    JSON.stringify({ listen: [there], upstreams: [{ url: ollama.origin }] }),
  )
  const { at } = await machine.walk()
  expect(at('gateway')).toMatchObject({
    state: 'warning',
    said: expect.stringContaining(`The configuration names ${there},`),
  })
})

test('a certificate that has expired, expires soon, or is for another name', async () => {
  await using machine = new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: ollama.origin }],
    tls: { certFile: 'cert.pem', keyFile: 'key.pem' },
    gateway: { publicUrl: 'https://gateway.test' },
  })
  writeFileSync(join(machine.home, 'cert.pem'), GATEWAY_CERTIFICATE)
  writeFileSync(join(machine.home, 'key.pem'), GATEWAY_PRIVATE_KEY, { mode: 0o600 })
  await machine.serve()
  const good = await machine.walk()
  expect(good.brokenAt).toBeUndefined()
  expect(good.at('tls')).toEqual({
    state: 'ok',
    said: 'It is good until 2126-10-28; it vouches for itself, so clients have to be given it.',
  })
  const expired = await machine.walk({ clock: new ManualClock(Date.UTC(2127, 0, 1)) })
  expect(expired.brokenAt).toBe('tls')
  expect(expired.at('tls')).toMatchObject({
    said: 'The certificate expired on 2126-10-28: every client refuses it.',
    advice: expect.stringContaining('tls.certFile'),
  })
  const soon = await machine.walk({ clock: new ManualClock(Date.UTC(2126, 9, 20)) })
  expect(soon.at('tls')).toMatchObject({
    state: 'warning',
    said: expect.stringMatching(/expires on 2126-10-28, in 8\.\d d/),
  })
  const named = { listen: ['loopback'], tls: { certFile: 'cert.pem', keyFile: 'key.pem' } }
  const elsewhere = { ...named, gateway: { publicUrl: 'https://models.example.org' } }
  writeFileSync(join(machine.home, 'punku.yaml'), JSON.stringify(elsewhere))
  expect((await machine.walk()).at('tls')).toMatchObject({
    state: 'warning',
    said: expect.stringContaining('models.example.org'),
  })
})

test('a model server that is stopped', async () => {
  const port = await findFreePort()
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: `http://127.0.0.1:${port}` }],
  }).serve()
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('model-server')
  expect(at('model-server')).toMatchObject({
    said: expect.stringContaining(`nothing listens on 127.0.0.1:${port}`),
    advice: 'Start the model server, and look again.',
  })
})

test('a model server of another kind than was said, and what it is', async () => {
  const llama = await startScriptedUpstream({ server: 'llama-server' })
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: llama.origin, kind: 'ollama' }],
  }).serve()
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('model-server')
  expect(at('model-server')).toMatchObject({
    said: expect.stringContaining('answers, but is no Ollama'),
    advice: expect.stringMatching(/^It is llama-server, and was said to be of kind ollama\. Leave kind out/),
  })
  await llama.close()
})

test('another program in the place of a model server', async () => {
  const port = await findFreePort()
  await using page = createServer((_request, response) => response.end('<html>')).listen(port, '127.0.0.1')
  await once(page, 'listening')
  await using machine = await new GatewayMachine({
    listen: await listen(),
    upstreams: [{ url: `http://127.0.0.1:${port}` }],
  }).serve()
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('model-server')
  expect(at('model-server')).toMatchObject({
    said: expect.stringContaining('answers, but is no model server'),
    advice: `See what answers there: curl -i http://127.0.0.1:${port}/`,
  })
})

test('a model server without a model', async () => {
  const empty = await startScriptedUpstream({ server: 'ollama', models: [] })
  await using machine = await new GatewayMachine({ listen: await listen(), upstreams: [{ url: empty.origin }] }).serve()
  const { brokenAt, at } = await machine.walk()
  expect(brokenAt).toBe('model')
  expect(at('model')).toMatchObject({ advice: 'Give Ollama one, on its machine: ollama pull llama3.2' })
  await empty.close()
})

test('a tunnel whose agent is away breaks the way where nothing else serves, and else is a warning', async () => {
  await using machine = await new GatewayMachine({ listen: await listen(), upstreams: [] }).serve()
  await using control = await openLocalControl({ home: machine.home, env: {} })
  await control.client.call('createTunnel', { body: { label: 'attic' } })
  const alone = await machine.walk()
  expect(alone.brokenAt).toBe('link')
  expect(alone.at('link')).toMatchObject({ said: 'The tunnel attic is paired with no machine.' })
  await control.client.call('createUpstream', { body: { label: 'here', url: ollama.origin } })
  const beside = await machine.walk()
  expect([beside.brokenAt, beside.at('link').state]).toEqual([undefined, 'warning'])
})

test('through a tunnel: well, then its model server stopped, then its agent', async () => {
  await using machine = await new GatewayMachine({ listen: await listen(), upstreams: [] }).serve()
  await using control = await openLocalControl({ home: machine.home, env: {} })
  const { token } = await control.client.call('createTunnel', { body: { label: 'attic' } })
  const [gatewayUrl = ''] = (await control.client.call('status')).addresses
  const behind = await startScriptedUpstream({ server: 'ollama' })
  const agentHome = mkdtempSync(join(tmpdir(), 'punku-agent-'))
  await pair({
    home: agentHome,
    profileName: 'default',
    gatewayUrl,
    upstreamUrl: behind.origin,
    oneTimeToken: new Secret(token),
    mayReplace: false,
    clock: systemClock,
    onProgress: () => {},
    signal: new AbortController().signal,
  })
  const connected = Promise.withResolvers<void>()
  const agent = await startConnect({
    home: agentHome,
    allowsManage: false,
    clock: systemClock,
    log: createLog({ level: 'silent', format: 'json' }),
    onEvent: ({ type }) => {
      if (type === 'connected') connected.resolve()
    },
    onWarning: () => {},
  })
  await connected.promise
  const upstream = (await control.client.call('listTunnels')).tunnels[0]!.id
  await control.client.call('discoverModels', { params: { upstream } })
  const well = await machine.walk()
  expect(well.brokenAt).toBeUndefined()
  expect(['link', 'agent', 'model-server', 'model'].map((hop) => well.at(hop as Hop).state)).toEqual([
    'ok',
    'ok',
    'skipped',
    'ok',
  ])
  expect(well.at('agent').said).toMatch(/^The agent of attic is (?:punku\/\S+|not known yet)\.$/)

  await behind.close()
  await control.client.call('discoverModels', { params: { upstream } })
  const stopped = await machine.walk()
  expect(stopped.brokenAt).toBe('agent')
  expect(stopped.at('agent').said).toContain('The agent attic is connected, and its model server is not there:')

  agent.destroy()
  await agent.done
  await expect
    .poll(async () => (await control.client.call('showTunnel', { params: { tunnel: 'attic' } })).state)
    .toBe('away')
  const away = await machine.walk()
  expect(away.brokenAt).toBe('link')
  expect(away.at('link')).toMatchObject({
    said: expect.stringMatching(
      /^The agent (?:of \S+ \(punku\/\S+\) )?of the tunnel attic has no link(?:; it was last seen \d{4}-.*)?\.$/,
    ),
    advice: expect.stringContaining('start the agent: punku connect'),
  })
  rmSync(agentHome, { recursive: true, force: true })
})

const others = Object.values(networkInterfaces()).flatMap((infos) => infos ?? [])
const other = others.find(({ internal, family }) => !internal && family === 'IPv4')

test.skipIf(other === undefined)(
  `a model server that others reach${other === undefined ? ' (NOT RUN: this machine has no other address)' : ''}`,
  async () => {
    const open = await startScriptedUpstream({ server: 'ollama', host: '0.0.0.0' })
    const url = `http://127.0.0.1:${open.port}`
    await using machine = await new GatewayMachine({ listen: await listen(), upstreams: [{ url }] }).serve()
    const { brokenAt, at } = await machine.walk({ interfaces: () => ({ eth0: [other!] }), platform: 'linux' })
    expect(brokenAt).toBeUndefined()
    expect(at('exposure')).toMatchObject({
      state: 'warning',
      said: expect.stringContaining(`also answers on ${other!.address}:${open.port}`),
      advice: expect.stringContaining(
        `sudo systemctl edit ollama; write the lines [Service] and Environment="OLLAMA_HOST=127.0.0.1:${open.port}"`,
      ),
    })
    await open.close()
  },
)
