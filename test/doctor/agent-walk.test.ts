import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { readAgentProfile, writeAgentProfile } from '../../src/agent/agent-profile.ts'
import { startConnect } from '../../src/agent/connect.ts'
import { type AgentChecksOptions, agentChecks } from '../../src/agent/doctor/agent-checks.ts'
import { pair } from '../../src/agent/pair.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createLog } from '../../src/core/log.ts'
import { walk } from '../../src/diagnosis/walk.ts'
import type { Tunnel } from '../../src/gateway/relay/tunnel.ts'
import {
  CERTIFICATE_BEHIND_INTERMEDIATE,
  CERTIFICATE_FOR_ANOTHER_NAME,
  ENDED_CERTIFICATE,
  TEST_ROOT,
  TRUSTED_CERTIFICATE,
} from '../support/chained-certificates.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { LOCAL } from '../support/key-actors.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { type Walked, walkedOf } from './gateway-machine.ts'
import { KEPT_CLOCK, type ScriptedPrograms, scriptedPrograms } from './programs.ts'

let gateway: TestGateway
let ollama: ScriptedUpstream
let programs: ScriptedPrograms
beforeAll(async () => {
  programs = scriptedPrograms(KEPT_CLOCK)
  ollama = await startScriptedUpstream({ server: 'ollama' })
  gateway = await startTestGateway({ upstreams: [], config: { tunnels: { max: 100 } } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await ollama.close()
  programs[Symbol.dispose]()
})

let home: string
let ends: (() => Promise<void>)[]
let tunnel: Tunnel
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-agent-'))
  ends = []
})
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  rmSync(home, { recursive: true, force: true })
})

let count = 0
async function pairHere({ upstreamUrl = ollama.origin, gatewayUrl = gateway.url } = {}): Promise<void> {
  count += 1
  const made = await gateway.parts.state.tunnels.create(LOCAL, `attic-${count}`)
  tunnel = made.tunnel
  await pair({
    home,
    profileName: 'default',
    gatewayUrl,
    upstreamUrl,
    oneTimeToken: made.token,
    mayReplace: false,
    clock: systemClock,
    onProgress: () => {},
    signal: new AbortController().signal,
  })
}

/** Starts the agent of the profile; resolves once its link stands, or was refused. */
async function connectHere(): Promise<void> {
  const tried = Promise.withResolvers<void>()
  const running = await startConnect({
    home,
    allowsManage: false,
    clock: systemClock,
    log: createLog({ level: 'silent', format: 'json' }),
    onEvent: ({ type }) => {
      if (type === 'connected' || type === 'lost') tried.resolve()
    },
    onWarning: () => {},
  })
  ends.push(async () => {
    running.destroy()
    await running.done.catch(() => {})
  })
  await tried.promise
}

