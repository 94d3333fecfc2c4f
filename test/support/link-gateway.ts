import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { AgentHello } from '../../src/protocol/hello.ts'
import { awaitAgent, sessionFor, welcome } from '../../src/tunnel/accept.ts'
import { TunnelDispatcher } from '../../src/tunnel/http/tunnel-dispatcher.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../src/tunnel/limits.ts'
import type { Link } from '../../src/tunnel/link.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import { Mailbox } from './scripted/mailbox.ts'

/** A link that an agent opened. */
export interface AcceptedLink {
  readonly link: Link
  readonly session: TunnelSession
  readonly hello: AgentHello
  /** The access token it came with. */
  readonly token: string
  readonly isResumed: boolean
  /** Access tokens sent over it since. */
  readonly newTokens: readonly string[]
  /** GO_AWAYs that came over it. */
  readonly goneAway: readonly string[]
  readonly socket: WebSocket
}

/** The end of links that a test's agents open, over real sockets: it takes every token and does only what it is told. */
export class LinkGateway implements AsyncDisposable {
  /** Every link, oldest first. */
  readonly links: AcceptedLink[] = []
  /** Always on the newest link's session. */
  readonly dispatcher = new TunnelDispatcher()
  /** Upgrades that were asked for, taken or not. */
  upgrades = 0
  /** Answers an upgrade with this status instead of taking it. */
  refuses: ((token: string) => number | undefined) | undefined
  /** The `retry-after` of such an answer. */
  retryAfter: string | undefined
  /** Opens the WebSocket and says nothing. */
  isMute = false
  resumeWindowMs = 30_000
  tokenExpiresInMs = 900_000
  label = 'box'
  readonly #server: Server
  readonly #clock: Clock
  readonly #accepting = new WebSocketServer({ noServer: true })
  readonly #arrivals = new Mailbox<AcceptedLink>()
  readonly #sockets = new Set<Duplex>()

  private constructor(clock: Clock) {
    this.#clock = clock
    this.#server = createServer()
    this.#server.on('upgrade', (request, socket, head) => {
      this.upgrades++
      this.#sockets.add(socket)
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket))
      const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
      const status = this.refuses?.(token)
      if (status === undefined) {
        this.#accepting.handleUpgrade(request, socket, head, (opened) => void this.#accept(opened, token))
      } else {
        const retryAfter = this.retryAfter === undefined ? '' : `Retry-After: ${this.retryAfter}\r\n`
        socket.end(`HTTP/1.1 ${status} Refused\r\n${retryAfter}Content-Length: 0\r\n\r\n`)
      }
    })
  }

  static async start({
    clock = systemClock,
    port = 0,
  }: {
    readonly clock?: Clock
    readonly port?: number
  } = {}): Promise<LinkGateway> {
    const gateway = new LinkGateway(clock)
    gateway.#server.listen(port, '127.0.0.1')
    await once(gateway.#server, 'listening')
    return gateway
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Connections that are open, whether or not a link came of them. */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** The oldest link that was not taken yet. */
  nextLink(): Promise<AcceptedLink> {
    return this.#arrivals.take(() => true)
  }

  /** Resets every connection, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { session } of this.links) session.end('the test is over')
    this.cut()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #accept(socket: WebSocket, token: string): Promise<void> {
    socket.on('error', () => {})
    if (this.isMute) return
    const offered = await awaitAgent(socket, this.#clock, DEFAULT_TUNNEL_LIMITS).catch(() => undefined)
    if (offered === undefined) return
    const { link, hello } = offered
    const { resume } = hello
    const asked = this.links.find(({ session }) => session.id === resume?.session && !session.isOver)
    const session =
      asked?.session ??
      sessionFor(hello, {
        id: `session-${this.links.length}`,
        limits: DEFAULT_TUNNEL_LIMITS,
        canResume: this.resumeWindowMs > 0,
        clock: this.#clock,
      })
    const newTokens: string[] = []
    const goneAway: string[] = []
    link.whenToken = (text) => newTokens.push(text)
    link.whenGoAway = (code) => goneAway.push(code)
    welcome(offered, DEFAULT_TUNNEL_LIMITS, {
      session,
      isResumed: asked !== undefined,
      resumeWindowMs: this.resumeWindowMs,
      tunnel: { id: 'tun_test', label: this.label },
      tokenExpiresInMs: this.tokenExpiresInMs,
    })
    this.dispatcher.session = session
    const accepted = { link, session, hello, token, isResumed: asked !== undefined, newTokens, goneAway, socket }
    this.links.push(accepted)
    this.#arrivals.put(accepted)
  }
}
