import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import { Roster } from '../core/roster.ts'
import { DIALECTS } from '../dialects/dialects.ts'
import { isHostAllowed } from '../http/origin.ts'
import { Exchange, type ExchangeSurroundings } from './exchange.ts'
import type { LiveExchange } from './live-exchange.ts'
import { Pipeline, pathAsSent } from './pipeline.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import type { Recorder } from './recorder.ts'

/** Takes connections that switch protocols, and keeps them. */
export interface LinkAcceptor {
  /** False: the request is not for it, and nothing has been done with the connection. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** The gateway is about to stop: what runs over the links may finish. */
  goAway(): void
  /** Ends every connection it has taken. */
  close(): void
}

/** Serves paths beside the model APIs. The `Host` has been checked; all else is its own to check. */
export interface Site {
  /** @param path the target as it was sent, without its query */
  has(path: string, req: IncomingMessage): boolean
  serve(req: IncomingMessage, res: ServerResponse): void
}

export interface GatewayOptions extends PipelineOptions {
  readonly recorder: Recorder
  readonly log: Logger
  /** PEM text; `undefined`: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** A request head's size in bytes, and the time it may take, milliseconds. */
  readonly headerBytes: number
  readonly headersTimeMs: number
  /** Requests a client may send ahead on one connection before the first is answered. */
  readonly pipelinedRequests: number
  readonly connections: number
  readonly keepAliveIdleMs: number
  /** Default: no connection switches protocols. */
  readonly links?: LinkAcceptor
  /** Default: there are no other paths. */
  readonly site?: Site
}

/** How long a client has to read why its connection is closed. */
const LAST_ANSWER_MS = 500

/** How often Node looks for requests that take too long to arrive. */
const ARRIVAL_CHECK_MS = 1_000

/** Where the gateway listens. */
export interface ListeningAddress {
  readonly host: string
  readonly port: number
}

