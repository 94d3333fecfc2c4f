import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { writeLogin } from '../../src/client/logins.ts'
import { ensureHome } from '../../src/config/home.ts'
import { CONTROL_HEADER } from '../../src/contract/control-header.ts'
import { Secret } from '../../src/core/secret.ts'
import { ADDRESSED, COMMANDS, leavesOf, OTHERS, wordsOf } from '../support/command-lines.ts'
import { findFreePort } from '../support/free-port.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { Place } from './punku.ts'

const nameOf = (line: string) => line.replace(/ --.*/, '')

test('all commands are here', async () => {
  const here = [...Object.keys(COMMANDS), ...Object.keys(ADDRESSED)].map(nameOf)
  expect([...new Set([...here, ...OTHERS])].sort()).toEqual(
    ['models', 'requests', 'sessions', ...leavesOf(await createProgram())].sort(),
  )
})

const page = '<!doctype html>\n<title>Welcome</title>\n'.repeat(100)
const json = { 'content-type': 'application/json' }

const CUT_OFF = 'a gateway that ends in the middle of its answer'

/** What may stand where a gateway was. */
const OTHER_SERVERS: Readonly<Record<string, RequestListener>> = {
  'a page': (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(page),
  'a page that is not found': (_req, res) => res.writeHead(404, { 'content-type': 'text/html' }).end(page),
  'a proxy without its gateway': (_req, res) => res.writeHead(502, { 'content-type': 'text/html' }).end(page),
  'a way to another place': (_req, res) => res.writeHead(302, { location: 'https://example.org/' }).end(),
  'another API': (_req, res) => res.writeHead(200, json).end('{"hello":"world"}'),
  'an API of nothing': (_req, res) => res.writeHead(200, json).end('null'),
  "another API's refusal": (_req, res) => res.writeHead(400, { 'content-type': 'application/problem+json' }).end('<'),
  'an answer without a body': (_req, res) => res.writeHead(204).end(),
  'a server of TLS that says so': (_req, res) =>
    res.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n'),
  'a server that hangs up': (req) => req.socket.destroy(),
  [CUT_OFF]: (_req, res) => {
    res
      .writeHead(200, { ...json, [CONTROL_HEADER]: 'v1', 'content-length': 1_000 })
      .write('{"keys":', () => res.destroy())
  },
}

const place = new Place()
const opened = new AsyncDisposableStack()
beforeAll(() => ensureHome(place.home))
afterAll(async () => {
  await opened.disposeAsync()
  place[Symbol.dispose]()
})

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Each command ends with one sentence or two on one line, and as one that has failed. */
async function expectOneLineEach(url: string, isToldOfLogout = false, said = ''): Promise<void> {
  const login = { url, token: new Secret('t'.repeat(20)), caFile: undefined, email: 'eve@example.org', signedInAt: 0 }
  writeLogin(place.home, login)
  const lines = [
    ...Object.entries(COMMANDS).map(([name, given]) => [...wordsOf(name, given), '--gateway', url]),
    ...Object.keys(ADDRESSED).map((name) => wordsOf(name, [url])),
  ]
  for (const words of lines) {
    const { code, stdout, stderr } = await place.runWithInput(`${'x'.repeat(64)}\n`, ...words)
    // An export prints what comes as it comes.
    if (!words.includes('export')) expect([words, stdout]).toEqual([words, ''])
    expect([words, stderr]).toEqual([words, expect.stringMatching(/^[A-Za-z][^\n]+\.\n$/)])
    expect([words, [1, 69].includes(code ?? 0)]).toEqual([words, true])
    expect(stderr).not.toMatch(/Error|undefined|[{}<]/)
    if (words[0] === 'models') expect(stderr).toContain(said)
  }
  expect(await place.run('logout', url)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(isToldOfLogout ? 'Signed out' : 'could not be told'),
  })
}

describe('every command that finds no gateway says so in one line', () => {
  test.each(Object.keys(OTHER_SERVERS))('but %s', async (name) => {
    const port = await serve(OTHER_SERVERS[name] as RequestListener)
    await expectOneLineEach(`http://127.0.0.1:${port}`, name === CUT_OFF)
  })

  test('since it is down', async () => expectOneLineEach(`http://127.0.0.1:${await findFreePort()}`))

  test('since its name is none', async () => expectOneLineEach('https://gateway.invalid'))

  test('since it speaks TLS, and its address does not say so', async () => {
    const server = createHttpsServer({ cert: GATEWAY_CERTIFICATE, key: GATEWAY_PRIVATE_KEY })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    opened.defer(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expectOneLineEach(url, false, 'If it speaks TLS')
  })

  test('since it speaks no TLS', async () => {
    const port = await serve((_req, res) => res.end(page))
    await expectOneLineEach(`https://127.0.0.1:${port}`, false, 'speaks no TLS, and the address begins with https://')
  })
})
