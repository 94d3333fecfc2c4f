import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { createLog } from '../core/log.ts'
import { ExposureCheck, type ExposureCheckOptions, otherAddresses } from './exposure.ts'

const OTHER = '127.0.0.2'
let server: TcpServer | Server
let port: number
let lines: Record<string, unknown>[]
let clock: ManualClock

beforeEach(async () => {
  lines = []
  clock = new ManualClock()
  await listen(createHttpServer((_request, response) => response.writeHead(403).end('no')))
})
afterEach(close)

async function listen(next: TcpServer | Server, host = '0.0.0.0', at = 0): Promise<void> {
  server = next.listen(at, host)
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
}

async function close(): Promise<void> {
  if (!server.listening) return
  server.close()
  if ('closeAllConnections' in server) server.closeAllConnections()
  await once(server, 'close')
}

function createCheck(options: Partial<ExposureCheckOptions> = {}): ExposureCheck {
  return new ExposureCheck({
    upstreams: () => [{ id: 'box', origin: `http://127.0.0.1:${port}`, server: 'ollama' }],
    addresses: () => [OTHER],
    ownListeners: () => [],
    everyMs: 60_000,
    clock,
    log: createLog({
      level: 'info',
      format: 'json',
      destination: { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
    }),
    fixOf: ({ server, port }) => `Close ${server} on ${port}.`,
    ...options,
  })
}

describe('ExposureCheck', () => {
  test('warns once of an upstream that answers elsewhere, and says once when it is over', async () => {
    const check = createCheck()
    await check.check()
    expect(check.exposures).toEqual([{ upstreamId: 'box', address: `${OTHER}:${port}` }])
    await check.check()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ level: 'warn', upstream: 'box', address: `${OTHER}:${port}` })
    expect(lines[0]?.['msg']).toContain(`Close ollama on ${port}.`)

    const samePort = port
    await close()
    await check.check()
    expect(check.exposures).toEqual([])
    await check.check()
    expect(lines.map(({ msg }) => msg).slice(1)).toEqual(['exposure.ended'])

    await listen(
      createHttpServer((_request, response) => response.end()),
      '0.0.0.0',
      samePort,
    )
    await check.check()
    expect(lines).toHaveLength(3)
  })

  test('is content with an upstream on loopback alone', async () => {
    await close()
    await listen(
      createHttpServer((_request, response) => response.end()),
      '127.0.0.1',
    )
    const check = createCheck()
    await check.check()
    expect(check.exposures).toEqual([])
  })

  test('an answer that is not HTTP is no model server', async () => {
    await close()
    await listen(
      createServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end('SSH-2.0-x\r\n'),
      ),
    )
    const check = createCheck()
    await check.check()
    expect(check.exposures).toEqual([])
  })

  test('an answer whose body is cut off is one all the same', async () => {
    await close()
    await listen(createHttpServer((_request, response) => response.write('x', () => response.destroy())))
    const check = createCheck()
    await check.check()
    expect(check.exposures).toHaveLength(1)
  })

  test.each([OTHER, '0.0.0.0'])("leaves out the gateway's own listener on %s", async (host) => {
    const check = createCheck({ ownListeners: () => [{ host, port }] })
    await check.check()
    expect(check.exposures).toEqual([])
  })

  test('a listener of the gateway on another port hides nothing', async () => {
    const check = createCheck({ ownListeners: () => [{ host: OTHER, port: port + 1 }] })
    await check.check()
    expect(check.exposures).toHaveLength(1)
  })

  test('leaves out upstreams that are not on loopback', async () => {
    const origins = [`http://192.0.2.1:${port}`, `http://models.example.org:${port}`, `http://[2001:db8::1]:${port}`]
    const check = createCheck({ upstreams: () => origins.map((origin) => ({ id: origin, origin, server: undefined })) })
    await check.check()
    expect(check.exposures).toEqual([])
  })

  test('checks at start and at every interval until closed', async () => {
    let checks = 0
    const upstreams = () => {
      checks++
      return []
    }
    const check = createCheck({ upstreams })
    await check.start()
    expect(checks).toBe(1)
    clock.advance(60_000)
    // Shares the check that the clock began.
    await check.check()
    expect(checks).toBe(2)
    check.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('never checks when it is off', async () => {
    const check = createCheck({ everyMs: undefined, upstreams: () => expect.unreachable() })
    await check.start()
    expect(clock.pendingTimers).toBe(0)
  })

  test('says nothing after it is closed', async () => {
    const check = createCheck()
    const running = check.check()
    check.close()
    await running
    expect(lines).toEqual([])
  })
})

test('otherAddresses leaves loopback and link-local ones out', () => {
  const common = { netmask: '', mac: '', internal: false, cidr: null }
  const v4 = (address: string) => ({ ...common, address, family: 'IPv4' as const })
  const v6 = (address: string) => ({ ...common, address, family: 'IPv6' as const, scopeid: 0 })
  expect(
    otherAddresses({ lo: [v4('127.0.0.1'), v6('::1')], eth0: [v4('192.168.1.5'), v6('fe80::1'), v6('2001:db8::5')] }),
  ).toEqual(['192.168.1.5', '2001:db8::5'])
})
