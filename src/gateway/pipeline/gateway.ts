import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { ServerOptions as HttpsOptions } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import type { MemoryBudget } from '../../core/memory-budget.ts'
import { Roster } from '../../core/roster.ts'
import { isTlsRecord } from '../../core/tls-record.ts'
import type { RecentWords } from '../metering/recent-words.ts'
import type { Recorder } from '../metering/recorder.ts'
import { errorAnswer } from '../reply/answer.ts'
import type { GuardLimits } from '../reply/guard.ts'
import type { IdleWatch } from '../reply/idle-watch.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { hasBody, headFault, pathAsSent } from './arrival.ts'
import { Connections, LAST_READ_MS } from './connections.ts'
import { Exchange, type ExchangeSurroundings } from './exchange.ts'
import type { ExchangeView } from './exchange-view.ts'
import { OtherProtocolLog } from './other-protocol.ts'
import { isOwnPath } from './own-routes.ts'
import { Pipeline } from './pipeline.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { type BrokenInput, brokenRequest, noProxy, plainOnTls, shuttingDown } from './refusals.ts'
import { TlsFront } from './tls-front.ts'
import { Turns } from './turns.ts'

/** Takes connections that switch protocols, and keeps them. */
export interface LinkAcceptor {
  /** Whether a request that offers another protocol is for it. */
  isFor(req: IncomingMessage): boolean
  /** Takes the connection of one that is. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /** The gateway is about to stop: what runs over the links may finish. */
  goAway(): void
  /** Ends every connection it has taken. */
  close(): void
}

/** Serves paths beside the model APIs. The head is clear and its `Host` was checked; all else is its own to check. */
export interface Site {
  /** @param path the target as it was sent, without its query */
  has(path: string, req: IncomingMessage): boolean
  serve(req: IncomingMessage, res: ServerResponse): void
}

export interface GatewayOptions extends PipelineOptions {
  readonly recorder: Recorder
  /** Gets what model servers say of what fails. */
  readonly recentWords: RecentWords
  readonly watch: IdleWatch
  /** Limits on silence. */
  readonly idle: GuardLimits
  /** What whole answers hold until they are complete, by org. */
  readonly answers: MemoryBudget
  readonly log: Logger
  /** PEM text; `undefined`: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** A request head's size in bytes, and the time it may take, milliseconds. */
  readonly headerBytes: number
  readonly headersTimeMs: number
  /** Requests a client may send ahead on one connection before the first is answered. */
  readonly pipelinedRequests: number
  readonly keepAliveIdleMs: number
  /** Default: no connection switches protocols. */
  readonly links?: LinkAcceptor
  /** Default: there are no other paths. */
  readonly site?: Site
}

