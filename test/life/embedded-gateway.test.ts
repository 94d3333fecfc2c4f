import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { carryOver } from '../../src/sdk/handover.ts'
import { type GatewayLogLine, type OpenedGateway, openGateway } from '../../src/sdk/open-gateway.ts'
import { punkuFetch } from '../../src/sdk/punku-fetch.ts'
import { ReadStream } from '../proxy/client.ts'
import { startHouseAgent } from '../support/house-agent.ts'
import { RawConnection } from '../support/raw.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { frames, head, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const home = mkdtempSync(join(tmpdir(), 'punku-sdk-'))
const opened = new AsyncDisposableStack()
const lines: GatewayLogLine[] = []
const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
let relay: OpenedGateway
let upstream: ScriptedUpstream
/** Of a service of one's own, which hands over what is the gateway's. */
let service: string
let key: string
beforeAll(async () => {
  opened.defer(() => rmSync(home, { recursive: true, force: true }))
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  const config = { gateway: { trustedProxies: ['127.0.0.1'] } }
  relay = opened.use(await openGateway({ home: join(home, 'one'), config, log: (line) => lines.push(line) }))
  const server = createHttpServer((req, res) => {
    if (req.url === '/own') res.end('own page')
    else relay.handler(req, res)
  })
  server.on('upgrade', relay.upgrade).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => void server.closeAllConnections())
  opened.defer(() => void server.close())
  service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  key = (await relay.control.call('createKey', { body: { name: 'app' } })).key
  const { token } = await relay.control.call('createTunnel', { body: { label: 'laptop' } })
  // It pairs and links by the service's own server.
  opened.use(await startHouseAgent({ gatewayUrl: service, upstreamUrl: upstream.origin, token }))
  // It was asked what it has.
  await vi.waitUntil(async () => (await relay.control.call('listUpstreams')).upstreams[0]?.state === 'up', {
    timeout: 60_000,
  })
})
afterAll(() => opened.disposeAsync())

test("an own server's pages stand beside the gateway's, whose links, requests and streams go through it", async () => {
  expect(await (await fetch(`${service}/own`)).text()).toBe('own page')
  const ask = punkuFetch({ gateway: service, key })
  const answer = await ask('http://ollama.laptop.tunnel/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(chat),
    headers: { 'content-type': 'application/json' },
  })
  expect(await answer.text()).toContain(SCRIPTED_TEXT)
  upstream.behave([head, frames(2), hold, rest], { path: '/api/chat' })
  const stream = await ReadStream.open({ url: service, key, path: '/api/chat', body: chat })
  await stream.until((text) => text.includes('\n'))
  const served = upstream.requests.at(-1)
  await stream.leave()
  expect((await served?.ended)?.how).toBe('abandoned')
})

test('a request that was handed over tells where it came from, whatever it says itself', async () => {
  const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': '203.0.113.9' }
  expect((await fetch(`${service}/api/tags`, { headers })).status).toBe(200)
  const { requests } = await relay.control.call('listRequests', { query: { limit: 5 } })
  expect(JSON.stringify(requests)).not.toContain('203.0.113.9')
})

