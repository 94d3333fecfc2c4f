import type { Socket } from 'node:net'
import { ConfigError } from '../../config/config-error.ts'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import { ask } from '../../http-client/ask.ts'
import { HttpDispatcher } from '../../http-client/http-dispatcher.ts'
import { HttpServer } from '../../http-server/http-server.ts'
import type { ConnectionFault, RequestServer } from '../../http-server/request-server.ts'
import type { ServerConnection } from '../../http-server/server-connection.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import { renderAddress } from '../../system/listen-address.ts'
import { loginAddress } from '../login-address.ts'
import { openForwardConnection } from './forward-connection.ts'
import { ForwardExchange, type ForwardWay } from './forward-exchange.ts'
import { type ForwardListen, listenForward } from './forward-listen.ts'
import { bareRefusal, refuseRequest, unreadable } from './forward-refusal.ts'
import { refuseUnforwarded, refuseWithoutPass } from './forward-rules.ts'
import { type ForwardEvent, ForwardStanding } from './forward-standing.ts'

/** What the programs that use a forwarder may take of it. */
export interface ForwardLimits {
  /** Connections at once; one more is closed. */
  readonly connections: number
  /** The head of a request, bytes, and how long it may take, milliseconds. */
  readonly headerBytes: number
  readonly headersTimeMs: number
  /** How long a connection without a request is kept. */
  readonly keepAliveIdleMs: number
  /** How long a client may take nothing of an answer that goes on. */
  readonly stalledReaderMs: number
  /** Until a connection to the gateway stands. */
  readonly connectTimeoutMs: number
  /** How long running answers have when it closes. */
  readonly drainMs: number
}

const DEFAULT_LIMITS: ForwardLimits = {
  connections: 256,
  headerBytes: 65_536,
  headersTimeMs: 30_000,
  keepAliveIdleMs: 60_000,
  stalledReaderMs: 600_000,
  connectTimeoutMs: 5_000,
  drainMs: 2_000,
}

export interface ForwardOptions {
  /** As of `ClientProfile`. */
  readonly gateway: { readonly url: string; readonly key: Secret; readonly caFile: string | undefined }
  /** A loopback address, and a port; 0: any free one. */
  readonly listen: ForwardListen
  /** Whose run the requests belong to: sent as `x-punku-session`. Default: what a client says itself. */
  readonly session?: string | undefined
  /** Sent as `x-punku-label`, likewise. */
  readonly label?: string | undefined
  /** What a request must show as its key, as whichever API has it. Default: whoever reaches the port is served. */
  readonly pass?: string
  /** Asked when the gateway refuses the key: the key to use from then on; `undefined`: there is no other. Must not throw. */
  readonly renewedKey?: () => Secret | undefined
  readonly clock: Clock
  /** For faults of its own. Default: they are thrown away. */
  readonly log?: Pick<Logger, 'error'>
  /** How it stands with the gateway. Default: nobody is told. */
  readonly onEvent?: (event: ForwardEvent) => void
  /** Default: as `DEFAULT_LIMITS`. */
  readonly limits?: Partial<ForwardLimits>
}

/** A forwarder that listens. */
export interface RunningForward extends AsyncDisposable {
  /** Where tools reach it: `http://127.0.0.1:11434`. */
  readonly url: string
  readonly port: number
  /** Takes no more requests, gives running answers a moment (`drainMs`), and ends. */
  close(): Promise<void>
  /** Ends at once. */
  destroy(): Promise<void>
}

/**
 * Listens on a loopback port and forwards what programs ask there to a gateway, with the key added. It keeps running while the
 * gateway is away. The caller closes it.
 * @throws ConfigError for an address that is not loopback, a port that is taken or may not be had, a file of authorities that
 * cannot be used, and a session or label that no header can carry; the message says what to do
 */
export async function openForward(options: ForwardOptions): Promise<RunningForward> {
  const forward = new Forward(options)
  try {
    await forward.listen(options.listen)
  } catch (thrown) {
    await forward.destroy()
    throw thrown
  }
  return forward
}

/**
 * Puts one small question through a forwarder, so that a gateway that is away or refuses the key is told at once, and not
 * at the first use. Never rejects.
 */
export async function askOnce(url: string): Promise<void> {
  try {
    using _answer = await ask({ url: `${url}/api/version`, timeoutMs: FIRST_ANSWER_MS, limits: 'head' })
  } catch {
    // What is wrong with the gateway is told as with any request.
  }
}

const FIRST_ANSWER_MS = 30_000

class Forward implements RequestServer, RunningForward {
  readonly #limits: ForwardLimits
  readonly #options: ForwardOptions
  readonly #server: HttpServer
  readonly #dispatcher: HttpDispatcher
  readonly #way: ForwardWay
  #url = ''
  #port = 0
  #connectionCount = 0
  #runningCount = 0
  #whenNoneRuns: (() => void) | undefined

