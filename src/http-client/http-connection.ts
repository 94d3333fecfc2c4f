import net from 'node:net'
import tls from 'node:tls'
import type { Clock } from '../core/clock.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import { BodyUpload } from './body-upload.ts'
import { connectFailure } from './connect-failure.ts'
import type { ExchangeCarrier, HttpExchange } from './http-exchange.ts'
import type { OutgoingRequest } from './outgoing-request.ts'
import type { FieldMap, ReceivedHead } from './response-head.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'

export interface HttpConnectionOptions {
  readonly host: string
  readonly port: number
  /** Present: TLS, with these trusted authorities in place of the usual ones when given. */
  readonly tls: { readonly ca: string | Buffer | undefined } | undefined
  /** Addresses that are not connected to, whatever name led there; `undefined`: none. */
  readonly refused: net.BlockList | undefined
  readonly connectTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly clock: Clock
}

/** Who owns the connections. */
export interface ConnectionPool {
  /** The connection is free for another exchange, for as long as the server said (`undefined`: it did not). */
  onIdle(connection: HttpConnection, keepAliveMs: number | undefined): void
  /** The request never reached a live server: send it once more, on a new connection. */
  onStale(exchange: HttpExchange, request: OutgoingRequest): void
  /** No connection came to be, since no more files may be open. */
  onExhausted(): void
  /** The socket is closed; the connection will never be idle again. */
  onClosed(connection: HttpConnection): void
}

/** Up to here head and body are copied into one buffer; a longer body is gathered by the system instead. */
const MAX_JOINED_BYTES = 16_384

/**
 * How soon after a request its connection must have died for it to count as stale. The race is decided within one round
 * trip; a server that dies later was at work on the request, and must not be given the same one again.
 */
const STALE_WINDOW_MS = 2_000

/**
 * All plain sockets read into this one buffer: a read is handled to its end before the next begins, and a small copy of
 * the body costs less than a fresh buffer for each read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536)

/** One connection to a server: one exchange at a time, then idle until the next. Its listeners live as long as it. */
export class HttpConnection implements ResponseSink, ExchangeCarrier {
  /** Monotonic time until which it may be taken up again; the pool's to set. */
  idleUntilMs = 0
  readonly #options: HttpConnectionOptions
  readonly #pool: ConnectionPool
  readonly #socket: net.Socket
  readonly #parser: ResponseParser
  #connectTimer: Disposable | undefined
  #isConnected = false
  #isUsable = true
  #servedCount = 0
  #exchange: HttpExchange | undefined
  /** Until its answer begins: its body may be large, and is not sent again from then on. */
  #request: OutgoingRequest | undefined
  #mayStay = false
  #upload: BodyUpload | undefined
  #sentAtMs = 0
  #keepAliveMs: number | undefined

  /** @param opened one that stands already. Default: it is opened here */
  constructor(options: HttpConnectionOptions, pool: ConnectionPool, opened?: net.Socket) {
    this.#options = options
    this.#pool = pool
    this.#parser = new ResponseParser(this, options.maxHeaderBytes)
    this.#socket = opened === undefined ? this.#openSocket() : this.#takeOpened(opened)
    this.#socket
      .on(options.tls === undefined ? 'connect' : 'secureConnect', () => this.#onConnected())
      .on('drain', () => this.#upload?.resume())
      .on('end', () => this.#onFinished())
      .on('error', (error) => this.#break(error))
      .on('close', () => {
        this.#break(undefined)
        this.#pool.onClosed(this)
      })
    if (opened !== undefined) return
    this.#connectTimer = options.clock.after(options.connectTimeoutMs, () => {
      this.#break(new Error(`no answer within ${options.connectTimeoutMs} ms`))
    })
  }

  /** It can take an exchange: idle, and nothing has gone wrong since. */
  get isUsable(): boolean {
    return this.#isUsable && this.#exchange === undefined
  }

  /** Sends the request and tells `exchange` of its response. Only when usable. */
  send(exchange: HttpExchange, request: OutgoingRequest, nowMs: number): void {
    this.#exchange = exchange
    this.#request = request
    this.#mayStay = !request.isClosing
    this.#sentAtMs = nowMs
    this.#parser.begin(request.isHead)
    exchange.attach(this)
    this.#write(request)
  }

  /** Ends the connection. An exchange that is on it fails with `error`. */
  destroy(error: Error): void {
    const exchange = this.#detach()
    this.cancel()
    exchange?.fail(error)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  cancel(): void {
    this.#detach()
    this.#isUsable = false
    this.#socket.destroy()
  }

  onHead(head: ReceivedHead): void {
    this.#keepAliveMs = head.keepAliveMs
    this.#request = undefined
    this.#exchange?.head(head)
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#exchange?.data(Buffer.from(bytes.subarray(start, end)))
  }

  onEnd(trailers: FieldMap, isClean: boolean): void {
    const isSent = (this.#upload?.isDone ?? true) && this.#socket.writableLength === 0
    const mayStay = this.#mayStay && isClean && isSent && this.#keepAliveMs !== 0
    const exchange = this.#detach()
    if (mayStay && this.#isUsable) {
      this.#servedCount++
      if (exchange?.paused) this.#socket.resume()
      this.#pool.onIdle(this, this.#keepAliveMs)
    } else {
      this.cancel()
    }
    // Last: the handler may at once send another request, on this connection too.
    exchange?.end(trailers)
  }

  #openSocket(): net.Socket {
    const { tls: settings } = this.#options
    return settings === undefined ? this.#openPlain() : this.#openTls(settings.ca)
  }

  #takeOpened(socket: net.Socket): net.Socket {
    this.#isConnected = true
    return socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length)).resume()
  }

