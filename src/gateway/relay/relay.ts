import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { awaitAgent } from '../../tunnel/accept.ts'
import type { TunnelLimits } from '../../tunnel/limits.ts'
import type { Link } from '../../tunnel/link.ts'
import { SOCKET_OPTIONS } from '../../tunnel/link-socket.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import type { AccessGrant, AccessTokens } from './access-tokens.ts'
import type { LinkStatus } from './link-status.ts'
import { RelayedTunnel } from './relayed-tunnel.ts'
import type { Tunnel } from './tunnel.ts'
import type { TunnelRoll } from './tunnel-roll.ts'

/** Where links are opened. */
const LINK_PATH = '/tunnel'
/** Links of one tunnel whose agent has not said HELLO yet, at a time. */
const MAX_OPENING_LINKS = 8
/** A bearer token of a link, RFC 6750; ours are far shorter. */
const BEARER = /^bearer ([\w.~+/=-]{1,4096})$/i

export interface RelayOptions {
  readonly roll: TunnelRoll
  /** Resolves when the roll has every change that was stored before the call: the `refresh` of the feed that it follows. */
  readonly refresh: () => Promise<void>
  readonly accessTokens: AccessTokens
  /** Tunnels join it, and leave it when they are revoked. */
  readonly upstreams: UpstreamRegistry
  readonly limits: TunnelLimits
  /** How long a session outlives its link, milliseconds; 0: not at all. */
  readonly resumeWindowMs: number
  /** The IP address of whoever sent a request, behind whatever proxies are trusted. */
  readonly clientAddress: (req: IncomingMessage) => string
  readonly clock: Clock
  readonly log: Logger
}

/** What is told of a tunnel: where its agent is now, or that the tunnel is over. */
export type LinkState = LinkStatus['state'] | 'revoked'

/** Told of a tunnel that is new, of each change of its link or itself, and of its end. */
export type LinkListener = (tunnel: Tunnel, state: LinkState) => void