/** How long a body is waited for that nobody will read, so that its client reads the answer. */
const LAST_BODY_MS = 500

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
  readonly #fronts: TlsFront[] = []
  readonly #addresses: ListeningAddress[] = []
  readonly #exchanges = new Roster<Exchange>(
    (one) => one.gatewayPlace,
    (one, at) => {
      one.placeInGateway(at)
    },
  )
  /** The exchanges that wait for their turn or are under way. */
  readonly #turns = new Turns<Exchange>()
  readonly #connections: Connections
  readonly #otherProtocols: OtherProtocolLog
  #isDraining = false
  #whenDrained: (() => void)[] = []

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#pipeline = new Pipeline(options)
    this.#connections = new Connections(options)
    this.#otherProtocols = new OtherProtocolLog(options)
    this.#surroundings = {
      watch: options.watch,
      limits: options.idle,
      answers: options.answers,
      clock: options.clock,
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
  live(): readonly ExchangeView[] {
    const live: ExchangeView[] = []
    this.#exchanges.each((exchange) => {
      live.push(exchange.view())
    })
    return live.sort((one, other) => other.ageMs - one.ageMs)
  }

  /** The exchanges of keys that have run for so long, as rows that stand for them if the gateway is killed now. */
  rowsIfKilled(afterMs: number): readonly NewRequestRow[] {
    const rows: NewRequestRow[] = []
    this.#exchanges.each((exchange) => {
      if (exchange.ageMs >= afterMs && exchange.hasKey && !exchange.isOver) rows.push(exchange.rowIfKilled())
    })
    return rows
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

  /**
   * Stops listening and refuses new requests, lets those under way finish for at most `drainMs`, then cuts the rest with an
   * error. A client whose connection is kept hears of it in an answer: none is closed under a request that is on its way.
   */
  async close(drainMs: number): Promise<void> {
    this.#isDraining = true
    this.#options.links?.goAway()
    const closed = Promise.all(this.#servers.map((server) => this.#stopListening(server)))
    this.#exchanges.each((exchange) => {
      if (this.#turns.last(exchange.req.socket) === exchange) exchange.reply.closeAfter()
    })
    {
      using _deadline = this.#options.clock.after(drainMs, () => this.#cutAll())
      await this.#allFinished()
    }
    // A server counts connections that have switched protocols as its own.
    this.#options.links?.close()
    const busy = new Set<Duplex>()
    await this.#connections.end((connection) => {
      if (busy.size === 0) this.#exchanges.each(({ req }) => busy.add(req.socket))
      return busy.has(connection)
    })
    this.#closeConnections()
    await closed
    await this.#allFinished()
  }

  /** Ends every connection now; resolves when the last exchange has been recorded. */
  async destroy(): Promise<void> {
    this.#isDraining = true
    this.#cutAll()
    // Answers leave at the end of a turn.
    await new Promise<void>((resolve) => this.#options.clock.turn(resolve))
    this.#options.links?.close()
    for (const server of this.#servers) server.close()
    this.#closeConnections()
    await this.#allFinished()
  }

  #closeConnections(): void {
    for (const front of this.#fronts) front[Symbol.dispose]()
    for (const server of this.#servers) server.closeAllConnections()
  }

  /** Resolves when the last of its connections is closed. */
  #stopListening(server: Server): Promise<void> {
    return new Promise((resolve) => {
      // At the end of a turn, in which all that had connected was taken: what is not is reset. An HTTP server's own
      // `close` would end idle connections at once, also under a request that is on its way.
      this.#options.clock.turn(() => NetServer.prototype.close.call(server, () => resolve()))
    })
  }

  #createServer(): Server {
    const { tls, headerBytes, headerCount, headersTimeMs, keepAliveIdleMs, clients } = this.#options
    const settings = {
      maxHeaderSize: headerBytes,
      headersTimeout: headersTimeMs,
      // A body has no limit on its whole time: the pipeline watches its pauses.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveIdleMs,
      connectionsCheckingInterval: ARRIVAL_CHECK_MS,
      insecureHTTPParser: false,
      // Many clients offer another protocol with every request; not to take it up is an answer (RFC 9110 §7.8).
      shouldUpgradeCallback: (req: IncomingMessage) => this.#options.links?.isFor(req) === true,
      // The pipeline refuses a request without one, in the dialect's own shape.
      requireHostHeader: false,
      noDelay: true,
    }
    const server = tls === undefined ? createHttpServer(settings) : this.#createTlsServer({ ...settings, ...tls })
    // Node drops header lines beyond its count in silence; one more than the limit lets the pipeline refuse them.
    server.maxHeadersCount = headerCount + 1
    server.timeout = 0
    const opened = tls === undefined ? 'connection' : 'secureConnection'
    server.on('connection', (socket) => clients.add(socket))
    server.on(opened, (socket: Socket) => this.#connections.add(socket))
    server.on('request', (req, res) => this.#receive(req, res))
    server.on('checkContinue', (req, res) => this.#receive(req, res))
    server.on('upgrade', (req, socket, head) => {
      const full = clients.fullFor(req.socket)
      const fault = full === undefined ? headFault(req, this.#options) : clients.refusalOn(req.socket, full)
      if (fault !== undefined) {
        this.#refuse(socket, fault)
        return
      }
      this.#options.links?.accept(req, socket, head)
      this.#connections.handedOver(socket)
    })
    server.on('connect', (_req, socket) => this.#refuse(socket, noProxy()))
    server.on('clientError', (error, socket) => this.#refuseBroken(error, socket as Socket))
    return server
  }

  #createTlsServer(settings: HttpsOptions): Server {
    const front = new TlsFront(settings, this.#options, (socket) => {
      this.#otherProtocols.note('plain_on_tls', socket.localPort)
      this.#endWith(socket, plainOnTls())
    })
    this.#fronts.push(front)
    return front.server
  }

  #receive(req: IncomingMessage, res: ServerResponse): void {
    const { site, clients } = this.#options
    const full = clients.fullFor(req.socket)
    // No later request is heard on a connection that ends with an earlier one.
    if (this.#connections.isEnding(req.socket)) return
    // Node's parser drops what came in one piece behind an offer that was not taken up.
    const hasOffer = req.headers.upgrade !== undefined
    if (hasOffer) this.#connections.ends(req.socket)
    if (full !== undefined || hasOffer) res.shouldKeepAlive = false
    // One with an unclear head is refused by the pipeline, whatever it asks for.
    if (!this.#isDraining && site?.has(pathAsSent(req), req) && headFault(req, this.#options) === undefined) {
      if (req.headers.expect !== undefined && req.httpVersion === '1.1') res.writeContinue()
      site.serve(req, res)
      return
    }
    const exchange = new Exchange(req, res, this.#surroundings)
    this.#exchanges.add(exchange)
    if (this.#isDraining) {
      this.#refuseToDrain(exchange)
      return
    }
    if (full !== undefined && !isOwnPath(pathAsSent(req))) {
      exchange.fail(clients.refusalOn(req.socket, full))
      return
    }
    const count = this.#turns.enter(req.socket, exchange)
    if (count === 1) void this.#pipeline.run(exchange)
    else if (count > this.#options.pipelinedRequests) req.socket.destroy()
  }

  /** Answers that the gateway stops, once the request is whole: its connection ends with the answer, and must not be reset. */
  #refuseToDrain(exchange: Exchange): void {
    const { req, headers, reply } = exchange
    const refuse = () => {
      limit[Symbol.dispose]()
      if (exchange.isOver) return
      // A longer body is read on for a while behind the answer, and its connection ends with the others.
      if (req.complete || !isSending) reply.closeAfter()
      this.#pipeline.refuse(exchange, shuttingDown('The gateway is about to stop. Ask again in a few seconds.'))
    }
    const isSending = hasBody(headers) && headers.get('expect') === undefined
    const limit = this.#options.clock.after(LAST_BODY_MS, refuse)
    if (isSending) req.once('end', refuse).resume()
    else refuse()
  }

  #finished(exchange: Exchange): void {
    this.#exchanges.remove(exchange)
    const next = this.#turns.leave(exchange.req.socket, exchange)
    if (next !== undefined && !next.isOver) void this.#pipeline.run(next)
    if (!exchange.isAboutGateway) this.#record(exchange)
    if (this.#exchanges.size > 0) return
    for (const resolve of this.#whenDrained) resolve()
    this.#whenDrained = []
  }

  #record(exchange: Exchange): void {
    const { recorder, recentWords, metrics, log } = this.#options
    const row = exchange.row()
    metrics.observe(row)
    recorder.record(row)
    const { error } = exchange
    if (error?.said !== undefined) recentWords.add(exchange.id, error.said)
    // Of a gateway that is full one line in seconds is enough: `Troubles` has it.
    if (error !== undefined && error.status >= 500 && error.code !== 'overloaded') {
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
  }

  async #allFinished(): Promise<void> {
    if (this.#exchanges.size === 0) return
    await new Promise<void>((resolve) => this.#whenDrained.push(resolve))
  }

  #cutAll(): void {
    const error = shuttingDown('The gateway stopped before this answer was complete. Ask again.')
    this.#exchanges.each((exchange) => exchange.fail(error))
  }

  /** What the parser refused: an answer if one can still be sent, then the connection ends. */
  #refuseBroken(thrown: Error & BrokenInput, socket: Socket): void {
    if (this.#connections.isEnding(socket)) return
    const exchange = this.#turns.current(socket)
    const hasLeft = exchange !== undefined && thrown.code === 'HPE_INVALID_EOF_STATE'
    // The connection itself is gone, and with it whoever would read an answer: the exchange learns it from its response.
    if (!socket.writable || thrown.code === 'ECONNRESET' || hasLeft) {
      socket.destroy()
      return
    }
    if (isTlsRecord(thrown.rawPacket) && exchange === undefined)
      this.#otherProtocols.note('tls_on_plain', socket.localPort)
    this.#refuse(socket, brokenRequest(thrown))
  }

  /** Ends a connection with an error: as the answer of the request whose turn it is, where there is one. */
  #refuse(socket: Duplex, error: PunkuError): void {
    const exchange = this.#turns.current(socket)
    if (exchange === undefined) {
      this.#endWith(socket, error)
      return
    }
    exchange.reply.closeAfter()
    exchange.fail(error)
    exchange.reply.onClosed(() => socket.destroy())
  }

  /** Answers on a bare connection, in the shape most clients read, and closes it once the answer had time to arrive. */
  #endWith(socket: Duplex, error: PunkuError): void {
    this.#connections.ends(socket)
    const { status, headers, body } = errorAnswer('openai', error, '')
    const lines: string[] = []
    for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}\r\n`)
    socket.on('error', () => socket.destroy())
    socket.end(
      `HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n` +
        `connection: close\r\n\r\n${body}`,
    )
    // Destroyed at once, it would be reset under a client that still sends, and the answer with it.
    socket.resume()
    const end = this.#options.clock.after(LAST_READ_MS, () => socket.destroy())
    socket.once('close', () => end[Symbol.dispose]())
  }
}
