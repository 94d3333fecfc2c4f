import type { BlockList, Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import type { ConnectionBudget, IdleKeeper } from './connection-budget.ts'
import { DispatcherBase, errors } from './dispatcher-base.ts'
import { type ConnectionPool, HttpConnection, type HttpConnectionOptions } from './http-connection.ts'
import { HttpExchange } from './http-exchange.ts'
import { type OutgoingRequest, renderRequest } from './outgoing-request.ts'

export interface HttpDispatcherOptions {
  /** Scheme, host and port, as in `http://127.0.0.1:11434`; `https` for TLS. */
  readonly origin: string
  /** Until the connection, TLS included, stands. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** The most a response's head may have. Default 64 KiB. */
  readonly maxHeaderBytes?: number
  /** How long an idle connection is kept when the server names no shorter time. Default 15 s. */
  readonly keepAliveMs?: number
  /** Trusted authorities, PEM, in place of the usual ones. */
  readonly ca?: string | Buffer
  /** Addresses that are not connected to, whatever name led there. Default: none. */
  readonly refused?: BlockList
  /** Shared with others: how many connections may stand at once. Default: any number. */
  readonly budget?: ConnectionBudget
  /**
   * Opens each connection, TLS included, by another way than straight to the origin: `ca`, `refused` and `connectTimeoutMs`
   * are then the way's own. What it rejects with is what requests fail with. The signal gives up on what is not open yet.
   */
  readonly open?: (signal: AbortSignal) => Promise<Socket>
  readonly clock: Clock
}

/**
 * More idle connections than this are not worth their memory; live ones are not limited here. Fewer than there are
 * clients at once, and every burst would open and close the difference anew.
 */
const MAX_IDLE_CONNECTIONS = 256
/** A connection is given up this long before the server would close it, so that a request never meets the close. */
const KEEP_ALIVE_MARGIN_MS = 1_000
const SWEEP_INTERVAL_MS = 1_000

/**
 * A lean HTTP/1.1 client for one origin, behind undici's `Dispatcher` so that everything made for undici works over it.
 * One request at a time on a connection; the connection used last is used next. It follows no redirect, reads no proxy
 * setting, sends nothing to another origin, and limits no response in time: whoever dispatches does that. Handlers are
 * called synchronously and get bodies as they come; failures below HTTP are `UpstreamFailure`s. Not called are the
 * optional `onResponseStarted`, `onBodySent`, `onRequestSent` and anything for interim (1xx) responses.
 */
export class HttpDispatcher extends DispatcherBase implements ConnectionPool, IdleKeeper {
  readonly #origin: string
  readonly #authority: string
  readonly #connectionOptions: HttpConnectionOptions
  readonly #keepAliveMs: number
  readonly #budget: ConnectionBudget | undefined
  readonly #open: HttpDispatcherOptions['open']
  /** What gives up the connections that are not open yet. */
  readonly #opening = new Set<AbortController>()
  readonly #clock: Clock
  readonly #connections = new Set<HttpConnection>()
  /** The one used last is at the end. */
  readonly #idle: HttpConnection[] = []
  #sweep: Disposable | undefined
  #isClosed = false
  #isDestroyed = false
  #waiting: (() => void)[] = []

  constructor(options: HttpDispatcherOptions) {
    super()
    const url = new URL(options.origin)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError('the origin must be http or https')
    const isTls = url.protocol === 'https:'
    this.#origin = url.origin
    this.#authority = url.host
    this.#keepAliveMs = options.keepAliveMs ?? 15_000
    this.#budget = options.budget
    this.#open = options.open
    this.#clock = options.clock
    this.#connectionOptions = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      tls: isTls ? { ca: options.ca } : undefined,
      refused: options.refused,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      maxHeaderBytes: options.maxHeaderBytes ?? 65_536,
      clock: this.#clock,
    }
  }

  get closed(): boolean {
    return this.#isClosed
  }

  get destroyed(): boolean {
    return this.#isDestroyed
  }

  /** Always `true`, for there is no queue that could fill, except for what is refused without being sent. */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = new HttpExchange(handler)
    let request: OutgoingRequest
    try {
      this.#assertOpen(options.origin)
      request = renderRequest(options, this.#authority)
    } catch (thrown) {
      exchange.fail(thrown as Error)
      return false
    }
    exchange.start()
    if (exchange.isSettled) return true
    // The handler may have ended this dispatcher meanwhile.
    if (this.#isDestroyed) exchange.fail(new errors.ClientDestroyedError())
    else this.#send(exchange, request)
    return true
  }

  /** Takes no more requests; done when the running ones have ended and every connection is closed. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    this.#isClosed = true
    for (const connection of this.#idle.splice(0)) connection.cancel()
    return this.#whenEmpty(callback)
  }

  /** Fails the running requests with `error`; done when every connection is closed. */
  override destroy(): Promise<void>
  override destroy(error: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(errorOrCallback?: Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    const isCallback = typeof errorOrCallback === 'function'
    const error = isCallback ? undefined : errorOrCallback
    this.#isClosed = true
    this.#isDestroyed = true
    this.#idle.length = 0
    for (const opening of this.#opening) opening.abort()
    for (const connection of [...this.#connections]) connection.destroy(error ?? new errors.ClientDestroyedError())
    return this.#whenEmpty(isCallback ? errorOrCallback : callback)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy()
  }

  /** For its connections. */
  onIdle(connection: HttpConnection, keepAliveMs: number | undefined): void {
    const allowedMs = Math.min(this.#keepAliveMs, (keepAliveMs ?? Number.POSITIVE_INFINITY) - KEEP_ALIVE_MARGIN_MS)
    if (this.#isClosed || allowedMs <= 0 || this.#idle.length >= MAX_IDLE_CONNECTIONS) {
      connection.cancel()
      return
    }
    connection.idleUntilMs = this.#clock.elapsed() + allowedMs
    this.#idle.push(connection)
    this.#sweep ??= this.#clock.every(SWEEP_INTERVAL_MS, () => this.#closeExpired())
  }

  /** For its connections. */
  onStale(exchange: HttpExchange, request: OutgoingRequest): void {
    if (this.#isDestroyed) exchange.fail(new errors.ClientDestroyedError())
    else this.#sendAnew(exchange, request)
  }

  /** For its connections. */
  onExhausted(): void {
    this.#budget?.onExhausted()
  }

  /** For its budget. */
  closeOneIdle(): boolean {
    const connection = this.#idle.shift()
    connection?.cancel()
    return connection !== undefined
  }

  /** For its connections. */
  onClosed(connection: HttpConnection): void {
    this.#connections.delete(connection)
    this.#budget?.give(this, this.#connections.size === 0)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    if (this.#connections.size > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #assertOpen(origin: string | URL | undefined): void {
    if (this.#isDestroyed) throw new errors.ClientDestroyedError()
    if (this.#isClosed) throw new errors.ClientClosedError()
    if (origin === undefined || origin === this.#origin) return
    if (new URL(origin).origin !== this.#origin) throw new errors.InvalidArgumentError('the origin is another one')
  }

  #send(exchange: HttpExchange, request: OutgoingRequest): void {
    const idle = request.stream === undefined ? this.#takeIdle(this.#clock.elapsed()) : undefined
    if (idle === undefined) this.#sendAnew(exchange, request)
    else this.#sendOn(idle, exchange, request)
  }

  #sendAnew(exchange: HttpExchange, request: OutgoingRequest): void {
    if (this.#open === undefined) this.#sendOn(this.#connect(), exchange, request)
    else void this.#sendByWay(this.#open, exchange, request)
  }

  async #sendByWay(
    open: (signal: AbortSignal) => Promise<Socket>,
    exchange: HttpExchange,
    request: OutgoingRequest,
  ): Promise<void> {
    const giveUp = new AbortController()
    this.#opening.add(giveUp)
    exchange.attach({ pause() {}, resume() {}, cancel: () => giveUp.abort() })
    try {
      const opened = await open(giveUp.signal)
      // Whoever asked may have left as it opened.
      if (exchange.isSettled || this.#isDestroyed) opened.destroy()
      if (this.#isDestroyed) exchange.fail(new errors.ClientDestroyedError())
      else if (!exchange.isSettled) this.#sendOn(this.#connect(opened), exchange, request)
    } catch (thrown) {
      exchange.fail(this.#isDestroyed ? new errors.ClientDestroyedError() : (thrown as Error))
    } finally {
      this.#opening.delete(giveUp)
    }
  }

  #sendOn(connection: HttpConnection | undefined, exchange: HttpExchange, request: OutgoingRequest): void {
    if (connection !== undefined) connection.send(exchange, request, this.#clock.elapsed())
    else exchange.fail(new UpstreamFailure('exhausted', `no connection is left for ${this.#authority}`))
  }

  #takeIdle(nowMs: number): HttpConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable && connection.idleUntilMs > nowMs) return connection
      connection.cancel()
    }
    return undefined
  }

  /** `undefined`: there are as many as may be. */
  #connect(opened?: Socket): HttpConnection | undefined {
    if (this.#budget?.take(this) === false) {
      opened?.destroy()
      return undefined
    }
    const connection = new HttpConnection(this.#connectionOptions, this, opened)
    this.#connections.add(connection)
    return connection
  }

  #closeExpired(): void {
    const now = this.#clock.elapsed()
    for (const connection of [...this.#idle]) {
      if (connection.idleUntilMs > now) continue
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      connection.cancel()
    }
    if (this.#idle.length > 0) return
    this.#sweep?.[Symbol.dispose]()
    this.#sweep = undefined
  }

  #whenEmpty(callback: (() => void) | undefined): Promise<void> | undefined {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#connections.size > 0) this.#waiting.push(callback ?? resolve)
    else queueMicrotask(callback ?? resolve)
    return callback === undefined ? promise : undefined
  }
}
