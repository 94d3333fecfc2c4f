import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ManualClock } from '../../test/support/clock.ts'
import { ConnectProxy, type ConnectProxyOptions } from '../../test/support/connect-proxy.ts'
import { GATEWAY_CERTIFICATE, GATEWAY_PRIVATE_KEY } from '../../test/support/gateway-certificate.ts'
import { RawServer } from '../../test/support/raw-server.ts'
import { Secret } from '../core/secret.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError } from '../http-client/gateway-error.ts'
import { dialer } from './dial.ts'

const TOKEN = new Secret('access-token')
const PROXY_VARIABLES = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy']

let opened: AsyncDisposableStack
let clock: ManualClock
beforeEach(() => {
  opened = new AsyncDisposableStack()
  clock = new ManualClock()
  // The machine's own proxy must not stand in between.
  for (const name of PROXY_VARIABLES) {
    vi.stubEnv(name, '')
    vi.stubEnv(name.toUpperCase(), '')
  }
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await opened.disposeAsync()
})

interface TestGateway {
  readonly port: number
  /** Each WebSocket that was asked for. */
  readonly asked: { readonly url: string; readonly authorization: string; readonly extensions: string | undefined }[]
}

interface TestGatewayOptions {
  readonly isTls?: boolean
  /** What it agrees on. Default: `punku.1`; `false`: nothing. */
  readonly subprotocol?: string | false
}

/** A server of WebSockets that takes everybody. */
async function gateway({ isTls = false, subprotocol = 'punku.1' }: TestGatewayOptions = {}): Promise<TestGateway> {
  const server: Server = isTls
    ? createHttpsServer({ cert: GATEWAY_CERTIFICATE, key: GATEWAY_PRIVATE_KEY })
    : createHttpServer()
  const accepting = new WebSocketServer({ server, perMessageDeflate: true, handleProtocols: () => subprotocol })
  const asked: TestGateway['asked'] = []
  accepting.on('connection', (_socket, request) => {
    asked.push({
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      extensions: request.headers['sec-websocket-extensions'],
    })
  })
  await listening(server)
  opened.defer(() => {
    for (const socket of accepting.clients) socket.terminate()
  })
  return { port: portOf(server), asked }
}

/** A server that answers a request for a WebSocket like any other. */
async function refusing(listener: RequestListener): Promise<number> {
  const server = createHttpServer()
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {})
    const lines: string[] = []
    const response = {
      writeHead(status: number, headers: Record<string, string> = {}) {
        lines.push(`HTTP/1.1 ${status} x`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`))
        return response
      },
      end: () => void socket.end(`${lines.join('\r\n')}\r\ncontent-length: 0\r\n\r\n`),
    }
    listener(request, response as never)
  })
  await listening(server)
  return portOf(server)
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function dial(url: string, extraCa?: string, signal = new AbortController().signal): Promise<WebSocket> {
  const address = new GatewayAddress({ url, ...(extraCa === undefined ? {} : { extraCa }) })
  const socket = await dialer({ address, clock })(TOKEN, signal)
  opened.defer(() => socket.terminate())
  return socket
}

/** What an attempt fails with. Never the token, nor where the gateway is. */
async function failure(attempt: Promise<WebSocket>): Promise<{ readonly code: string; readonly message: string }> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof GatewayError)) throw error ?? new Error('it should have failed')
  expect(JSON.stringify([error.message, error.stack, error.cause ?? null])).not.toMatch(
    /access-token|127\.0\.0\.1|hunter2/,
  )
  return error
}

const proxied = async (options?: ConnectProxyOptions) => opened.use(await ConnectProxy.start(options))

describe('a gateway that is there', () => {
  test('gets the token in a header, on its path, and no compression', async () => {
    const { port, asked } = await gateway()
    const socket = await dial(`http://127.0.0.1:${port}/base`)
    expect(socket.protocol).toBe('punku.1')
    expect(asked).toEqual([{ url: '/base/tunnel', authorization: 'Bearer access-token', extensions: undefined }])
    expect(clock.pendingTimers).toBe(0)
  })

  test('is spoken to over TLS when its authority was given', async () => {
    const { port, asked } = await gateway({ isTls: true })
    await dial(`https://localhost:${port}`, GATEWAY_CERTIFICATE)
    expect(asked).toHaveLength(1)
  })

  test('is not when nobody vouches for it', async () => {
    const { port, asked } = await gateway({ isTls: true })
    const { code, message } = await failure(dial(`https://localhost:${port}`))
    expect(code).toBe('untrusted')
    expect(message).toContain('--ca-file')
    expect(asked).toEqual([])
  })
})