test('what is carried over says of its way what this server saw, and nothing that was said before', async () => {
  const seen = Promise.withResolvers<readonly string[]>()
  const behind = createHttpServer((req, res) => {
    seen.resolve(req.rawHeaders)
    res.end()
  }).listen(0, '127.0.0.1')
  await once(behind, 'listening')
  const agent = new Agent()
  const { port } = behind.address() as AddressInfo
  const before = createHttpServer((req, res) => carryOver(req, res, { port, agent, clientAddress: '203.0.113.7' }))
  before.listen(0, '127.0.0.1')
  await once(before, 'listening')
  opened.defer(() => void [before, behind].map((server) => server.close()))
  const connection = await RawConnection.open((before.address() as AddressInfo).port)
  await connection.send(
    [
      'GET / HTTP/1.1',
      'host: h',
      ...['x-forwarded-for: 9.9.9.9', 'x-forwarded-proto: https', 'x-forwarded-host: evil', 'x-real-ip: 9.9.9.9'],
      ...['forwarded: for=9.9.9.9', 'connection: close, X-Hop', 'x-hop: 1', 'x-kept: 1', '', ''],
    ].join('\r\n'),
  )
  const raw = await seen.promise
  const fields = raw.flatMap((name, at) => (at % 2 === 0 ? `${name.toLowerCase()}: ${raw[at + 1]}` : []))
  expect(fields.filter((field) => !field.startsWith('connection'))).toEqual([
    ...['host: h', 'x-kept: 1', 'x-forwarded-for: 203.0.113.7', 'x-forwarded-proto: http'],
  ])
  await connection.untilClosed()
})

test('what has a body and offers another protocol is refused at once, and nothing of it becomes the next request', async () => {
  const connection = await RawConnection.open(Number(new URL(service).port))
  const body = JSON.stringify(chat)
  await connection.send(
    [
      ...[
        'POST /v1/chat/completions HTTP/1.1',
        'host: 127.0.0.1',
        `authorization: Bearer ${key}`,
        'connection: Upgrade',
      ],
      ...[
        'upgrade: h2c',
        `content-length: ${body.length}`,
        '',
        `${body}GET /healthz HTTP/1.1`,
        'host: 127.0.0.1',
        '',
        '',
      ],
    ].join('\r\n'),
  )
  await connection.untilClosed()
  expect(connection.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
  expect(connection.text).toMatch(/without the header `Upgrade`\.\n$/)
})

test('connections of an own listener are served', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => relay.connection(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect((await fetch(`${url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  server.close()
})

test('its control makes orgs, and keys and tunnels in each', async () => {
  const org = await relay.control.call('createOrg', { body: { name: 'Acme', slug: 'acme' } })
  const acme = relay.inOrg('acme')
  const { key: theirs } = await acme.call('createKey', { body: { name: 'app' } })
  await acme.call('createTunnel', { body: { label: 'barn' } })
  expect(org.slug).toBe('acme')
  // The tunnel of the other org is none of theirs.
  const ask = punkuFetch({ gateway: relay.url, key: theirs })
  expect((await ask('http://ollama.laptop.acme.tunnel/api/tags')).status).toBe(404)
  await expect(relay.inOrg('nobodys').call('listKeys')).rejects.toMatchObject({ code: 'not_found' })
})

describe('several in one process', () => {
  test('stand side by side, and each gives back all it had', async () => {
    const before = { signals: process.listenerCount('SIGTERM'), errors: process.listenerCount('uncaughtException') }
    const two = await openGateway({ home: join(home, 'two') })
    expect((await fetch(`${two.url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401)
    expect(process.listenerCount('SIGTERM')).toBe(before.signals)
    expect(process.listenerCount('uncaughtException')).toBe(before.errors)
    await Promise.all([two.close(), two.close()])
    await expect(fetch(`${two.url}/healthz`)).rejects.toThrow()
    // Its folder can be opened again.
    await using again = await openGateway({ home: join(home, 'two') })
    expect((await again.control.call('listKeys')).keys).toEqual([])
    expect((await fetch(`${relay.url}/healthz`)).status).toBe(200)
  })

  test('never share a state folder', async () => {
    await expect(openGateway({ home: join(home, 'one') })).rejects.toThrow(/gateway/)
  })

  test('say what is wrong with their options', async () => {
    const config = { listen: ['nowhere.example'] }
    await expect(openGateway({ home: join(home, 'three'), config })).rejects.toThrow(/listen/)
  })
})

test('the log goes to who asked for it, and holds no key', () => {
  expect(lines.map(({ msg }) => msg)).toContain('gateway.started')
  expect(JSON.stringify(lines)).not.toContain(key)
})
