import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { clientProfilesFile } from '../../src/client/profiles/client-profile.ts'
import { HOP_EXITS } from '../../src/diagnosis/hop.ts'
import {
  CERTIFICATE_BEHIND_INTERMEDIATE,
  CERTIFICATE_FOR_ANOTHER_NAME,
  ENDED_CERTIFICATE,
  TEST_ROOT,
  TRUSTED_CERTIFICATE,
} from '../support/chained-certificates.ts'
import { ConnectProxy } from '../support/connect-proxy.ts'
import { expectBroken, placeOf, startChain } from '../support/doctor-chain.ts'
import { startSite } from '../support/doctor-sites.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway } from '../support/gateway.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { LOCAL } from '../support/key-actors.ts'
import { RawServer } from '../support/raw-server.ts'
import { Place } from './punku.ts'

describe('configuration', () => {
  test('a machine without a profile is told how it gets one', async () => {
    using place = new Place()
    const { code, stdout } = await place.run('doctor')
    expect([code, stdout]).toEqual([20, expect.stringMatching(/^✗ .*No gateway and key are kept.*\n.*login URL/m)])
  })

  test('a damaged profile', async () => {
    const place = placeOf({ url: 'http://127.0.0.1:9' })
    writeFileSync(clientProfilesFile(place.home), '{', { mode: 0o600 })
    await expectBroken('configuration', /is damaged/, place)
  })

  test('a profile that others can read, which --fix closes, and says so', async () => {
    const place = placeOf({ url: `http://127.0.0.1:${await findFreePort()}` })
    const file = clientProfilesFile(place.home)
    chmodSync(file, 0o644)
    const stdout = await expectBroken('configuration', /Other users of this machine can read/, place)
    expect(stdout).toContain('doctor --fix')
    expect(statSync(file).mode & 0o777).toBe(0o644)
    const mended = await place.doctor(['--fix'])
    expect(mended.stdout).toMatch(/^ {2}mended: Set the mode of .* to 600/m)
    expect([statSync(file).mode & 0o777, mended.code]).toEqual([0o600, HOP_EXITS.connection])
  })

  test('a file of authorities that holds none', async () => {
    const place = placeOf({ url: 'https://127.0.0.1:9', ca: 'no certificate' })
    await expectBroken('configuration', /no certificates in PEM form/, place)
  })
})

describe('clock', () => {
  const serveAt = (date: string) =>
    startSite((_, response) => void response.setHeader('date', date).end('{"status":"ok"}'), {
      cert: ENDED_CERTIFICATE,
      key: GATEWAY_PRIVATE_KEY,
    })

  test('one by which the certificate has ended, and by that of the gateway not', async () => {
    await using site = await serveAt('Wed, 15 Jan 2020 12:00:00 GMT')
    await expectBroken(
      'clock',
      /ahead of the gateway's\. .* not valid, by the time there it is/,
      placeOf({ url: site.url, ca: TEST_ROOT }),
    )
  })

  test('one that is late is a warning where nothing breaks by it', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toUTCString()
    await using site = await startSite((_, response) => void response.setHeader('date', ahead).end('Ollama is running'))
    const stdout = await expectBroken('gateway', /A model server answers at .* itself/, placeOf({ url: site.url }))
    expect(stdout).toMatch(/^! The clock of this machine is right: It is .* behind the gateway's\.$/m)
  })
})

describe('proxy', () => {
  const elsewhere = { url: 'https://gateway.test:4433' }

  test('one that asks for a user and a password', async () => {
    await using proxy = await ConnectProxy.start({ authorization: 'Basic dTpw' })
    const env = { HTTPS_PROXY: `http://${proxy.authority}` }
    await expectBroken('proxy', /asks for a user and a password/, placeOf(elsewhere), { env })
  })

  test('one that refuses', async () => {
    await using proxy = await ConnectProxy.start({ status: 403 })
    const env = { HTTPS_PROXY: `http://${proxy.authority}` }
    await expectBroken('proxy', /does not let connections to the gateway pass/, placeOf(elsewhere), { env })
  })

  test('one that is down', async () => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await findFreePort()}` }
    await expectBroken('proxy', /cannot be reached \(ECONNREFUSED\)/, placeOf(elsewhere), { env })
  })

  test('the way by one is walked, and one that bends calls to this machine is warned of', async () => {
    await using proxy = await ConnectProxy.start()
    await using site = await startSite((_, response) => void response.end('page'), {
      cert: GATEWAY_CERTIFICATE,
      key: GATEWAY_PRIVATE_KEY,
    })
    const env = { HTTPS_PROXY: `http://${proxy.authority}`, HTTP_PROXY: `http://${proxy.authority}` }
    const byProxy = placeOf({ url: site.url.replace('127.0.0.1', 'gateway.test'), ca: GATEWAY_CERTIFICATE })
    expect(await expectBroken('gateway', /Another server than a gateway/, byProxy, { env })).toMatch(
      /^✓ .*leads through the proxy 127\.0\.0\.1/m,
    )
    const here = placeOf({ url: site.url, ca: GATEWAY_CERTIFICATE })
    expect(await expectBroken('gateway', /Another server/, here, { env })).toMatch(
      /^! .*tools that obey them will ask the proxy for 127\.0\.0\.1.*\n {2}→ Except it: export NO_PROXY=.*127\.0\.0\.1,localhost"; /m,
    )
  })
})

