import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { RequestHead } from '../../src/protocol/head.ts'
import type { AgentHello } from '../../src/protocol/hello.ts'
import { SUBPROTOCOL } from '../../src/protocol/limits.ts'
import { awaitAgent, sessionFor, welcome } from '../../src/tunnel/accept.ts'
import { TunnelDispatcher } from '../../src/tunnel/http/tunnel-dispatcher.ts'
import { type JoinedLink, joinAsAgent } from '../../src/tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS, type TunnelLimits } from '../../src/tunnel/limits.ts'
import type { Link } from '../../src/tunnel/link.ts'
import { SOCKET_OPTIONS } from '../../src/tunnel/link-socket.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import type { TunnelStream } from '../../src/tunnel/stream.ts'

export interface TunnelPairOptions {
  readonly onStream: (stream: TunnelStream, head: RequestHead) => void
  readonly gatewayLimits?: Partial<TunnelLimits>
  readonly agentLimits?: Partial<TunnelLimits>
  /** Default 30 s; 0: sessions end with their link. */
  readonly resumeWindowMs?: number
  readonly clock?: Clock
}

/** What the gateway's side has of the newest link. */
export interface GatewaySide {
  readonly link: Link
  readonly session: TunnelSession
  readonly hello: AgentHello
}

/** Both sides of a tunnel in this process over real sockets, without credentials: what `src/tunnel` is by itself. */
export interface TunnelPair extends AsyncDisposable {
  /** Where links are accepted; a network may stand before it. */
  readonly port: number
  /** Always on the gateway's newest session. */
  readonly dispatcher: TunnelDispatcher
  readonly gateway: GatewaySide
  readonly agent: JoinedLink
  /** Opens a link through `port` (default: the pair's own), resuming the agent's session unless told not to. */
  connect(options?: { readonly port?: number; readonly isFresh?: boolean }): Promise<JoinedLink>
}

/** Starts the gateway's side; `connect` opens the first link. */
export async function startTunnelPair(options: TunnelPairOptions): Promise<TunnelPair> {
  const clock = options.clock ?? systemClock
  const gatewayLimits = { ...DEFAULT_TUNNEL_LIMITS, ...options.gatewayLimits }
  const agentLimits = { ...DEFAULT_TUNNEL_LIMITS, ...options.agentLimits }
  const resumeWindowMs = options.resumeWindowMs ?? 30_000
  const dispatcher = new TunnelDispatcher()
  let gateway: GatewaySide | undefined
  let agent: JoinedLink | undefined
  let sessions = 0

  const http = createServer()
  const accepting = new WebSocketServer({ server: http, ...SOCKET_OPTIONS })
  accepting.on('connection', async (socket) => {
    const offered = await awaitAgent(socket, clock, gatewayLimits).catch(() => undefined)
    if (offered === undefined) return
    const { link, hello } = offered
    const before = gateway?.session
    before?.leaveLink()
    const isResumed = before !== undefined && !before.isOver && hello.resume?.session === before.id
    const oldLink = isResumed ? gateway?.link : undefined
    if (!isResumed) before?.end('replaced')
    const canResume = resumeWindowMs > 0
    const session = isResumed
      ? before
      : sessionFor(hello, { id: `s${++sessions}`, limits: gatewayLimits, canResume, clock })
    gateway = { link, session, hello }
    dispatcher.session = session
    welcome(offered, gatewayLimits, {
      session,
      isResumed,
      resumeWindowMs,
      tunnel: { id: 'tun_test', label: 'test' },
      tokenExpiresInMs: 900_000,
    })
    oldLink?.close('done', 'resumed elsewhere')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo

  return {
    port,
    dispatcher,
    get gateway() {
      if (gateway === undefined) throw new Error('no link has been opened yet')
      return gateway
    },
    get agent() {
      if (agent === undefined) throw new Error('no link has been opened yet')
      return agent
    },
    async connect({ port: through = port, isFresh = false } = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${through}/tunnel`, SUBPROTOCOL, { ...SOCKET_OPTIONS })
      await once(socket, 'open')
      agent = await joinAsAgent({
        socket,
        instance: 'test',
        machine: { name: 'test', platform: 'linux', arch: 'x64' },
        limits: agentLimits,
        resume: isFresh ? undefined : agent?.session,
        onStream: options.onStream,
        clock,
      })
      return agent
    },
    async [Symbol.asyncDispose]() {
      agent?.session.end('the test is over')
      gateway?.session.end('the test is over')
      for (const socket of accepting.clients) socket.terminate()
      accepting.close()
      http.close()
      await once(http, 'close')
    },
  }
}