describe('a gateway that does not want us', () => {
  test('does not take the token', async () => {
    const port = await refusing((_request, response) => response.writeHead(401).end())
    expect(await failure(dial(`http://127.0.0.1:${port}`))).toMatchObject({ code: 'unauthorized', status: 401 })
  })

  test.each([400, 403, 404, 429, 502, 503])('answers %i', async (status) => {
    const port = await refusing((_request, response) => response.writeHead(status).end())
    expect(await failure(dial(`http://127.0.0.1:${port}`))).toMatchObject({ code: 'rejected', status })
  })

  test('sends us elsewhere, where we do not go', async () => {
    const elsewhere = await gateway()
    const port = await refusing((_request, response) =>
      response.writeHead(302, { location: `ws://127.0.0.1:${elsewhere.port}/tunnel` }).end(),
    )
    expect(await failure(dial(`http://127.0.0.1:${port}`))).toMatchObject({ code: 'rejected', status: 302 })
    expect(elsewhere.asked).toEqual([])
  })

  test.each(['punku.2', false] as const)('agrees on the subprotocol %s', async (subprotocol) => {
    const { port } = await gateway({ subprotocol })
    expect((await failure(dial(`http://127.0.0.1:${port}`))).code).toBe('invalid')
  })

  test.each(['HTTP/1.1 400 Bad Request\r\n\r\n', 'SSH-2.0-x\r\n'])(
    'speaks no TLS, as its address says (%j)',
    async (answer) => {
      await using server = await RawServer.start(({ socket }) => {
        socket.once('data', () => socket.end(answer))
      })
      const { code, message } = await failure(dial(`https://localhost:${server.port}`))
      expect([code, message]).toEqual(['unreachable', expect.stringContaining('speaks no TLS, and the address begins')])
    },
  )

  test('speaks TLS, and its address says nothing of it', async () => {
    const { port } = await gateway({ isTls: true })
    // It hangs up without a word.
    expect((await failure(dial(`http://127.0.0.1:${port}`))).message).toMatch(/ECONNRESET.* If it speaks TLS/)
    await using alert = await RawServer.answering('\x15\x03\x01\x00\x02\x02\x46')
    expect((await failure(dial(`http://127.0.0.1:${alert.port}`))).message).toContain('speaks TLS, and the address')
    const refusingPlain = await refusing((_request, response) => response.writeHead(400).end())
    expect((await failure(dial(`http://127.0.0.1:${refusingPlain}`))).message).toContain('If it speaks TLS')
  })

  test('is none', async () => {
    await using server = await RawServer.answering('SSH-2.0-x\r\n')
    expect((await failure(dial(`http://127.0.0.1:${server.port}`))).code).toBe('unreachable')
  })
})

describe('nobody', () => {
  test('listens', async () => {
    const server = createTcpServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const { code, message } = await failure(dial(`http://127.0.0.1:${port}`))
    expect(code).toBe('unreachable')
    expect(message).toContain('ECONNREFUSED')
  })

  test('answers in time', async () => {
    await using server = await RawServer.start(() => {})
    const attempt = failure(dial(`http://127.0.0.1:${server.port}`))
    await expect.poll(() => server.connections[0]?.received).toContain('Upgrade')
    clock.advance(15_000)
    expect((await attempt).code).toBe('unreachable')
    await server.connections[0]?.closed
    expect(clock.pendingTimers).toBe(0)
  })

  test('waits for an answer that is not wanted any more', async () => {
    await using server = await RawServer.start(() => {})
    const leaving = new AbortController()
    const attempt = failure(dial(`http://127.0.0.1:${server.port}`, undefined, leaving.signal))
    await expect.poll(() => server.connections[0]?.received).toContain('Upgrade')
    leaving.abort()
    expect((await attempt).code).toBe('unreachable')
    await server.connections[0]?.closed
    expect((await failure(dial(`http://127.0.0.1:${server.port}`, undefined, leaving.signal))).code).toBe('unreachable')
  })
})