/**
 * The gateway's HTTP side: one pipeline behind any number of listeners. `listen` opens them, `close` drains,
 * `destroy` does not.
 */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #pipeline: Pipeline
  readonly #surroundings: ExchangeSurroundings
  readonly #servers: Server[] = []
  readonly #addresses: ListeningAddress[] = []
  readonly #exchanges = new Roster<Exchange>(
    (one) => one.gatewayPlace,
    (one, at) => {
      one.gatewayPlace = at
    },
  )
  /** Per connection: the exchanges that wait for their turn or are under way. */
  readonly #queues = new WeakMap<Duplex, Exchange[]>()
  /** Connections that have had their last answer: what else comes on them is nobody's. */
  readonly #ending = new WeakSet<Duplex>()
  #isDraining = false
  #whenDrained: (() => void)[] = []

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#pipeline = new Pipeline(options)
    this.#surroundings = {
      watch: options.watch,
      slowReaderMs: options.timeouts.slowReaderMs,
      now: () => options.clock.now(),
      elapsed: () => options.clock.elapsed(),
      finished: (exchange) => this.#finished(exchange),
    }
  }

  /** Where it listens. */
  get addresses(): readonly ListeningAddress[] {
    return this.#addresses
  }

  /** Exchanges under way. */
  get liveExchanges(): number {
    return this.#exchanges.size
  }

  /** Those exchanges as they stand, the oldest first. */
  live(): readonly LiveExchange[] {
    const live: LiveExchange[] = []
    this.#exchanges.each((exchange) => {
      live.push(exchange.live())
    })
    return live.sort((one, other) => other.ageMs - one.ageMs)
  }

  /** Opens one listener; rejects with Node's own error when the address cannot be had. Port 0: any free one. */
  async listen(address: ListeningAddress): Promise<ListeningAddress> {
    const server = this.#createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#servers.push(server)
    const listening = { host: address.host, port: (server.address() as AddressInfo).port }
    this.#addresses.push(listening)
    return listening
  }

  /** Stops taking requests, lets those under way finish for at most `drainMs`, then cuts the rest with an error. */
  async close(drainMs: number): Promise<void> {
    this.#isDraining = true
    this.#options.links?.goAway()
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const server of this.#servers) server.closeIdleConnections()
    {
      using _deadline = this.#options.clock.after(drainMs, () => this.#cutAll())
      await this.#allFinished()
    }
    // A server counts connections that have switched protocols as its own.
    this.#options.links?.close()
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all(closed)
  }

  /** Ends every connection now; resolves when the last exchange has been recorded. */
  async destroy(): Promise<void> {
    this.#isDraining = true
    this.#cutAll()
    this.#options.links?.close()
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    await this.#allFinished()
  }

  #createServer(): Server {
    const { tls, headerBytes, headerCount, headersTimeMs, connections, keepAliveIdleMs } = this.#options
    const settings = {
      maxHeaderSize: headerBytes,
      headersTimeout: headersTimeMs,
      // A body has no limit on its whole time: the pipeline watches its pauses.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveIdleMs,
      connectionsCheckingInterval: ARRIVAL_CHECK_MS,
      insecureHTTPParser: false,
      // Java's own client offers this with every request over plain HTTP; not to take it up is an answer (RFC 9110 §7.8).
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() !== 'h2c',
      // The pipeline refuses a request without one, in the dialect's own shape.
      requireHostHeader: false,
      noDelay: true,
    }
    const server = tls === undefined ? createHttpServer(settings) : createHttpsServer({ ...settings, ...tls })
    // Node drops header lines beyond its count in silence; one more than the limit lets the pipeline refuse them.
    server.maxHeadersCount = headerCount + 1
    server.maxConnections = connections
    server.timeout = 0
    server.on('request', (req, res) => this.#receive(req, res))
    server.on('checkContinue', (req, res) => this.#receive(req, res))
    server.on('upgrade', (req, socket, head) => {
      if (this.#options.links?.accept(req, socket, head) !== true) this.#endWith(socket, noSwitch())
    })
    server.on('connect', (_req, socket) => this.#endWith(socket, noSwitch()))
    server.on('clientError', (error, socket) => this.#refuseBroken(error, socket as Socket))
    return server
  }

  #receive(req: IncomingMessage, res: ServerResponse): void {
    const { site, hosts } = this.#options
    if (!this.#isDraining && site?.has(pathAsSent(req), req) && isHostAllowed(req.headers.host, hosts)) {
      if (req.headers.expect !== undefined) res.writeContinue()
      site.serve(req, res)
      return
    }
    const exchange = new Exchange(req, res, this.#surroundings)
    this.#exchanges.add(exchange)
    if (this.#isDraining) {
      res.shouldKeepAlive = false
      exchange.fail(
        new PunkuError('shutting_down', 'The gateway is about to stop. Ask again in a few seconds.', {
          retryAfterMs: 5_000,
        }),
      )
      return
    }
    const queue = this.#queues.get(req.socket)
    if (queue === undefined) {
      this.#queues.set(req.socket, [exchange])
      void this.#pipeline.run(exchange)
      return
    }
    // Requests sent ahead are answered one after the other: each would otherwise be work that nobody reads.
    queue.push(exchange)
    if (queue.length === 1) void this.#pipeline.run(exchange)
    else if (queue.length > this.#options.pipelinedRequests) req.socket.destroy()
  }

  #finished(exchange: Exchange): void {
    const { recorder, metrics, log } = this.#options
    this.#exchanges.remove(exchange)
    const queue = this.#queues.get(exchange.req.socket)
    if (queue !== undefined) {
      queue.splice(queue.indexOf(exchange), 1)
      const next = queue[0]
      if (next !== undefined && !next.isOver) void this.#pipeline.run(next)
    }
    const row = exchange.row()
    metrics.observe(row)
    recorder.record(row)
    const { error } = exchange
    if (error !== undefined && error.status >= 500) {
      log.warn(
        {
          request: exchange.id,
          route: row.route,
          upstream: row.upstream,
          code: error.code,
          ...error.detail,
          err: error.cause,
        },
        error.message,
      )
    }
    if (this.#exchanges.size > 0) return
    for (const resolve of this.#whenDrained) resolve()
    this.#whenDrained = []
  }

  async #allFinished(): Promise<void> {
    if (this.#exchanges.size === 0) return
    await new Promise<void>((resolve) => this.#whenDrained.push(resolve))
  }

  #cutAll(): void {
    const error = new PunkuError('shutting_down', 'The gateway stopped before this answer was complete. Ask again.', {
      retryAfterMs: 5_000,
    })
    this.#exchanges.each((exchange) => exchange.fail(error))
  }

  /** What the parser refused: an answer if one can still be sent, then the connection ends. */
  #refuseBroken(thrown: Error & { code?: string }, socket: Socket): void {
    if (this.#ending.has(socket)) return
    const exchange = this.#queues.get(socket)?.[0]
    const hasLeft = exchange !== undefined && thrown.code === 'HPE_INVALID_EOF_STATE'
    // The connection itself is gone, and with it whoever would read an answer: the exchange learns it from its response.
    if (!socket.writable || thrown.code === 'ECONNRESET' || hasLeft) {
      socket.destroy()
      return
    }
    const error = brokenRequest(thrown.code)
    if (exchange !== undefined) {
      exchange.res.shouldKeepAlive = false
      exchange.fail(error)
      exchange.res.once('close', () => socket.destroy())
      return
    }
    this.#endWith(socket, error)
  }

  /** Answers on a bare connection, in the shape most clients read, and closes it once the answer had time to arrive. */
  #endWith(socket: Duplex, error: PunkuError): void {
    this.#ending.add(socket)
    const body = DIALECTS.openai.renderError(error, '')
    socket.on('error', () => socket.destroy())
    socket.end(
      `HTTP/1.1 ${error.status} Refused\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nx-should-retry: ${error.isRetryable}\r\nconnection: close\r\n\r\n${body}`,
    )
    // Destroyed at once, it would be reset under a client that still sends, and the answer with it.
    socket.resume()
    const end = this.#options.clock.after(LAST_ANSWER_MS, () => socket.destroy())
    socket.once('close', () => end[Symbol.dispose]())
  }
}

function brokenRequest(code: string | undefined): PunkuError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new PunkuError(
        'headers_too_large',
        'The request head is larger than the gateway takes (limits.headerBytes).',
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new PunkuError(
        'request_timeout',
        'The request took longer to arrive than the gateway waits. Send it again.',
      )
    default:
      return new PunkuError(
        'invalid_request',
        'This is not a well-formed HTTP/1.1 request, or it frames its body in two ways.',
      )
  }
}

const noSwitch = () => new PunkuError('upgrade_refused', 'This gateway does not switch protocols on this path.')