  #openPlain(): net.Socket {
    const { host, port, refused: blockList } = this.#options
    const callback = (length: number): boolean => {
      this.#onData(READ_BUFFER, length)
      return true
    }
    const onread = { buffer: READ_BUFFER, callback }
    return net.connect({ host, port, noDelay: true, onread, ...(blockList && { blockList }) })
  }

  #openTls(ca: string | Buffer | undefined): net.Socket {
    const { host, port, refused: blockList } = this.#options
    const socket = tls.connect({
      host,
      port,
      // TLS passes the list on to no connection that it makes itself.
      ...(blockList && { socket: net.connect({ host, port, blockList }) }),
      ALPNProtocols: ['http/1.1'],
      // RFC 6066 §3: an address is no server name.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    })
    socket.setNoDelay(true)
    return socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length))
  }

  #onConnected(): void {
    this.#isConnected = true
    this.#endConnectTimer()
  }

  #endConnectTimer(): void {
    this.#connectTimer?.[Symbol.dispose]()
    this.#connectTimer = undefined
  }

  #onData(bytes: Buffer, length: number): void {
    if (!this.#isUsable) return
    try {
      this.#parser.execute(bytes, length)
    } catch (thrown) {
      if (!(thrown instanceof UpstreamFailure)) throw thrown
      this.destroy(thrown)
    }
  }

  #onFinished(): void {
    this.#isUsable = false
    try {
      this.#parser.finish()
      this.cancel()
    } catch (thrown) {
      if (!(thrown instanceof UpstreamFailure)) throw thrown
      this.#break(undefined)
    }
  }

  /** The connection has failed, for a reason or by simply ending. */
  #break(cause: Error | undefined): void {
    this.#endConnectTimer()
    const request = this.#request
    const exchange = this.#detach()
    this.cancel()
    if (exchange === undefined) return
    if (!this.#isConnected) {
      const { host, port } = this.#options
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      const failure = connectFailure(cause ?? new Error('closed'), address)
      if (failure.code === 'exhausted') this.#pool.onExhausted()
      exchange.fail(failure)
    } else if (request !== undefined && this.#isStale(request)) {
      this.#pool.onStale(exchange, request)
    } else {
      exchange.fail(this.#parser.incomplete(cause))
    }
  }

  /**
   * A server may close an idle connection just as a request is on its way to it (RFC 9112 §9.3.1); it has then not seen
   * that request, so that even a POST may be sent again. The signs: the connection had served before, it died soon,
   * and not one byte of an answer came. A new connection has not served, so a request is sent twice at most. A
   * streamed body can't be sent twice; it never goes over a used connection.
   */
  #isStale(request: OutgoingRequest): boolean {
    if (this.#servedCount === 0 || this.#parser.hasStarted) return false
    if (request.stream !== undefined) return false
    return this.#options.clock.elapsed() - this.#sentAtMs <= STALE_WINDOW_MS
  }

  #detach(): HttpExchange | undefined {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#request = undefined
    this.#upload?.stop()
    this.#upload = undefined
    return exchange
  }

  #write(request: OutgoingRequest): void {
    const { head, body, stream } = request
    if (stream === undefined && (body === undefined || body.length <= MAX_JOINED_BYTES)) {
      // At the end of this turn of the loop, with all other small requests of it: sent one by one in between, each
      // would wake the server's processor anew, which costs more than the request itself.
      this.#options.clock.turn(() => {
        if (this.#request === request) this.#socket.write(joinRequest(head, body))
      })
      return
    }
    if (body === undefined) {
      this.#socket.write(head, 'latin1')
    } else {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      this.#socket.write(body)
      this.#socket.uncork()
    }
    if (stream === undefined) return
    const onFailed = (error: Error): void => this.destroy(error)
    this.#upload = new BodyUpload({ body: stream, socket: this.#socket, clock: this.#options.clock, onFailed })
    this.#upload.start()
  }
}

function joinRequest(head: string, body: Buffer | undefined): Buffer {
  const joined = Buffer.allocUnsafe(head.length + (body?.length ?? 0))
  joined.write(head, 0, 'latin1')
  body?.copy(joined, head.length)
  return joined
}
