import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import type { StatusBody } from '../../src/contract/gateway.ts'
import { RESERVED_CONNECTIONS } from '../../src/gateway/pipeline/client-connections.ts'
import { ManualClock } from '../support/clock.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { RawConnection } from '../support/raw.ts'
import { CHAT, openSite, type Site, until } from './site.ts'
import { readAnswers, send } from './wire.ts'

const LIMIT = 8
const FULL = { config: { limits: { connections: LIMIT } } } as const
const { line, body } = CHAT

/** Takes all connections there may be, each with an answer. */
async function fill(site: Site): Promise<AsyncDisposable & { readonly connections: readonly RawConnection[] }> {
  const connections: RawConnection[] = []
  for (let at = 0; at < LIMIT; at++) {
    const connection = await RawConnection.open(site.port)
    await connection.send(site.head('GET /healthz HTTP/1.1'))
    await connection.until((text) => readAnswers(text).length === 1)
    connections.push(connection)
  }
  return {
    connections,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection[Symbol.dispose]()
      await untilOpen(site, 0)
    },
  }
}

const statusOf = async ({ gateway }: Site): Promise<StatusBody> => {
  const response = await gateway.parts.localControl.fetch(new Request('http://localhost/control/v1/status'))
  return (await response.json()) as StatusBody
}
const connectionsOf = async (site: Site) => (await statusOf(site)).connections
/** Resolves once so many connections stand. */
const untilOpen = async (site: Site, count: number) => {
  await expect.poll(async () => (await connectionsOf(site)).open, { timeout: 60_000, interval: 1 }).toBe(count)
}
const refusals = ({ gateway }: Site) =>
  gateway.logLines.map((text) => JSON.parse(text)).filter(({ msg }) => msg === 'connections.refused')
const metric = async (site: Site, name: string) => {
  const [answer] = await send(site.port, site.request('GET /metrics HTTP/1.1'))
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(answer?.body ?? '')?.[1])
}

test('beyond the limit a client is told so, and the log, the status and the metrics say it', async () => {
  const clock = new ManualClock()
  await using site = await openSite({ ...FULL, clock })
  {
    await using _full = await fill(site)
    const answer = await site.ask(line, body)
    expect(answer).toMatchObject({ status: 503, json: { error: expect.stringContaining('as many connections') } })
    expect([answer.header('retry-after'), answer.header('x-should-retry')]).toEqual(['2', 'true'])
    expect(site.reached()).toEqual([])
    expect((await statusOf(site)).troubles).toMatchObject([
      { kind: 'connections_refused', count: 1, text: expect.stringContaining('limits.connections') },
    ])
    for (let times = 0; times < 20; times++) await site.ask(line, body)
    expect(refusals(site).map(({ times }) => times)).toEqual([1])
    clock.advance(10_000)
    expect(refusals(site).map(({ times }) => times)).toEqual([1, 20])
    expect(site.gateway.logLines.filter((text) => text.includes('overloaded'))).toEqual([])
    await untilOpen(site, LIMIT)
    expect(await connectionsOf(site)).toEqual({ open: LIMIT, limit: LIMIT, refused: 21 })
    expect(await metric(site, 'punku_connections_refused_total')).toBe(21)
    // Its own is one of them.
    expect(await metric(site, 'punku_connections')).toBe(LIMIT + 1)
  }
  await site.expectWell()
})

test('a connection that asks to keep open is closed with its answer, and one that would be a link is refused', async () => {
  await using site = await openSite(FULL)
  await using _full = await fill(site)
  for (const requestLine of ['GET /healthz HTTP/1.1', 'GET /v1/models HTTP/1.1', 'GET /control/v1/health HTTP/1.1']) {
    const [answer] = await send(site.port, site.head(requestLine))
    expect(answer?.header('connection')).toBe('close')
  }
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const [answer] = await send(site.port, site.head('GET /tunnel HTTP/1.1', ...upgrade))
  expect(answer?.status).toBe(503)
  expect(answer?.header('retry-after')).toBe('2')
})

test('health, metrics, the control API and the dashboard answer, whoever else connects and says nothing', async () => {
  await using site = await openSite(FULL)
  await using _full = await fill(site)
  const silent: RawConnection[] = []
  for (let at = 0; at < RESERVED_CONNECTIONS + 10; at++) silent.push(await RawConnection.open(site.port))
  const statuses = await Promise.all(
    ['/healthz', '/readyz', '/metrics', '/ui/', '/control/v1/health'].map(async (path) => {
      return (await site.ask(`GET ${path} HTTP/1.1`)).status
    }),
  )
  expect(statuses).toEqual([200, 200, 200, 200, 401])
  await until(() => silent.filter(({ isClosed }) => isClosed).length >= 10)
  expect((await connectionsOf(site)).open).toBeLessThanOrEqual(LIMIT + RESERVED_CONNECTIONS)
  expect(silent.at(-1)?.isClosed).toBe(false)
  for (const connection of silent) connection[Symbol.dispose]()
})

test('clients that were let in are served as before', async () => {
  await using site = await openSite(FULL)
  await using full = await fill(site)
  const [first] = full.connections
  await site.ask(line, body)
  await first?.send(site.head(line, `Content-Length: ${body.length}`) + body)
  const text = await first?.until((text) => readAnswers(text).length === 2)
  expect(readAnswers(text ?? '')[1]?.status).toBe(200)
})

test('over TLS it is the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'punku-tls-'))
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(files.cert, GATEWAY_CERTIFICATE)
  writeFileSync(files.key, GATEWAY_PRIVATE_KEY)
  await using site = await openSite({
    config: { ...FULL.config, tls: { certFile: files.cert, keyFile: files.key } },
  })
  const { port } = site
  const held: TLSSocket[] = []
  for (let at = 0; at < LIMIT; at++) {
    const socket = connectTls({ port, host: '127.0.0.1', ca: GATEWAY_CERTIFICATE })
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    held.push(socket)
  }
  const answered = (path: string) =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', path, ca: GATEWAY_CERTIFICATE, agent: false }, (response) => {
        resolve(response.resume().statusCode)
      })
        .once('error', reject)
        .end()
    })
  expect(await answered('/healthz')).toBe(200)
  expect(await answered('/v1/models')).toBe(503)
  for (const socket of held) socket.destroy()
  await untilOpen(site, 0)
  expect(await answered('/v1/models')).toBe(401)
})
