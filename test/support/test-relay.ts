import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { ensureHome } from '../../src/config/home.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Clock } from '../../src/core/clock.ts'
import { Relay } from '../../src/gateway/relay/relay.ts'
import type { Tunnel } from '../../src/gateway/relay/tunnel.ts'
import { openState, type State } from '../../src/gateway/serve/state.ts'
import { UpstreamRefresher } from '../../src/gateway/upstreams/upstream-refresher.ts'
import { UpstreamRegistry } from '../../src/gateway/upstreams/upstream-registry.ts'
import type { RequestHead } from '../../src/protocol/head.ts'
import { SUBPROTOCOL } from '../../src/protocol/limits.ts'
import { respond } from '../../src/tunnel/http/http-stream.ts'
import { type JoinedLink, joinAsAgent } from '../../src/tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS, type TunnelLimits } from '../../src/tunnel/limits.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import type { TunnelStream } from '../../src/tunnel/stream.ts'
import { ManualClock } from './clock.ts'
import { LOCAL } from './key-actors.ts'

export interface TestRelayOptions {
  readonly clock: Clock
  readonly limits?: Partial<TunnelLimits>
  /** Default: 30 s. */
  readonly resumeWindowMs?: number
  /** The state folder of another that stands: two gateways over one database. Default: its own. */
  readonly home?: string
}

/** How an agent joins. */
export interface Joining {
  /** Default: a new access token of the tunnel. */
  readonly token?: string
  readonly instance?: string
  readonly resume?: TunnelSession
  readonly limits?: Partial<TunnelLimits>
  /** Default: every request is answered with 200 and its target. */
  readonly onStream?: (stream: TunnelStream, head: RequestHead) => void
}

/** A relay over a state folder of its own behind a real listener, and the agent's side of links to it. */
export interface TestRelay extends AsyncDisposable {
  readonly port: number
  readonly home: string
  readonly state: State
  readonly upstreams: UpstreamRegistry
  readonly relay: Relay
  readonly logLines: readonly string[]
  /** A live tunnel. */
  tunnel(label: string): Promise<Tunnel>
  /** An access token of it, as its agent would have. */
  token(tunnel: Tunnel): Promise<string>
  join(tunnel: Tunnel, joining?: Joining): Promise<JoinedLink>
}

/** Starts one on a clock of its own, gone after the test. */
export async function openRelay(
  options: Partial<TestRelayOptions> = {},
): Promise<TestRelay & { readonly clock: ManualClock }> {
  const clock = new ManualClock()
  const relay = await startTestRelay({ clock, ...options })
  onTestFinished(() => relay[Symbol.asyncDispose]())
  return { ...relay, clock }
}

/** Starts one; it listens when this resolves. */
export async function startTestRelay(options: TestRelayOptions): Promise<TestRelay> {
  const { clock, limits, resumeWindowMs = 30_000 } = options
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'punku-relay-'))
  ensureHome(home)
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const state = await openState({ home, config: loadConfig({ home, env: {}, flags: {} }), clock, log })
  const upstreams = new UpstreamRegistry()
  const refresher = new UpstreamRefresher({ registry: upstreams, clock })
  const relay = new Relay({
    roll: state.roll,
    refresh: () => state.feed.refresh(),
    accessTokens: state.accessTokens,
    upstreams,
    limits: { ...DEFAULT_TUNNEL_LIMITS, ...limits },
    resumeWindowMs,
    clientAddress: ({ socket }) => socket.remoteAddress ?? '',
    clock,
    log,
  })
  await refresher.start()
  await state.feed.start()
  await state.roll.start()
  await relay.start()
  const http = createServer()
  http.on('upgrade', (req, socket, head) => {
    if (relay.isFor(req.url ?? '')) relay.accept(req, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const token = async (tunnel: Tunnel) => (await state.accessTokens.issue(tunnel)).token.reveal()
  return {
    port,
    home,
    state,
    upstreams,
    relay,
    logLines,
    tunnel: async (label) => (await state.tunnels.create(LOCAL, label)).tunnel,
    token,
    async join(tunnel, { token: given, instance = 'agent', resume, limits: agentLimits, onStream = echoTarget } = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, SUBPROTOCOL, {
        perMessageDeflate: false,
        headers: { authorization: `Bearer ${given ?? (await token(tunnel))}` },
      })
      await once(socket, 'open')
      return await joinAsAgent({
        socket,
        instance,
        machine: { name: 'attic', platform: 'linux', arch: 'x64' },
        limits: { ...DEFAULT_TUNNEL_LIMITS, ...agentLimits },
        resume,
        onStream,
        clock,
      })
    },
    async [Symbol.asyncDispose]() {
      relay.close()
      refresher.close()
      await upstreams.close()
      http.closeAllConnections()
      http.close()
      await state[Symbol.asyncDispose]()
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}

function echoTarget(stream: TunnelStream, { target }: RequestHead): void {
  stream.receiver = { onData: (chunk) => stream.consumed(chunk.length), onEnd() {}, onReset() {}, onDrain() {} }
  respond(stream, { status: 200, fields: [] }, false)
  stream.write(Buffer.from(target))
  stream.end()
}
