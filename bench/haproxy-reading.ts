import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../test/support/free-port.ts'
import { isListening } from '../test/support/is-listening.ts'
import { startProcess } from './running-process.ts'

/** One request as it came out of HAProxy; latin1. */
export interface PassedRequest {
  readonly method: string
  readonly target: string
  readonly body: string
}

/** What HAProxy made of one connection: the requests it passed on, and the status of each of its answers. */
export interface PassedConnection {
  readonly requests: readonly PassedRequest[]
  readonly statuses: readonly number[]
}

/** Says which connection a request came on. */
const SOURCE_FIELD = 'x-fuzz-source'
/** Ends what waits for bytes that do not come. */
const WAIT_MS = 400

/** A running HAProxy with its defaults, before a server that notes what comes out of it. */
export class HaproxyReader implements AsyncDisposable {
  readonly #server: Server
  readonly #port: number
  readonly #running: AsyncDisposable
  readonly #folder: string
  readonly #passed: Map<string, PassedRequest[]>

  private constructor(
    server: Server,
    port: number,
    running: AsyncDisposable,
    folder: string,
    passed: Map<string, PassedRequest[]>,
  ) {
    this.#server = server
    this.#port = port
    this.#running = running
    this.#folder = folder
    this.#passed = passed
  }

  static async start(): Promise<HaproxyReader> {
    const passed = new Map<string, PassedRequest[]>()
    const note = (req: IncomingMessage, res: ServerResponse) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1')
        const { method = '', url: target = '' } = req
        passed.get(String(req.headers[SOURCE_FIELD]))?.push({ method, target, body })
        res.end()
      })
      req.on('error', () => {})
    }
    const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0 }, note)
    // An expectation that Node does not know is no fault of the request.
    server.on('checkExpectation', note).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = await findFreePort()
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-haproxy-'))
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, config(port, (server.address() as AddressInfo).port))
    const running = startProcess({ name: 'haproxy', command: 'haproxy', args: ['-db', '-q', '-f', file] })
    await running.until(() => isListening(port))
    return new HaproxyReader(server, port, running, folder, passed)
  }

  /** Sends bytes on a connection of their own, and waits until HAProxy ends it. */
  async read(bytes: Buffer): Promise<PassedConnection> {
    const socket = connect(this.#port, '127.0.0.1')
    socket.on('error', () => {})
    let answers = ''
    socket.on('data', (chunk: Buffer) => {
      answers += chunk.toString('latin1')
    })
    await once(socket, 'connect')
    const source = String(socket.localPort)
    const requests: PassedRequest[] = []
    this.#passed.set(source, requests)
    socket.write(bytes)
    if (!socket.destroyed) await once(socket, 'close')
    const statuses = [...answers.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status))
    return { requests, statuses: statuses.filter((status) => status >= 200) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]()
    this.#server.closeAllConnections()
    this.#server.close()
    rmSync(this.#folder, { recursive: true })
  }
}

function config(port: number, serverPort: number): string {
  return `
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout server 5s
  timeout client ${WAIT_MS}ms
  timeout http-request ${WAIT_MS}ms
  timeout http-keep-alive ${WAIT_MS}ms
frontend clients
  bind 127.0.0.1:${port}
  http-request set-header ${SOURCE_FIELD} %[src_port]
  default_backend noted
backend noted
  http-reuse never
  server noted 127.0.0.1:${serverPort}
`
}
