import type { Clock } from '../core/clock.ts'
import { SOFTWARE } from '../core/version.ts'
import { type AgentHello, decodeGatewayHello, encodeHello, type GatewayHello } from '../protocol/hello.ts'
import type { TunnelLimits } from './limits.ts'
import { Link, LinkEnded } from './link.ts'
import type { LinkSocket } from './link-socket.ts'
import { TunnelSession } from './session.ts'
import { CAPABILITIES, type ServeRequest } from './stream-kinds.ts'

export interface JoinOptions {
  /** Open, with the subprotocol agreed on. The link closes it. */
  readonly socket: LinkSocket
  /** The same for the life of the agent's process. */
  readonly instance: string
  readonly machine: { readonly name: string; readonly platform: string; readonly arch: string }
  readonly limits: TunnelLimits
  /** The session of the link that broke. Where the gateway does not take it up again, it is ended. */
  readonly resume: TunnelSession | undefined
  /** Serves what is asked for on each stream. */
  readonly onStream: ServeRequest
  readonly clock: Clock
}

/** A link on which both sides have said HELLO, from the agent's side. */
export interface JoinedLink {
  readonly link: Link
  readonly session: TunnelSession
  /** The session is the one that was to be resumed. */
  readonly isResumed: boolean
  readonly tunnel: GatewayHello['tunnel']
  /** How long the access token is still good for. */
  readonly tokenExpiresInMs: number
  /** How long the gateway keeps the session of a broken link. */
  readonly resumeWindowMs: number
}

/** Opens a session, or takes one up again, on the agent's side. Rejects with `LinkEnded` when the link ends before. */
export function joinAsAgent(options: JoinOptions): Promise<JoinedLink> {
  const { socket, clock, resume, limits } = options
  return new Promise((resolve, reject) => {
    const link = new Link({
      socket,
      peer: 'gateway',
      framesPerSecond: limits.framesPerSecond,
      clock,
      // The gateway may send frames of streams right behind: nothing of this can wait for another turn.
      onHello(payload) {
        const hello = decodeGatewayHello(payload)
        const isResumed = resume !== undefined && !resume.isOver && hello.resumed && hello.session === resume.id
        if (!isResumed) resume?.end('the gateway no longer has the session')
        const session = isResumed ? resume : newSession(hello, options)
        link.start(session, hello.received, { ownMs: limits.heartbeatMs, peerMs: hello.heartbeatMs })
        const { tunnel, tokenExpiresInMs, resumeWindowMs } = hello
        resolve({ link, session, isResumed, tunnel, tokenExpiresInMs, resumeWindowMs })
      },
    })
    void link.ended.then((end) => reject(new LinkEnded(end)))
    link.hello(encodeHello(agentHello(options)))
  })
}

function newSession(hello: GatewayHello, { limits, clock, onStream }: JoinOptions): TunnelSession {
  return new TunnelSession({
    id: hello.session,
    side: 'agent',
    limits,
    // An agent opens no streams in this version.
    peer: { window: hello.window, streams: 0 },
    canResume: hello.capabilities.includes('resume') && hello.resumeWindowMs > 0,
    clock,
    onStream: (kind, stream, head) => kind.accept(stream, head, onStream),
  })
}

function agentHello({ instance, machine, limits, resume }: JoinOptions): AgentHello {
  return {
    software: SOFTWARE,
    capabilities: [...CAPABILITIES],
    window: limits.windowBytes,
    streams: limits.streams,
    heartbeatMs: limits.heartbeatMs,
    instance,
    machine,
    ...(resume === undefined || resume.isOver
      ? {}
      : { resume: { session: resume.id, received: resume.receivedCount } }),
  }
}