  constructor(options: ForwardOptions) {
    const { gateway, clock, onEvent = () => {} } = options
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    const { connectTimeoutMs, stalledReaderMs } = this.#limits
    const address = loginAddress(gateway)
    const { origin, pathname } = new URL(gateway.url)
    const standing = new ForwardStanding(onEvent)
    this.#dispatcher = new HttpDispatcher({
      origin,
      clock,
      open: (signal) => openForwardConnection({ address, connectTimeoutMs, clock }, signal),
    })
    this.#way = {
      dispatcher: this.#dispatcher,
      url: gateway.url,
      basePath: pathname.replace(/\/$/, ''),
      added: addedFields(options),
      stalledReaderMs,
      clock,
      onAnswer: (status) => {
        if (status === 401) this.#renew()
        standing.onAnswer(status)
      },
      onAway: (error) => {
        if (error.code === 'internal') options.log?.error({ err: error.cause }, 'forward.exchange_failed')
        standing.onAway(error)
      },
    }
    this.#server = new HttpServer({ ...this.#limits, clock, tls: undefined }, this)
  }

  /** The key was refused: the next request has another one, if there is by now. */
  #renew(): void {
    const { gateway, renewedKey } = this.#options
    const key = renewedKey?.()
    if (key !== undefined) this.#way.added = addedFields({ ...this.#options, gateway: { ...gateway, key } })
  }

  get url(): string {
    return this.#url
  }

  get port(): number {
    return this.#port
  }

  async listen(listen: ForwardListen): Promise<void> {
    this.#port = await listenForward(listen, (host, port) => this.#server.listen(host, port), this.#options.gateway.url)
    this.#url = `http://${renderAddress({ host: listen.host, port: this.#port })}`
  }

  async close(): Promise<void> {
    this.#server.stopListening()
    const { drainMs } = this.#limits
    if (this.#runningCount > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#whenNoneRuns = resolve
      using _limit = this.#options.clock.after(drainMs, resolve)
      await promise
    }
    if (this.#runningCount === 0) await this.#server.endConnections()
    await this.destroy()
  }

  async destroy(): Promise<void> {
    this.#server.destroy()
    this.#whenNoneRuns?.()
    await this.#dispatcher.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  onConnection(socket: Socket): void {
    if (this.#connectionCount >= this.#limits.connections) {
      socket.destroy()
      return
    }
    this.#connectionCount++
    socket.once('close', () => {
      this.#connectionCount--
    })
  }

  onPlain(socket: Socket): void {
    socket.destroy()
  }

  takesOver(): boolean {
    return false
  }

  onTakenOver({ socket }: ServerRequest): void {
    socket.destroy()
  }

  onRequest(request: ServerRequest): void {
    try {
      refuseUnforwarded(request, this.#port)
      refuseWithoutPass(request.headers, this.#options.pass)
      this.#count(request)
      new ForwardExchange(request, this.#way).start()
    } catch (thrown) {
      const error = PunkuError.from(thrown)
      if (error.code === 'internal') this.#options.log?.error({ err: thrown }, 'forward.exchange_failed')
      request.reply.closeAfter()
      if (request.reply.isBegun) request.reply.destroy()
      else refuseRequest(request, error)
    }
  }

  onBroken(connection: ServerConnection, fault: ConnectionFault): void {
    const { request } = connection
    const error = unreadable(fault)
    if (request === undefined) connection.refuse(bareRefusal(error))
    else if (request.reply.isBegun) connection.destroy()
    else {
      request.reply.closeAfter()
      refuseRequest(request, error)
    }
  }

  /** Whoever sends no more and waits for an answer has left, as a gateway takes it. */
  onHalfClosed({ reply, connection }: ServerRequest): void {
    if (reply.isClosed) return
    connection.destroy()
  }

  #count({ reply }: ServerRequest): void {
    this.#runningCount++
    reply.onClosed(() => {
      this.#runningCount--
      if (this.#runningCount === 0) this.#whenNoneRuns?.()
    })
  }
}

function addedFields({ gateway, session, label }: ForwardOptions): ReadonlyMap<string, string> {
  const fields = new Map([['authorization', `Bearer ${gateway.key.reveal()}`]])
  if (session !== undefined) fields.set('x-punku-session', session)
  if (label !== undefined) fields.set('x-punku-label', label)
  for (const [name, value] of fields) {
    if (!/^[\x20-\x7e]+$/.test(value))
      throw new ConfigError([`${name} can carry plain ASCII text alone: letters, digits, marks.`])
  }
  return fields
}