describe('a proxy', () => {
  const url = ({ port }: TestGateway) => `https://gateway.test:${port}`
  const through = (proxy: ConnectProxy, credentials = '') =>
    vi.stubEnv('HTTPS_PROXY', `http://${credentials}${proxy.authority}`)

  test('lets us through to the gateway, and sees TLS only', async () => {
    const server = await gateway({ isTls: true })
    const proxy = await proxied()
    through(proxy)
    await dial(url(server), GATEWAY_CERTIFICATE)
    expect(proxy.asked).toEqual([`gateway.test:${server.port}`])
    expect(server.asked).toHaveLength(1)
  })

  test('gets its user and password, unescaped', async () => {
    const server = await gateway({ isTls: true })
    const proxy = await proxied({ authorization: `Basic ${Buffer.from('ann:hunter2@').toString('base64')}` })
    through(proxy, 'ann:hunter2%40@')
    await dial(url(server), GATEWAY_CERTIFICATE)
    through(proxy, 'ann:hunter2@')
    expect(await failure(dial(url(server), GATEWAY_CERTIFICATE))).toMatchObject({ code: 'proxy', status: 407 })
  })

  test('keeps its password out of whatever prints what goes through it', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://ann:hunter2@127.0.0.1:3128')
    const { agent } = await new GatewayAddress({ url: 'https://gateway.test' }).way(new AbortController().signal)
    const text = inspect(agent, { depth: 10, showHidden: true })
    expect(text).toContain('3128')
    expect(text).not.toMatch(new RegExp(`hunter2|${Buffer.from('ann:hunter2').toString('base64')}`))
  })

  test('may be named without a scheme', async () => {
    const server = await gateway({ isTls: true })
    const proxy = await proxied()
    vi.stubEnv('https_proxy', proxy.authority)
    await dial(url(server), GATEWAY_CERTIFICATE)
    expect(proxy.asked).toHaveLength(1)
  })

  test('does not vouch for the gateway', async () => {
    const server = await gateway({ isTls: true })
    through(await proxied())
    expect((await failure(dial(url(server)))).code).toBe('untrusted')
  })

  test('does not lead to a gateway of another name', async () => {
    const { port, asked } = await gateway({ isTls: true })
    through(await proxied())
    expect((await failure(dial(`https://other.test:${port}`, GATEWAY_CERTIFICATE))).code).toBe('untrusted')
    expect(asked).toEqual([])
  })

  test.each([401, 403, 502])('that answers %i is told from the gateway', async (status) => {
    const server = await gateway({ isTls: true })
    through(await proxied({ status }))
    expect(await failure(dial(url(server), GATEWAY_CERTIFICATE))).toMatchObject({ code: 'proxy', status })
  })

  const NEGOTIATE = 'Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n'
  const HTML = 'Content-Type: text/html\r\n\r\n<html><title>Welcome</title><p>Sign in to go on</p></html>'
  test.each([
    ['wants a sign-in that is not spoken here', 407, NEGOTIATE, /sign-in by Negotiate or NTLM, .*cntlm/],
    ['wants a user and a password', 407, 'Proxy-Authenticate: NTLM, Basic realm="x"\r\n', /asks for a user/],
    ['lets nobody through', 403, '', /does not let connections to the gateway pass/],
    ['finds no gateway', 502, HTML, /found no way to the gateway/],
    ['finds no gateway for now', 503, '', /found no way to the gateway/],
    ['refuses in words of its own', 418, '', /with status 418/],
  ])('that %s is told for it', async (_, status, more, said) => {
    through(await proxied({ answer: `HTTP/1.1 ${status} x\r\n${more}\r\n` }))
    expect(await failure(dial('https://gateway.test'))).toMatchObject({
      code: 'proxy',
      status,
      message: expect.stringMatching(said),
    })
  })

  test.each([
    ['answers with a page', `HTTP/1.1 200 OK\r\n${HTML}`, /page of its own/],
    ['answers with a page a moment later', `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n`, /page of its own/],
    ['hangs up', '', /closed the connection without an answer/],
    ['speaks something else', 'SSH-2.0-x\r\n\r\n', /no HTTP/],
    ['speaks something else at length', `220 mail\r\n250 x\r\nno header\r\n\r\n`, /no HTTP/],
  ])('that %s is told for it', async (_, answer, said) => {
    for (const url of ['https://gateway.test', 'http://gateway.test']) {
      const proxy = await proxied({ answer })
      through(proxy)
      vi.stubEnv('HTTP_PROXY', `http://${proxy.authority}`)
      expect(await failure(dial(url))).toMatchObject({ code: 'proxy', message: expect.stringMatching(said) })
    }
  })

  test('that speaks no TLS, and whose setting says so, is told for it', async () => {
    const proxy = await proxied()
    vi.stubEnv('HTTPS_PROXY', `https://${proxy.authority}`)
    expect(await failure(dial('https://gateway.test'))).toMatchObject({
      code: 'proxy',
      message: expect.stringContaining('speaks no TLS, and its setting'),
    })
  })

  test('that leads to what speaks no TLS is told for it', async () => {
    const server = await gateway()
    through(await proxied())
    expect(await failure(dial(url(server)))).toMatchObject({
      code: 'proxy',
      message: expect.stringContaining('opened the way, and what answers there speaks no TLS'),
    })
  })

  test('that is away is told from the gateway', async () => {
    const proxy = await ConnectProxy.start()
    const { authority } = proxy
    await proxy[Symbol.asyncDispose]()
    vi.stubEnv('HTTPS_PROXY', `http://ann:hunter2@${authority}`)
    const { code, message } = await failure(dial('https://gateway.test'))
    expect(code).toBe('proxy')
    expect(message).toContain('ECONNREFUSED')
  })

  test('that does not answer is given up in time, and its connection closed', async () => {
    const proxy = await proxied({ isSilent: true })
    through(proxy)
    const attempt = failure(dial('https://gateway.test'))
    await expect.poll(() => proxy.asked).toHaveLength(1)
    clock.advance(15_000)
    expect(await attempt).toMatchObject({ code: 'proxy', message: expect.stringContaining('did not answer in time') })
    await expect.poll(() => proxy.openSockets).toBe(0)
  })

  test.each(['socks5://127.0.0.1:1080', 'http://ann:hunter2@:x', 'http://ann:hunter2%zz@127.0.0.1:1'])(
    'that cannot be used (%s) is named as the fault',
    async (setting) => {
      vi.stubEnv('HTTPS_PROXY', setting)
      expect((await failure(dial('https://gateway.test'))).code).toBe('proxy')
    },
  )

  test.each(['localhost', '127.0.0.1', '127.8.9.1'])('never stands before %s', async (host) => {
    const server = await gateway()
    const proxy = await proxied()
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) vi.stubEnv(name, `http://${proxy.authority}`)
    await dial(`http://${host}:${server.port}`).catch(() => {})
    expect(proxy.asked).toEqual([])
  })

  test('is left out for what NO_PROXY names', async () => {
    const proxy = await proxied()
    through(proxy)
    vi.stubEnv('NO_PROXY', '.test')
    expect((await failure(dial('https://gateway.test'))).code).toBe('unreachable')
    expect(proxy.asked).toEqual([])
  })
})

test.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', GATEWAY_PRIVATE_KEY])(
  'authorities that are no certificates are refused (%#)',
  (extraCa) => {
    expect(() => new GatewayAddress({ url: 'https://gateway.test', extraCa })).toThrow(/no certificates/)
  },
)
