import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../support/gateway-certificate.ts'
import { RawConnection } from '../support/raw.ts'
import { RawServer } from '../support/raw-server.ts'
import { CHAT, openSite, type Site, type SiteOptions, until } from './site.ts'
import { send } from './wire.ts'

/** A gateway that speaks TLS. */
async function openTlsSite(options: SiteOptions = {}): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'punku-tls-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(certFile, GATEWAY_CERTIFICATE)
  writeFileSync(keyFile, GATEWAY_PRIVATE_KEY)
  try {
    return await openSite({ ...options, config: { tls: { certFile, keyFile } } })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const logged = ({ gateway }: Site, event: string): { readonly count: number; readonly port: number }[] =>
  gateway.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === event)

/** What a client that speaks TLS says of a port that does not; `undefined`: it does. */
function handshake(port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: GATEWAY_CERTIFICATE })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('secureConnect', () => {
      resolve(undefined)
      socket.destroy()
    })
    socket.once('close', () => resolve('closed'))
  })
}

describe('TLS on a port that speaks plain HTTP', () => {
  test('is answered in HTTP, which clients name as their trouble, and told in one line for many', async () => {
    const clock = new ManualClock()
    await using site = await openSite({ clock })
    for (let count = 0; count < 3; count++) {
      expect(await handshake(site.port)).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
    }
    using connection = await RawConnection.open(site.port)
    await connection.send(Buffer.from('160301006401000060', 'hex'))
    await connection.until((text) => text.includes('Use http://'))
    expect(connection.text).toMatch(/^HTTP\/1\.1 400 /)
    expect(logged(site, 'connections.tls_on_plain')).toMatchObject([{ count: 1, port: site.port }])
    clock.advance(600_000)
    await handshake(site.port)
    expect(logged(site, 'connections.tls_on_plain')).toMatchObject([{ count: 1 }, { count: 4 }])
  })

  test('other bytes that are no HTTP are told as what they are', async () => {
    await using site = await openSite()
    const [answer] = await send(site.port, 'SSH-2.0-x\r\n\r\n')
    expect(answer?.body).toContain('not a well-formed HTTP/1.1 request')
    expect(logged(site, 'connections.tls_on_plain')).toEqual([])
  })
})

describe('plain HTTP on a port that speaks TLS', () => {
  test('is answered in plain HTTP, and told in one line for many; TLS is served as before', async () => {
    await using site = await openTlsSite()
    for (let count = 0; count < 3; count++) {
      const [answer] = await send(site.port, site.request(CHAT.line, CHAT.body))
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('Use https://, not http://.') })
    }
    expect(logged(site, 'connections.plain_on_tls')).toMatchObject([{ count: 1, port: site.port }])
    expect(site.reached()).toEqual([])
    const status = await new Promise((resolve, reject) => {
      const asking = { port: site.port, host: '127.0.0.1', path: '/healthz', ca: GATEWAY_CERTIFICATE, agent: false }
      get(asking, (response) => resolve(response.resume().statusCode)).once('error', reject)
    })
    expect(status).toBe(200)
  })

  test('a handshake that comes in pieces is one', async () => {
    await using site = await openTlsSite()
    await using relay = await RawServer.start(({ socket }) => {
      const gateway = connect({ port: site.port, host: '127.0.0.1', noDelay: true })
      gateway.on('error', () => {}).pipe(socket)
      socket.once('data', (hello: Buffer) => {
        gateway.write(hello.subarray(0, 1))
        setImmediate(() => {
          gateway.write(hello.subarray(1))
          socket.pipe(gateway)
        })
      })
    })
    expect(await handshake(relay.port)).toBeUndefined()
    expect(logged(site, 'connections.plain_on_tls')).toEqual([])
  })

  test('who leaves without a word is let go, and who stays without one is closed in time', async () => {
    const clock = new ManualClock()
    await using site = await openTlsSite({ clock })
    using leaving = await RawConnection.open(site.port)
    leaving.halfClose()
    await until(() => leaving.isClosed)
    const timers = clock.pendingTimers
    using silent = await RawConnection.open(site.port)
    await until(() => clock.pendingTimers > timers)
    clock.advance(600_000)
    await until(() => silent.isClosed)
  })

  test('who stays without a word does not hold up the end of the gateway', async () => {
    await using site = await openTlsSite()
    using silent = await RawConnection.open(site.port)
    await site.gateway.parts.gateway.close(0)
    await until(() => silent.isClosed)
  })
})

describe('who takes the gateway for a proxy is told so', () => {
  test.each(['http://api.openai.com/v1/models', 'https://127.0.0.1/v1/models', 'HTTP://gateway.test/healthz'])(
    'for %s',
    async (target) => {
      await using site = await openSite()
      for (const host of ['api.openai.com', '127.0.0.1']) {
        const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
        const [answer] = await send(site.port, head)
        expect(answer?.status).toBe(400)
        expect(answer?.body).toMatch(/no proxy.*http_proxy.*NO_PROXY/)
      }
      expect(site.reached()).toEqual([])
      await site.expectWell()
    },
  )

  test('for CONNECT', async () => {
    await using site = await openSite()
    const [answer] = await send(site.port, 'CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n')
    expect(answer?.status).toBe(405)
    expect(answer?.body).toMatch(/no proxy.*https_proxy.*NO_PROXY/)
  })
})
