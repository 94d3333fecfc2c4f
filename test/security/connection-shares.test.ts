import { afterEach, expect, test } from 'vitest'
import type { ConfigLayer } from '../../src/config/environment.ts'
import { RESERVED_OF_ADDRESS } from '../../src/gateway/pipeline/client-connections.ts'
import { addOrg } from '../support/people.ts'
import { RawConnection } from '../support/raw.ts'
import { CHAT, openSite, type Site, until } from './site.ts'
import { type RawAnswer, readAnswers } from './wire.ts'

const SHARE = 8
const STRANGER = '127.0.0.2'
const OTHER = '127.0.0.3'
const OTHER_ORG = 'other'
const { line, body } = CHAT
const opened: RawConnection[] = []

afterEach(() => {
  for (const connection of opened.splice(0)) connection[Symbol.dispose]()
})

const open = async ({ port }: Site, from: string) => {
  const connection = await RawConnection.open(port, from)
  opened.push(connection)
  return connection
}

/** Sends one request on a connection and reads its answer; `undefined` where the connection was closed. */
async function ask(connection: RawConnection, request: string): Promise<RawAnswer | undefined> {
  await connection.send(request)
  try {
    return readAnswers(await connection.until((text) => readAnswers(text).length === 1))[0]
  } catch {
    return undefined
  }
}

const models = (site: Site) => site.head('GET /v1/models HTTP/1.1')
const statusFrom = async (site: Site, from: string) => (await ask(await open(site, from), models(site)))?.status
const siteWith = (limits: ConfigLayer, gateway: ConfigLayer = {}) => openSite({ config: { limits, gateway } })
const troublesOf = ({ gateway }: Site) => gateway.parts.troubles.list().map(({ kind }) => kind)

test('an address that holds all it may, silently, keeps nobody else out, and is told why', async () => {
  await using site = await siteWith({ connections: 128 })
  for (let count = 0; count < 200; count++) await open(site, STRANGER)
  expect(await statusFrom(site, OTHER)).toBe(200)
  const last = await open(site, STRANGER)
  const answer = await ask(last, models(site))
  expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('Your address has as many connections') })
  expect([answer?.header('retry-after'), answer?.header('connection')]).toEqual(['2', 'close'])
  // Its own monitor is heard.
  expect((await ask(await open(site, STRANGER), site.head('GET /healthz HTTP/1.1')))?.status).toBe(200)
  expect(troublesOf(site)).toEqual(['connection_share_taken'])
  const lines = site.gateway.logLines.filter((text) => text.includes('connections.share_taken'))
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ address: STRANGER })
  await until(() => opened.filter(({ isClosed }) => !isClosed).length <= 64 + RESERVED_OF_ADDRESS + 2)
})

test('what it has back it may use again', async () => {
  await using site = await siteWith({ connections: 64, connectionsPerAddress: SHARE })
  const held: RawConnection[] = []
  for (let count = 0; count < SHARE; count++) held.push(await open(site, STRANGER))
  expect(await statusFrom(site, STRANGER)).toBe(503)
  held[0]?.[Symbol.dispose]()
  await expect.poll(() => statusFrom(site, STRANGER), { timeout: 60_000, interval: 5 }).toBe(200)
})

test('behind a trusted proxy there is no share of an address', async () => {
  await using site = await siteWith({ connections: 64, connectionsPerAddress: SHARE }, { trustedProxies: [STRANGER] })
  for (let count = 0; count < 2 * SHARE; count++) await open(site, STRANGER)
  expect(await statusFrom(site, STRANGER)).toBe(200)
})

test('an org has its share of the connections on which requests are under way; others are served', async () => {
  await using site = await siteWith({ connections: 64, connectionsPerOrg: SHARE })
  await addOrg(site.gateway.parts.state.database, OTHER_ORG)
  const held: RawConnection[] = []
  for (let count = 0; count < SHARE; count++) {
    const connection = await open(site, '127.0.0.1')
    // The rest of its body does not come.
    await connection.send(site.head(line, `Content-Length: ${body.length}`))
    held.push(connection)
  }
  await until(() => site.gateway.parts.gateway.liveExchanges === SHARE)
  expect(await ask(await open(site, OTHER), models(site))).toMatchObject({
    status: 503,
    body: expect.stringContaining('limits.connectionsPerOrg'),
  })
  const theirs = await site.gateway.key({}, OTHER_ORG)
  const head = `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${theirs}\r\n\r\n`
  // It is let in, to find that its org has no upstream.
  expect((await ask(await open(site, '127.0.0.1'), head))?.status).toBe(404)
  expect(troublesOf(site)).toEqual(['connection_share_taken'])
  // Each that ends gives its place back.
  await held[0]?.send(body)
  await held[0]?.until((text) => readAnswers(text).length === 1)
  held[1]?.[Symbol.dispose]()
  await expect.poll(() => statusFrom(site, OTHER), { timeout: 60_000, interval: 5 }).toBe(200)
  for (const connection of held) connection[Symbol.dispose]()
  await site.expectWell()
})
