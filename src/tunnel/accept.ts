import type { Clock } from '../core/clock.ts'
import { SOFTWARE } from '../core/version.ts'
import { type AgentHello, decodeAgentHello, encodeHello, type GatewayHello } from '../protocol/hello.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { TunnelLimits } from './limits.ts'
import { Link, LinkEnded } from './link.ts'
import type { LinkSocket } from './link-socket.ts'
import { type SessionOptions, TunnelSession } from './session.ts'
import { CAPABILITIES } from './stream-kinds.ts'

/** A link whose agent has said HELLO and waits for the gateway's. */
export interface OfferedLink {
  readonly link: Link
  readonly hello: AgentHello
}

/** What the gateway's HELLO says besides its limits. */
export interface Welcome {
  readonly session: TunnelSession
  readonly isResumed: boolean
  readonly resumeWindowMs: number
  readonly tunnel: GatewayHello['tunnel']
  readonly tokenExpiresInMs: number
}

/** Waits for an agent's HELLO. Rejects with `LinkEnded` when the link ends before. */
export function awaitAgent(socket: LinkSocket, clock: Clock, limits: TunnelLimits): Promise<OfferedLink> {
  return new Promise((resolve, reject) => {
    const link = new Link({
      socket,
      peer: 'agent',
      framesPerSecond: limits.framesPerSecond,
      clock,
      onHello: (payload) => resolve({ link, hello: decodeAgentHello(payload) }),
    })
    void link.ended.then((end) => reject(new LinkEnded(end)))
  })
}

/** A session for an agent that said this HELLO. The caller ends it. */
export function sessionFor(
  hello: AgentHello,
  options: Pick<SessionOptions, 'id' | 'limits' | 'canResume' | 'clock' | 'onWorn'>,
): TunnelSession {
  return new TunnelSession({
    ...options,
    side: 'gateway',
    peer: { window: hello.window, streams: hello.streams },
    canResume: options.canResume && hello.capabilities.includes('resume'),
  })
}

/**
 * Answers an agent's HELLO; from now on the link carries the session. One whose agent claims to have received what was
 * never sent has ended when this returns, and the session with it.
 */
export function welcome({ link, hello }: OfferedLink, limits: TunnelLimits, answer: Welcome): void {
  const { session, isResumed, resumeWindowMs, tunnel, tokenExpiresInMs } = answer
  link.hello(
    encodeHello({
      software: SOFTWARE,
      capabilities: [...CAPABILITIES],
      window: limits.windowBytes,
      // An agent opens no streams in this version.
      streams: 0,
      heartbeatMs: limits.heartbeatMs,
      session: session.id,
      resumed: isResumed,
      received: session.receivedCount,
      resumeWindowMs,
      tunnel,
      tokenExpiresInMs,
    }),
  )
  const received = isResumed ? (hello.resume?.received ?? 0) : 0
  try {
    link.start(session, received, { ownMs: limits.heartbeatMs, peerMs: hello.heartbeatMs })
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown
    link.close('protocol_error', thrown.message)
  }
}
