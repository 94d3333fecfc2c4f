import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import type { MemoryBudget } from '../../core/memory-budget.ts'
import { Roster } from '../../core/roster.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import { LAST_READ_MS } from '../../http-server/connection-times.ts'
import { HttpServer } from '../../http-server/http-server.ts'
import { nodeMessages, nodeRequest } from '../../http-server/node-messages.ts'
import { renderHead } from '../../http-server/reply-head.ts'
import type { ConnectionFault, RequestServer } from '../../http-server/request-server.ts'
import type { ServerConnection } from '../../http-server/server-connection.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import type { RecentWords } from '../metering/recent-words.ts'
import type { Recorder } from '../metering/recorder.ts'
import { errorAnswer } from '../reply/answer.ts'
import type { GuardLimits } from '../reply/guard.ts'
import type { IdleWatch } from '../reply/idle-watch.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { hasBody, headFault, pathAsSent } from './arrival.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeSurroundings } from './exchange-surroundings.ts'
import type { ExchangeView } from './exchange-view.ts'
import { OtherProtocolLog } from './other-protocol.ts'
import { isOwnPath } from './own-routes.ts'
import { Pipeline } from './pipeline.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { brokenRequest, noProxy, plainOnTls, shuttingDown } from './refusals.ts'

/** Takes connections that switch protocols, and keeps them. */
export interface LinkAcceptor {
  /** Whether a request that offers another protocol is for it. `target`: as it was sent. */
  isFor(target: string): boolean
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
  has(path: string, request: ServerRequest): boolean
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
  /** Whether the order of streamed answers is checked, and a fault logged. */
  readonly checksOrder: boolean
  readonly log: Logger
  /** PEM text; `undefined`: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** A request head's size in bytes, and the time it may take, milliseconds. */
  readonly headerBytes: number
  readonly headersTimeMs: number
  readonly keepAliveIdleMs: number
  /** Default: no connection switches protocols. */
  readonly links?: LinkAcceptor
  /** Default: there are no other paths. */
  readonly site?: Site
}

/** How long a body is waited for that nobody will read, so that its client reads the answer. */
const LAST_BODY_MS = 500

/** Where the gateway listens. */
export interface ListeningAddress {
  readonly host: string
  readonly port: number
}

/**
 * The gateway's HTTP side: one pipeline behind any number of listeners. `listen` opens them, `close` drains,
 * `destroy` does not.
 */