test('dns: a name that nobody knows', async () => {
  // `.invalid` is nobody's (RFC 6761); a machine without a name server cannot even ask.
  await expectBroken(
    'dns',
    /Nobody knows the name nowhere\.invalid|address of nowhere\.invalid cannot/,
    placeOf({ url: 'https://nowhere.invalid' }),
  )
})

test('connection: nothing listens', async () => {
  const place = placeOf({ url: `http://127.0.0.1:${await findFreePort()}` })
  await expectBroken('connection', /refuses: nothing listens on 127\.0\.0\.1, port \d+/, place)
})

describe('tls', () => {
  test.each([
    ['a self-signed one', GATEWAY_CERTIFICATE, undefined, /signed it itself/],
    ['one that has ended', ENDED_CERTIFICATE, TEST_ROOT, /It ended on 2020-0[12]/],
    [
      'one for another name',
      CERTIFICATE_FOR_ANOTHER_NAME,
      TEST_ROOT,
      /for another name than 127\.0\.0\.1: DNS:other\.test/,
    ],
    [
      'one of an unknown authority',
      `${TRUSTED_CERTIFICATE}\n${TEST_ROOT}`,
      undefined,
      /issued by Root of tests.*none this machine trusts/,
    ],
    [
      'one without its intermediate',
      CERTIFICATE_BEHIND_INTERMEDIATE,
      TEST_ROOT,
      /sends no certificate of Intermediate of tests/,
    ],
  ])('%s', async (_, cert, ca, words) => {
    await using site = await startSite((_, response) => void response.end('{}'), { cert, key: GATEWAY_PRIVATE_KEY })
    await expectBroken('tls', words, placeOf({ url: site.url, ...(ca === undefined ? {} : { ca }) }))
  })

  test('plain HTTP at an address with https://', async () => {
    await using site = await startSite((_, response) => void response.end('{}'))
    const url = site.url.replace('http:', 'https:')
    await expectBroken('tls', /speaks no TLS, and its address begins with https/, placeOf({ url }))
  })

  test('TLS at an address with http://', async () => {
    await using site = await startSite((_, response) => void response.end('{}'), {
      cert: GATEWAY_CERTIFICATE,
      key: GATEWAY_PRIVATE_KEY,
    })
    await expectBroken(
      'tls',
      /speaks TLS, and its address begins with http:/,
      placeOf({ url: site.url.replace('https:', 'http:') }),
    )
  })
})

describe('gateway', () => {
  test.each([
    [
      'a proxy before it that does not reach it',
      502,
      { server: 'nginx/1.26.0' },
      'Bad Gateway',
      /nginx\/1\.26\.0 \(server\) stands before the gateway, and does not reach it/,
    ],
    ['the sign-in page of a network', 302, { location: 'http://login.test/' }, '', /sends elsewhere \(status 302\)/],
    ['another web server', 200, { server: 'Apache' }, '<html>', /Another server than a gateway .*Apache/],
  ])('%s', async (_, status, headers, body, words) => {
    await using site = await startSite((_, response) => void response.writeHead(status, headers).end(body))
    await expectBroken('gateway', words, placeOf({ url: site.url }))
  })

  test('one that has no model server', async () => {
    await using gateway = await startTestGateway({ upstreams: [] })
    await expectBroken('gateway', /has no model server/, placeOf({ url: gateway.url, key: await gateway.key() }))
  })

  test('one that cuts', async () => {
    await using server = await RawServer.start(async (connection) => {
      const asked = await connection.request()
      if (asked?.head.startsWith('GET /healthz') === true)
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      connection.end()
    })
    await expectBroken('gateway', /gives no answer/, placeOf({ url: server.origin }))
  })
})