async function serveHere(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(async () => {
    server.closeAllConnections()
    await server[Symbol.asyncDispose]()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function walkHere(options: Partial<AgentChecksOptions> & { readonly fixes?: boolean } = {}): Promise<Walked> {
  const { fixes = false, ...given } = options
  const checks = agentChecks({
    home,
    profileName: undefined,
    clock: systemClock,
    platform: process.platform,
    run: programs.run,
    interfaces: () => ({}),
    env: process.env,
    answerMs: 10_000,
    ...given,
  })
  return walkedOf(await walk(checks, { fixes, signal: new AbortController().signal }))
}

/** Puts another gateway into the profile, as a move of it would. */
function moveGateway(gatewayUrl: string): void {
  writeAgentProfile(home, { ...readAgentProfile(home, 'default')!, gatewayUrl })
}

/** Gives the profile a file with an authority. */
function trustRoot(): void {
  const caFile = join(home, 'root.pem')
  writeFileSync(caFile, TEST_ROOT)
  writeAgentProfile(home, { ...readAgentProfile(home, 'default')!, caFile })
}

test('on a healthy machine nothing is wrong, and each hop says what was seen', async () => {
  await pairHere()
  await connectHere()
  const { steps, brokenAt, at } = await walkHere()
  expect(brokenAt).toBeUndefined()
  expect(steps.map(({ hop, finding }) => [hop, finding.state])).toEqual([
    ['configuration', 'ok'],
    ['configuration', 'ok'],
    ['clock', 'ok'],
    ['proxy', 'ok'],
    ['dns', 'ok'],
    ['connection', 'ok'],
    ['tls', 'ok'],
    ['gateway', 'ok'],
    ['key', 'ok'],
    ['agent', 'ok'],
    ['link', 'ok'],
    ['model-server', 'ok'],
    ['model', 'ok'],
    ['containers', 'skipped'],
    ['exposure', 'ok'],
    ['firewall', 'ok'],
    ['versions', 'ok'],
  ])
  expect(at('clock').said).toBe("It agrees with the gateway's.")
  expect(at('model-server').said).toMatch(/^ollama \S+ answers at http:\/\/127\.0\.0\.1:\d+, models tiny:latest\.$/)
})

test('a machine that is paired with nothing', async () => {
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe('configuration')
  expect(at('configuration')).toMatchObject({
    said: 'This machine is paired with no gateway.',
    advice: expect.stringMatching(/^Pair it: \S*punku pair https:\/\/GATEWAY --home /),
  })
})

test('a profile that others can read is closed where that is asked for', async () => {
  await pairHere()
  await connectHere()
  const file = join(home, 'secrets', 'agents', 'default.json')
  chmodSync(file, 0o640)
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe('configuration')
  expect(at('configuration')).toMatchObject({ advice: expect.stringContaining(`chmod 600 ${file}`) })
  expect((await walkHere({ fixes: true })).brokenAt).toBeUndefined()
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('an agent that does not run: its credential is good, and stays so', async () => {
  await pairHere()
  const before = readFileSync(join(home, 'secrets', 'agents', 'default.json'), 'utf8')
  for (const _ of [1, 2]) {
    const { brokenAt, at } = await walkHere()
    expect([brokenAt, at('key').state]).toEqual(['agent', 'ok'])
    expect(at('agent')).toMatchObject({
      said: 'No agent runs for the profile default.',
      advice: expect.stringMatching(/^Start it: \S*punku connect --home /),
    })
  }
  expect(readFileSync(join(home, 'secrets', 'agents', 'default.json'), 'utf8')).toBe(before)
  await connectHere()
  expect((await walkHere()).brokenAt).toBeUndefined()
})

test('a tunnel that was revoked', async () => {
  await pairHere()
  await gateway.parts.state.tunnels.revoke(LOCAL, tunnel.id)
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe('key')
  expect(at('key')).toMatchObject({
    said: expect.stringContaining(
      `no longer takes the credential of the tunnel ${tunnel.label}. It says: The refresh token`,
    ),
    advice: expect.stringMatching(/punku pair http:\/\/127\.0\.0\.1:\d+ --replace --home /),
  })
})

test('a link that does not stand, by the word of the agent', async () => {
  await pairHere()
  // It lives, and lets no agent in.
  const url = await serveHere(({ url }, response) => {
    if (url === '/healthz') response.end('{"status":"ok"}')
    else response.writeHead(503).end()
  })
  moveGateway(url)
  await connectHere()
  const { brokenAt, at } = await walkHere()
  expect([brokenAt, at('key').state]).toEqual(['link', 'skipped'])
  expect(at('link')).toMatchObject({
    said: expect.stringMatching(/^The agent has no link since .*\. Last, at .*: .*\(status 503\)/),
    advice: expect.stringContaining(`kill ${process.pid}`),
  })
})

test.each<[what: string, answer: RequestListener, hop: string, said: RegExp]>([
  [
    'no gateway',
    (_request, response) => void response.end('<html>'),
    'gateway',
    /Another server than a gateway answers at .* \(status 200\)/,
  ],
  ['a proxy that reaches none', (_request, response) => void response.writeHead(502).end(), 'gateway', /stands before/],
])('%s at its address', async (_what, answer, hop, said) => {
  await pairHere()
  moveGateway(await serveHere(answer))
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe(hop)
  expect(at('gateway').said).toMatch(said)
})

test('a gateway that is not there, one whose name has no address, and one that speaks no TLS', async () => {
  await pairHere()
  const port = await findFreePort()
  moveGateway(`http://127.0.0.1:${port}`)
  const away = await walkHere()
  expect(away.brokenAt).toBe('connection')
  expect(away.at('connection')).toMatchObject({
    said: `The machine answers and refuses: nothing listens on 127.0.0.1, port ${port}.`,
    advice: expect.stringMatching(/^Start the gateway here, as before: \S*punku serve/),
  })
  moveGateway(`http://gateway.invalid:${port}`)
  expect((await walkHere()).brokenAt).toBe('dns')
  moveGateway(gateway.url.replace('http:', 'https:'))
  const plain = await walkHere()
  expect(plain.brokenAt).toBe('tls')
  expect(plain.at('tls')).toMatchObject({ advice: expect.stringContaining(`punku pair ${gateway.url} --replace`) })
})

test('a clock that is not right, beside that of the gateway, or that nothing keeps', async () => {
  await pairHere()
  const ahead = { ...systemClock, now: () => Date.now() + 7_200_000 }
  expect((await walkHere({ clock: ahead, platform: 'linux' })).at('clock')).toEqual({
    state: 'warning',
    said: "It is 2 h ahead of the gateway's.",
    advice: 'Set it by a time server: sudo timedatectl set-ntp true',
  })
  using unkept = scriptedPrograms({ timedatectl: 'echo NTPSynchronized=no' })
  expect((await walkHere({ run: unkept.run, platform: 'linux' })).at('clock')).toMatchObject({ state: 'warning' })
})

/** Serves what a gateway says of its life, by TLS with this certificate, and puts it into the profile. */
async function moveToTls(cert: string, date?: string): Promise<void> {
  const server = createTlsServer({ cert, key: GATEWAY_PRIVATE_KEY }, (_request, response) => {
    if (date !== undefined) response.setHeader('date', date)
    response.end('{"status":"ok"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(async () => {
    server.closeAllConnections()
    await server[Symbol.asyncDispose]()
  })
  moveGateway(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

test('a clock by which the certificate of the gateway has ended, and by that of the gateway not', async () => {
  await pairHere()
  await moveToTls(ENDED_CERTIFICATE, 'Wed, 15 Jan 2020 12:00:00 GMT')
  trustRoot()
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe('clock')
  expect(at('clock').said).toMatch(
    / d ahead of the gateway's\. By the time here .* is not valid, by the time there it is\.$/,
  )
})

test.each<[what: string, cert: string, said: RegExp, advice: RegExp]>([
  ['has ended', ENDED_CERTIFICATE, /^It ended on 2020-0[12]/, /^Renew it at the gateway/],
  [
    'is for another name',
    CERTIFICATE_FOR_ANOTHER_NAME,
    /for another name than 127\.0\.0\.1: DNS:other\.test/,
    /^Use a name that it holds for/,
  ],
  [
    'lacks its intermediate',
    CERTIFICATE_BEHIND_INTERMEDIATE,
    /sends no certificate of Intermediate of tests with it/,
    /serve the full chain/,
  ],
  ['vouches for itself', GATEWAY_CERTIFICATE, /signed it itself/, /punku connect --ca-file FILE --home/],
])('a certificate of the gateway that %s', async (_what, cert, said, advice) => {
  await pairHere()
  await moveToTls(cert)
  trustRoot()
  const { brokenAt, at } = await walkHere()
  expect(brokenAt).toBe('tls')
  expect(at('tls')).toMatchObject({ said: expect.stringMatching(said), advice: expect.stringMatching(advice) })
})

test('a certificate of an authority of its own, once the profile has it', async () => {
  await pairHere()
  await moveToTls(TRUSTED_CERTIFICATE)
  expect((await walkHere()).brokenAt).toBe('tls')
  trustRoot()
  expect((await walkHere()).at('tls')).toEqual({
    state: 'ok',
    said: expect.stringMatching(/^It is trusted, was issued by/),
  })
  writeFileSync(join(home, 'root.pem'), 'no certificate')
  const broken = await walkHere()
  expect([broken.brokenAt, broken.at('configuration').said]).toEqual([
    'configuration',
    expect.stringContaining('holds no certificates in PEM form'),
  ])
})

test('a proxy that is away', async () => {
  await pairHere()
  moveGateway('http://gateway.test')
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${await findFreePort()}`)
  vi.stubEnv('http_proxy', undefined)
  vi.stubEnv('NO_PROXY', undefined)
  vi.stubEnv('no_proxy', undefined)
  const { brokenAt, at } = await walkHere()
  vi.unstubAllEnvs()
  expect(brokenAt).toBe('proxy')
  expect(at('proxy')).toMatchObject({ advice: expect.stringContaining('NO_PROXY') })
})

test('a model server that is stopped, is another program, or has no model', async () => {
  const port = await findFreePort()
  await pairHere({ upstreamUrl: `http://127.0.0.1:${port}` })
  await connectHere()
  const stopped = await walkHere()
  expect(stopped.brokenAt).toBe('model-server')
  expect(stopped.at('model-server').said).toContain(`nothing listens on 127.0.0.1:${port}`)
  const page = createServer((_request, response) => void response.end('<html>')).listen(port, '127.0.0.1')
  await once(page, 'listening')
  const other = await walkHere()
  expect(other.at('model-server')).toMatchObject({
    said: expect.stringContaining('answers, but is no model server'),
    advice: `See what answers there: curl -i http://127.0.0.1:${port}/`,
  })
  page.closeAllConnections()
  await page[Symbol.asyncDispose]()
  await using _empty = await startScriptedUpstream({ server: 'ollama', models: [], port })
  expect((await walkHere()).brokenAt).toBe('model')
})

const other = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')

test.skipIf(other === undefined)(
  `a model server that others reach${other === undefined ? ' (NOT RUN: this machine has no other address)' : ''}`,
  async () => {
    await using open = await startScriptedUpstream({ server: 'ollama', host: '0.0.0.0' })
    await pairHere({ upstreamUrl: `http://127.0.0.1:${open.port}` })
    await connectHere()
    const { brokenAt, at } = await walkHere({ interfaces: () => ({ eth0: [other!] }), platform: 'darwin' })
    expect(brokenAt).toBeUndefined()
    expect(at('exposure')).toMatchObject({
      state: 'warning',
      advice: `Run: launchctl setenv OLLAMA_HOST "127.0.0.1:${open.port}"; then quit Ollama and open it again.`,
    })
  },
)
