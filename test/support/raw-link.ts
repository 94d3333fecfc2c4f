import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { RequestHead } from '../../src/protocol/head.ts'
import { SUBPROTOCOL } from '../../src/protocol/limits.ts'
import type { TunnelDispatcher } from '../../src/tunnel/http/tunnel-dispatcher.ts'
import { type JoinedLink, joinAsAgent } from '../../src/tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS, type TunnelLimits } from '../../src/tunnel/limits.ts'
import type { Link } from '../../src/tunnel/link.ts'
import { SOCKET_OPTIONS } from '../../src/tunnel/link-socket.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import type { TunnelStream } from '../../src/tunnel/stream.ts'
import { ManualClock } from './clock.ts'
import { agentHello, dialRaw, gatewayHello, type RawPeer, startRawGateway } from './raw-tunnel-peer.ts'
import { startTunnelPair } from './tunnel-pair.ts'

/** Which side is Punku's; a `RawPeer` plays the other. */
export type Side = 'gateway' | 'agent'
export const SIDES: readonly Side[] = ['gateway', 'agent']

export interface RawLinkOptions {
  readonly clock?: ManualClock
  /** Ours. */
  readonly limits?: Partial<TunnelLimits>
  /** Fields of the raw side's HELLO. */
  readonly hello?: Readonly<Record<string, unknown>>
  /** On the agent's side. Default: nothing is answered. */
  readonly onStream?: (stream: TunnelStream, head: RequestHead) => void
}

/** One side of a tunnel, and a peer that speaks to it by hand. */
export interface RawLink {
  readonly clock: ManualClock
  readonly peer: RawPeer
  readonly link: Link
  readonly session: TunnelSession
}

/** A link on which both sides have said HELLO. It is gone after the test. */
export async function openRawLink(side: Side, options: RawLinkOptions = {}): Promise<RawLink> {
  return side === 'gateway' ? await againstGateway(options) : await againstAgent(options)
}

/** The gateway's side, with a dispatcher for its requests. */
export async function againstGateway({
  clock = new ManualClock(),
  limits = {},
  hello = {},
}: RawLinkOptions = {}): Promise<RawLink & { readonly dispatcher: TunnelDispatcher; readonly port: number }> {
  const pair = await startTunnelPair({ onStream() {}, gatewayLimits: limits, clock })
  onTestFinished(() => pair[Symbol.asyncDispose]())
  const peer = await dialRaw(pair.port)
  peer.send(agentHello(hello))
  await peer.first('hello')
  return { clock, peer, ...pair.gateway, dispatcher: pair.dispatcher, port: pair.port }
}

/** The agent's side. */
export async function againstAgent(options: RawLinkOptions = {}): Promise<RawLink> {
  const gateway = await startRawGateway()
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const { peer, joining, clock } = await dialAsAgent(gateway.port, gateway.accept(), options)
  await peer.first('hello')
  peer.send(gatewayHello(options.hello))
  const { link, session } = await joining
  onTestFinished(() => session.end('the test is over'))
  return { clock, peer, link, session }
}

/** An agent that has opened a link and waits for the gateway's HELLO. */
export async function dialAsAgent(
  port: number,
  accepted: Promise<RawPeer>,
  {
    clock = new ManualClock(),
    limits = {},
    onStream = () => {},
    resume,
  }: RawLinkOptions & { resume?: TunnelSession } = {},
): Promise<{ readonly peer: RawPeer; readonly joining: Promise<JoinedLink>; readonly clock: ManualClock }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, SUBPROTOCOL, { ...SOCKET_OPTIONS })
  await once(socket, 'open')
  const joining = joinAsAgent({
    socket,
    instance: 'test',
    machine: { name: 'test', platform: 'linux', arch: 'x64' },
    limits: { ...DEFAULT_TUNNEL_LIMITS, ...limits },
    resume,
    onStream,
    clock,
  })
  // Whoever does not ask how it went leaves no rejection behind.
  joining.catch(() => {})
  return { peer: await accepted, joining, clock }
}