export class Gateway implements RequestServer {
  readonly #options: GatewayOptions
  readonly #pipeline: Pipeline
  readonly #surroundings: ExchangeSurroundings
  readonly #server: HttpServer
  readonly #addresses: ListeningAddress[] = []
  readonly #exchanges = new Roster<Exchange>(
    (one) => one.gatewayPlace,
    (one, at) => {
      one.placeInGateway(at)
    },
  )
  readonly #otherProtocols: OtherProtocolLog
  #isDraining = false
  #whenDrained: (() => void)[] = []

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#pipeline = new Pipeline(options)
    this.#server = new HttpServer(options, this)
    this.#otherProtocols = new OtherProtocolLog(options)
    this.#surroundings = {
      watch: options.watch,
      limits: options.idle,
      answers: options.answers,
      clock: options.clock,
      checksOrder: options.checksOrder,
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
    const port = await this.#server.listen(address.host, address.port)
    const listening = { host: address.host, port }
    this.#addresses.push(listening)
    return listening
  }

  /** Serves a connection that somebody else accepted; it is the gateway's from now on. One that stops takes none. */
  take(socket: Socket): void {
    if (this.#isDraining) socket.destroy()
    else this.#server.take(socket)
  }

  /**
   * Stops listening and refuses new requests, lets those under way finish for at most `drainMs`, then cuts the rest with an
   * error. A client whose connection is kept hears of it in an answer: none is closed under a request that is on its way.
   */
  async close(drainMs: number): Promise<void> {
    this.#isDraining = true
    this.#options.links?.goAway()
    this.#server.stopListening()
    this.#exchanges.each((exchange) => exchange.reply.closeAfter())
    {
      using _deadline = this.#options.clock.after(drainMs, () => this.#cutAll())
      await this.#allFinished()
    }
    this.#options.links?.close()
    await this.#server.endConnections()
    await this.#allFinished()
  }

  /** Ends every connection now; resolves when the last exchange has been recorded. */
  async destroy(): Promise<void> {
    this.#isDraining = true
    this.#cutAll()
    // Answers leave at the end of a turn.
    await new Promise<void>((resolve) => this.#options.clock.turn(resolve))
    this.#options.links?.close()
    this.#server.destroy()
    await this.#allFinished()
  }

  /** For the server. */
  onConnection(socket: Socket): void {
    this.#options.clients.add(socket)
  }

  /** For the server. */
  onPlain(socket: Socket): void {
    this.#otherProtocols.note('plain_on_tls', socket.localPort)
    this.#endWith(socket, plainOnTls())
  }

  /** For the server: links of agents, and who takes this for a proxy. */
  takesOver({ method, target }: ServerRequest): boolean {
    return method === 'CONNECT' || this.#options.links?.isFor(target) === true
  }

  /** For the server. */
  onTakenOver(request: ServerRequest, rest: Buffer): void {
    const { socket } = request
    const fault = this.#faultOfTakeOver(request)
    if (fault === undefined) this.#options.links?.accept(nodeRequest(request), socket, rest)
    else this.#endWith(socket, fault)
  }

  /** For the server. */
  onRequest(request: ServerRequest): void {
    const { site, clients, keepAliveIdleMs } = this.#options
    const { reply } = request
    const path = pathAsSent(request)
    const full = clients.fullFor(request.socket)
    if (full !== undefined) reply.closeAfter()
    if (isUnmetExpectation(request)) {
      reply.send(417, [], '')
      return
    }
    // One with an unclear head is refused by the pipeline, whatever it asks for.
    if (!this.#isDraining && site?.has(path, request) && headFault(request, this.#options) === undefined) {
      if (request.headers.get('expect') !== undefined && request.version === '1.1') reply.invite()
      const { req, res } = nodeMessages(request, keepAliveIdleMs)
      site.serve(req, res)
      return
    }
    const exchange = new Exchange(request, this.#surroundings)
    request.servedBy = exchange
    this.#exchanges.add(exchange)
    if (this.#isDraining) this.#refuseToDrain(exchange)
    else if (full !== undefined && !isOwnPath(path)) exchange.fail(clients.refusalOn(request.socket, full))
    else void this.#pipeline.run(exchange)
  }

  /** For the server: an answer if one can still be sent, then the connection ends. */
  onBroken(connection: ServerConnection, fault: ConnectionFault): void {
    const { request } = connection
    const exchange = exchangeOf(request)
    const error = brokenRequest(fault)
    if (fault === 'tls') this.#otherProtocols.note('tls_on_plain', connection.socket.localPort)
    if (request === undefined) connection.refuse(bareAnswer(error))
    else if (exchange === undefined) connection.destroy()
    else {
      // One that is over has an answer on its way, with which the connection ends.
      exchange.reply.closeAfter()
      exchange.fail(error)
    }
  }

  /** For the server: whoever sends no more and waits for an answer has left, but for who asks how the gateway is. */
  onHalfClosed(request: ServerRequest): void {
    const { reply } = request
    reply.closeAfter()
    if (exchangeOf(request)?.isOver || isOwnPath(pathAsSent(request))) return
    request.connection.destroy()
  }

  #faultOfTakeOver(request: ServerRequest): PunkuError | undefined {
    const { clients } = this.#options
    if (request.method === 'CONNECT') return noProxy()
    const full = clients.fullFor(request.socket)
    return full === undefined ? headFault(request, this.#options) : clients.refusalOn(request.socket, full)
  }

  /** Answers that the gateway stops, once the request is whole: its connection ends with the answer, and must not be reset. */
  #refuseToDrain(exchange: Exchange): void {
    const { request, headers, reply } = exchange
    const refuse = () => {
      limit[Symbol.dispose]()
      if (exchange.isOver) return
      // A longer body is read on for a while behind the answer, and its connection ends with the others.
      if (request.isComplete || !isSending) reply.closeAfter()
      this.#pipeline.refuse(exchange, shuttingDown('The gateway is about to stop. Ask again in a few seconds.'))
    }
    const isSending = hasBody(headers) && headers.get('expect') === undefined
    const limit = this.#options.clock.after(LAST_BODY_MS, refuse)
    if (isSending) request.readTo({ onBytes() {}, onEnd: refuse, onGone() {} })
    else refuse()
  }

  #finished(exchange: Exchange): void {
    this.#exchanges.remove(exchange)
    if (!exchange.isAboutGateway) this.#record(exchange)
    if (this.#exchanges.size > 0) return
    for (const resolve of this.#whenDrained) resolve()
    this.#whenDrained = []
  }

  #record(exchange: Exchange): void {
    const { recorder, recentWords, metrics, log } = this.#options
    const row = exchange.row()
    metrics.observe(row, exchange.format)
    recorder.record(row)
    const { error, observed } = exchange.ending ?? {}
    const fault = observed?.orderFault
    if (fault !== undefined) {
      log.warn({ request: exchange.id, route: row.route, upstream: row.upstream, fault }, 'stream.out_of_order')
    }
    if (error?.said !== undefined) recentWords.add(exchange.id, error.said)
    // Of a gateway that is full one line in seconds is enough: `Troubles` has it.
    if (error !== undefined && error.status >= 500 && error.code !== 'overloaded') {
      const { code, detail, cause, message } = error
      const facts = { request: exchange.id, route: row.route, upstream: row.upstream, code, ...detail }
      // That a model server is away is no fault of the gateway's: where it came to light is for whoever looks closely.
      if (cause instanceof UpstreamFailure) {
        log.warn({ ...facts, failure: cause.message }, message)
        log.debug({ request: exchange.id, err: cause }, 'upstream.failure')
      } else {
        log.warn({ ...facts, err: cause }, message)
      }
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

  /** Answers on a connection that is no server's any more, and closes it once the answer had time to arrive. */
  #endWith(socket: Socket, error: PunkuError): void {
    socket.on('error', () => socket.destroy())
    socket.end(bareAnswer(error))
    // Destroyed at once, it would be reset under a client that still sends, and the answer with it.
    socket.resume()
    const end = this.#options.clock.after(LAST_READ_MS, () => socket.destroy())
    socket.once('close', () => end[Symbol.dispose]())
  }
}

/** The exchange that carries a request; one of the site has none. */
function exchangeOf(request: ServerRequest | undefined): Exchange | undefined {
  return request?.servedBy instanceof Exchange ? request.servedBy : undefined
}

/** An expectation that nobody here meets (RFC 9110 §10.1.1): HTTP/1.1 knows one, `100-continue`. */
function isUnmetExpectation({ version, headers }: ServerRequest): boolean {
  const expected = version === '1.1' ? headers.get('expect') : undefined
  return expected !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(expected)
}

/** A whole answer for whom no request is known, in the shape that most clients read. */
function bareAnswer(error: PunkuError): Buffer {
  const { status, headers, body } = errorAnswer('openai', error, '')
  const length = ['content-length', String(Buffer.byteLength(body)), 'connection', 'close']
  return Buffer.from(`${renderHead(status, [...headers, ...length])}\r\n${body}`)
}