test('gateway: it takes connections and says nothing', async () => {
  await using server = await RawServer.start(() => {})
  await expectBroken(
    'gateway',
    /gives no answer: The gateway did not answer in time/,
    placeOf({ url: server.origin }),
    {
      args: ['--wait', '200ms'],
    },
  )
})

test('--json has each step and the verdict, as it is printed', async () => {
  const place = placeOf({ url: `http://127.0.0.1:${await findFreePort()}` })
  const { code, stdout } = await place.doctor(['--json'])
  const { steps, verdict } = JSON.parse(stdout) as { steps: readonly object[]; verdict: object }
  expect(code).toBe(24)
  expect(steps.at(-1)).toMatchObject({ walk: 'client', hop: 'connection', state: 'broken', fix: null, fixed: [] })
  expect(verdict).toMatchObject({ state: 'broken', hop: 'connection', walk: 'client', exitCode: 24 })
})

test('docs/doctor.md has the exit code of each hop', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)].map(([, hop = '', code]) => [hop, Number(code)])
  expect(Object.fromEntries(rows)).toEqual(HOP_EXITS)
})

describe('what this machine is', () => {
  const walksIn = (text: string) => [
    ...new Set((JSON.parse(text) as { steps: { walk: string }[] }).steps.map(({ walk }) => walk)),
  ]

  test('an agent and the machine of a gateway are walked too, each to its own end', async () => {
    const place = placeOf({ url: `http://127.0.0.1:${await findFreePort()}` })
    const alone = await place.run('doctor', '--json')
    expect([walksIn(alone.stdout), alone.code]).toEqual([['client'], HOP_EXITS.connection])
    writeFileSync(join(place.home, 'punku.yaml'), 'nonsense: true\n')
    const both = await place.run('doctor', '--json')
    expect([walksIn(both.stdout), both.code]).toEqual([['client', 'gateway'], HOP_EXITS.connection])
    const gateway = await place.run('doctor', '--gateway-here')
    expect([gateway.stdout, gateway.code]).toEqual([
      expect.stringMatching(/^✗ The configuration is valid: .*nonsense/m),
      HOP_EXITS.configuration,
    ])
    const agent = await place.run('doctor', '--agent')
    expect([agent.stdout, agent.code]).toEqual([
      expect.stringMatching(/^✗ This machine is paired: .*paired with no gateway/m),
      HOP_EXITS.configuration,
    ])
  })

  test('a gateway that runs here is walked to its end, and so is an agent that is paired and does not run', async () => {
    const { gateway, upstream } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key() })
    const { token } = await gateway.parts.state.tunnels.create(LOCAL, 'attic')
    const words = ['pair', gateway.url, '--upstream', upstream.origin, '--token-stdin']
    expect((await place.runWithInput(token.reveal(), ...words)).code).toBe(0)
    const { stdout, code } = await place.run('doctor')
    expect(stdout).toMatch(/^✗ The agent runs: /m)
    expect(stdout).toMatch(/^As a client.*\n(?:.*\n)*As an agent 'default'/m)
    expect(code).toBe(HOP_EXITS.agent)
    expect(existsSync(join(place.home, 'punku.db'))).toBe(false)
    const none = await place.run('doctor', '--gateway-here')
    expect([none.code, none.stdout]).toEqual([
      20,
      expect.stringMatching(/^✗ A gateway was set up: No gateway has run/m),
    ])
  })
})

describe('what never comes to an end is not waited for', () => {
  test('an answer that switches to another protocol', async () => {
    await using server = await RawServer.start((connection) => {
      connection.socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n')
    })
    const place = placeOf({ url: `http://127.0.0.1:${server.port}` })
    await expectBroken('gateway', /switches to another protocol/, place)
    const ended = await place.runWithInput('pk_a_b\n', 'login', `http://127.0.0.1:${server.port}`, '--key-stdin')
    expect([ended.code, ended.stderr]).toEqual([69, expect.stringMatching(/was asked for its models/)])
  })

  test('an answer that comes by drops', async () => {
    await using site = await startSite((request, response) => {
      if (request.url === '/healthz') response.end('{"status":"ok"}')
      else {
        const drops = setInterval(() => response.write('x'), 20)
        response.once('close', () => clearInterval(drops))
      }
    })
    await expectBroken('gateway', /began to answer, and did not end in time/, placeOf({ url: site.url }), {
      args: ['--wait', '300ms'],
    })
  })
})