/** Accepts the links of agents (docs/protocol.md), and puts what they reach among the upstreams. */
export class Relay {
  readonly #options: RelayOptions
  readonly #tunnels = new Map<string, RelayedTunnel>()
  /** Links that wait for their agent's HELLO, by tunnel. */
  readonly #opening = new Map<string, number>()
  readonly #listeners: LinkListener[] = []
  readonly #sockets = new WebSocketServer({
    noServer: true,
    ...SOCKET_OPTIONS,
    clientTracking: true,
    handleProtocols: () => SUBPROTOCOL,
  })
  #isLeaving = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Puts every live tunnel among the upstreams, and follows the roll, which has been started. */
  async start(): Promise<void> {
    const { roll } = this.#options
    roll.onChange(({ kind, tunnel }) => {
      if (kind === 'added') void this.#add(tunnel)
      else if (kind === 'revoked') void this.#remove(tunnel.id)
      else this.#change(tunnel, kind === 'rotated')
    })
    await Promise.all(roll.list().map((tunnel) => this.#add(tunnel)))
  }

  /** Adds a listener for what becomes of tunnels and their links. It is told in the same turn of the event loop. */
  onLink(listener: LinkListener): void {
    this.#listeners.push(listener)
  }

  /** Where a tunnel's agent is; `undefined` for one that is not live. */
  status(tunnelId: string): LinkStatus | undefined {
    return this.#tunnels.get(tunnelId)?.status
  }

  /** Whether a request to switch protocols is for a link. */
  isFor(target: string): boolean {
    return target === LINK_PATH
  }

  /** Takes the connection of one that is. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A connection that breaks while its token is looked at must not end the process.
    socket.on('error', () => socket.destroy())
    void this.#open(req, socket, head)
  }

  /** Tells every agent to open its next link elsewhere; links that stand may finish what runs. None is accepted any more. */
  goAway(): void {
    this.#isLeaving = true
    for (const tunnel of this.#tunnels.values()) tunnel.goAway()
  }

  /** Ends every link. Their agents come back on their own. */
  close(): void {
    this.#isLeaving = true
    for (const tunnel of this.#tunnels.values()) tunnel.end('restarting', 'the gateway stops')
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  async #open(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const refusal = this.#refusalOf(req)
    if (refusal !== undefined) {
      refuse(socket, ...refusal)
      return
    }
    const grant = await this.#grantOf(BEARER.exec(req.headers.authorization ?? '')?.[1])
    if (socket.destroyed) return
    if (grant === undefined) {
      refuse(socket, 401, 'invalid_token', 'The access token is unknown, has expired, or its tunnel was revoked.')
      return
    }
    const barredForMs = this.#tunnels.get(grant.tunnelId)?.barredForMs ?? 0
    if (barredForMs > 0) {
      const text = 'The last link of this tunnel was ended, because more came on it than may. Try again soon.'
      refuse(socket, 429, 'temporarily_unavailable', text, Math.ceil(barredForMs / 1000))
      return
    }
    if ((this.#opening.get(grant.tunnelId) ?? 0) >= MAX_OPENING_LINKS) {
      refuse(socket, 429, 'temporarily_unavailable', 'Too many links of this tunnel are being opened. Try again soon.')
      return
    }
    this.#sockets.handleUpgrade(req, socket, head, (webSocket) => {
      void this.#join(webSocket, grant, this.#options.clientAddress(req))
    })
  }

  #refusalOf({ method, headers }: IncomingMessage): readonly [number, string, string] | undefined {
    if (this.#isLeaving) return [503, 'temporarily_unavailable', 'The gateway is about to stop. Try again soon.']
    if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') {
      return [400, 'invalid_request', 'Links are opened with a WebSocket.']
    }
    // Agents are no web pages; a page that came by a token must not open a link in somebody's browser.
    if (headers.origin !== undefined) return [403, 'access_denied', 'Web pages may not open links.']
    const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
    if (offered.includes(SUBPROTOCOL)) return undefined
    return [
      400,
      'invalid_request',
      `This gateway speaks ${SUBPROTOCOL} on links. Bring agent and gateway to versions that agree.`,
    ]
  }

  /** What a presented token gives, if its tunnel lives and has not been given a newer credential. */
  async #grantOf(token: string | undefined): Promise<AccessGrant | undefined> {
    const grant = token === undefined ? undefined : await this.#options.accessTokens.verify(token)
    if (grant === undefined || this.#isCurrent(grant)) return grant
    // It may have been paired a moment ago, through another process on the same database.
    await this.#options.refresh().catch(() => {})
    return this.#isCurrent(grant) ? grant : undefined
  }

  #isCurrent({ tunnelId, credentialVersion }: AccessGrant): boolean {
    return this.#options.roll.get(tunnelId)?.credentialVersion === credentialVersion
  }

  async #join(socket: WebSocket, grant: AccessGrant, address: string): Promise<void> {
    const { clock, roll } = this.#options
    this.#countOpening(grant.tunnelId, 1)
    const offered = await awaitAgent(socket, clock, this.#options.limits).catch(() => undefined)
    this.#countOpening(grant.tunnelId, -1)
    if (offered === undefined) return
    const { link, hello } = offered
    const tunnel = this.#tunnels.get(grant.tunnelId)
    // Much may have happened until the HELLO came.
    if (tunnel === undefined || !this.#isCurrent(grant)) {
      link.close('revoked', REVOKED)
      return
    }
    if (this.#isLeaving) {
      link.close('restarting', 'the gateway stops')
      return
    }
    let isRenewing = false
    link.whenToken = (token) => {
      if (isRenewing) {
        link.close('limit_exceeded', 'a new access token came before the last was looked at')
        return
      }
      isRenewing = true
      void this.#renew(tunnel, link, token).finally(() => {
        isRenewing = false
      })
    }
    tunnel.join(offered, { address, expiresAt: grant.expiresAt })
    const machine = { name: '', platform: '', arch: '', ...hello.machine, software: hello.software }
    roll.seen(grant.tunnelId, machine, clock.now())
    void link.ended.then(() => roll.seen(grant.tunnelId, machine, clock.now()))
  }

  #countOpening(tunnelId: string, change: 1 | -1): void {
    const count = (this.#opening.get(tunnelId) ?? 0) + change
    if (count === 0) this.#opening.delete(tunnelId)
    else this.#opening.set(tunnelId, count)
  }

  async #renew(tunnel: RelayedTunnel, link: Link, token: string): Promise<void> {
    const grant = await this.#grantOf(token)
    if (grant?.tunnelId === tunnel.tunnel.id) tunnel.renew(link, grant.expiresAt)
    else link.close('token_expired', 'the new access token is not valid')
  }

  #add(tunnel: Tunnel): void {
    if (this.#tunnels.has(tunnel.id)) return
    const { limits, resumeWindowMs, clock, log, upstreams } = this.#options
    const changed = () => this.#tell(tunnel.id)
    const relayed = new RelayedTunnel({ tunnel, limits, resumeWindowMs, changed, clock, log })
    this.#tunnels.set(tunnel.id, relayed)
    changed()
    upstreams.add(relayed.upstream)
  }

  async #remove(id: string): Promise<void> {
    const relayed = this.#tunnels.get(id)
    this.#tunnels.delete(id)
    relayed?.end('revoked', REVOKED)
    if (relayed !== undefined) for (const listener of this.#listeners) listener(relayed.tunnel, 'revoked')
    await this.#options.upstreams.remove(id)
  }

  #tell(tunnelId: string): void {
    const relayed = this.#tunnels.get(tunnelId)
    // One that is being removed is told as revoked, and not before as away.
    if (relayed === undefined) return
    for (const listener of this.#listeners) listener(relayed.tunnel, relayed.status.state)
  }

  #change(tunnel: Tunnel, isRotated: boolean): void {
    const relayed = this.#tunnels.get(tunnel.id)
    relayed?.update(tunnel)
    this.#tell(tunnel.id)
    if (isRotated) relayed?.end('revoked', 'the credential of this tunnel was rotated: pair the agent again')
  }
}

const REVOKED = 'this tunnel was revoked'

/** Answers on the bare connection, in the form of RFC 6749 §5.2, and closes it. */
function refuse(socket: Duplex, status: number, error: string, description: string, retryAfterS?: number): void {
  const body = JSON.stringify({ error, error_description: description })
  const wait = retryAfterS === undefined ? '' : `retry-after: ${retryAfterS}\r\n`
  const challenge = status === 401 ? 'www-authenticate: Bearer error="invalid_token"\r\n' : ''
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `cache-control: no-store\r\n${challenge}${wait}connection: close\r\n\r\n${body}`,
  )
  socket.once('finish', () => socket.destroy())
}
