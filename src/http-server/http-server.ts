import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import { Roster } from '../core/roster.ts'
import { LAST_READ_MS } from './connection-times.ts'
import { Flushes } from './flushes.ts'
import { ReadTurns } from './read-turns.ts'
import { DateLine } from './reply-head.ts'
import type { RequestServer } from './request-server.ts'
import { type ConnectionOwner, ServerConnection } from './server-connection.ts'
import { TlsFront } from './tls-front.ts'

/** How often connections are looked at: a limit on one is late by at most this much. */
const CHECK_MS = 1_000

/** How long a connection is kept, when the server stops, for a request that is on its way. */
const LAST_REQUEST_MS = 500

/** How long a client may go on sending a body that was already answered. */
const LINGER_MS = 10_000

/** How long a client may take nothing of what a library writes to it. */
const FOREIGN_READER_MS = 60_000

export interface HttpServerOptions {
  readonly clock: Clock
  /** PEM text; `undefined`: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** A request head's size in bytes, and the time it may take, milliseconds. */
  readonly headerBytes: number
  readonly headersTimeMs: number
  readonly keepAliveIdleMs: number
}

/**
 * HTTP/1.1 on any number of listeners, strict as its parser is: one request at a time on each connection, handed to whoever
 * serves it with its reply. `listen` opens, `stopListening` and `endConnections` close in good order, `destroy` at once.
 */
export class HttpServer implements ConnectionOwner {
  readonly serving: RequestServer
  readonly flushes: Flushes
  readonly readTurns: ReadTurns
  readonly dateLine: DateLine
  readonly limits: ConnectionOwner['limits']
  readonly headersTimeMs: number
  readonly keepAliveIdleMs: number
  readonly keepAliveLines: string
  readonly lingerMs = LINGER_MS
  readonly foreignReaderMs = FOREIGN_READER_MS
  readonly #options: HttpServerOptions
  readonly #listeners: Server[] = []
  readonly #fronts: TlsFront[] = []
  readonly #connections = new Roster<ServerConnection>(
    (one) => one.place,
    (one, at) => {
      one.place = at
    },
  )
  readonly #checks: Disposable
  #whenNone: (() => void) | undefined

  constructor(options: HttpServerOptions, serving: RequestServer) {
    const { clock, headerBytes, headersTimeMs, keepAliveIdleMs } = options
    this.#options = options
    this.serving = serving
    this.flushes = new Flushes(clock)
    this.readTurns = new ReadTurns(clock)
    this.dateLine = new DateLine(clock)
    this.limits = { headBytes: headerBytes, headerCount: Number.POSITIVE_INFINITY }
    this.headersTimeMs = headersTimeMs
    this.keepAliveIdleMs = keepAliveIdleMs
    const seconds = Math.floor(keepAliveIdleMs / 1_000)
    this.keepAliveLines = `connection: keep-alive\r\nkeep-alive: timeout=${seconds}\r\n\r\n`
    this.#checks = clock.every(CHECK_MS, () => {
      const now = clock.elapsed()
      this.#connections.each((connection) => connection.check(now))
    })
  }

  /** As of `ConnectionTimes`. */
  get now(): number {
    return this.#options.clock.elapsed()
  }

  /** Opens one listener; rejects with Node's own error when the address cannot be had. Port 0: any free one. Gives the port. */
  async listen(host: string, port: number): Promise<number> {
    const { tls } = this.#options
    const settings = { allowHalfOpen: true, noDelay: true }
    const listener = tls === undefined ? createServer(settings) : this.#createTlsServer({ ...settings, ...tls })
    listener.on('connection', (socket: Socket) => this.serving.onConnection(socket))
    listener.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => this.#take(socket))
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(port, host, () => {
        listener.off('error', reject)
        resolve()
      })
    })
    this.#listeners.push(listener)
    return (listener.address() as AddressInfo).port
  }

  /**
   * Serves a connection that somebody else accepted, in plain HTTP: the TLS of one that has it was taken off before. It is this
   * server's from now on.
   */
  take(socket: Socket): void {
    socket.setNoDelay(true)
    this.serving.onConnection(socket)
    this.#take(socket)
  }

  /** Takes no new connections; those that stand go on. */
  stopListening(): void {
    // At the end of a turn, in which all that had connected was taken: what is not is reset.
    this.#options.clock.turn(() => {
      for (const listener of this.#listeners) listener.close()
    })
  }

  /**
   * Ends the connections once nobody has asked on them for half a second, in which a request that was on its way can be
   * answered. Resolves when none is left, a second from now at the latest.
   */
  async endConnections(): Promise<void> {
    await this.#noneWithin(LAST_REQUEST_MS)
    this.#connections.each((connection) => {
      if (connection.isIdle) connection.end()
    })
    await this.#noneWithin(LAST_READ_MS)
    this.destroy()
  }

  /** Ends all of it at once. */
  destroy(): void {
    this.#checks[Symbol.dispose]()
    for (const front of this.#fronts) front[Symbol.dispose]()
    for (const listener of this.#listeners) listener.close()
    this.#connections.each((connection) => connection.destroy())
  }

  /** As of `ConnectionOwner`. */
  onClosed(connection: ServerConnection): void {
    this.#connections.remove(connection)
    if (this.#connections.size === 0) this.#whenNone?.()
  }

  #createTlsServer(settings: TlsOptions): Server {
    const front = new TlsFront({ ...settings, ALPNProtocols: ['http/1.1'] }, this.#options, (socket) => {
      this.serving.onPlain(socket)
    })
    this.#fronts.push(front)
    return front.server
  }

  #take(socket: Socket): void {
    if (!socket.destroyed) this.#connections.add(new ServerConnection(socket, this))
  }

  async #noneWithin(ms: number): Promise<void> {
    if (this.#connections.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenNone = resolve
    using _limit = this.#options.clock.after(ms, resolve)
    await promise
  }
}
