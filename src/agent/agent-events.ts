import type { GatewayFault } from '../http-client/gateway-error.ts'
import type { CloseReason } from '../protocol/codes.ts'
import type { LinkEnd } from '../tunnel/link.ts'
import type { ServedRequest } from './local-server.ts'

/**
 * Why an agent has stopped for good.
 * - `stopped`: it was told to.
 * - `revoked`: the tunnel was revoked, or its credential rotated.
 * - `replaced`: another agent uses the same tunnel.
 */
export interface AgentStop {
  readonly reason: 'stopped' | 'revoked' | 'replaced'
  /** What happened, for people. Unless it was told to stop, this machine has to be paired anew. */
  readonly text: string
}

/** What happens to an agent, as it happens. Texts are for people and safe to print. */
export type AgentEvent =
  | { readonly type: 'connecting' }
  | {
      readonly type: 'connected'
      /** The streams of the link before go on. */
      readonly isResumed: boolean
      readonly tunnel: AgentTunnel
    }
  /** There is no link, or none could be opened; the next attempt is made then. */
  | ({ readonly type: 'lost'; readonly retryInMs: number } & LostLink)
  /** The gateway is about to end this link; another one is opened while its streams go on. */
  | { readonly type: 'goAway'; readonly text: string }
  | ({ readonly type: 'stopped' } & AgentStop)
  | ({ readonly type: 'request' } & ServedRequest)

/** The tunnel as the gateway knows it. */
export interface AgentTunnel {
  readonly id: string
  readonly label: string
}

/** What an agent says of itself. Times are wall time, epoch milliseconds. */
export interface AgentStatus {
  readonly state: 'connecting' | 'connected' | 'waiting' | 'stopped'
  /** Since when it is in this state. */
  readonly since: number
  /** The gateway's URL. */
  readonly gateway: string
  /** `undefined` before a first link. */
  readonly tunnel: AgentTunnel | undefined
  /** `undefined` without a link, and before the first round trip on it. */
  readonly roundTripMs: number | undefined
  /** Requests served now. */
  readonly streams: number
  /** When the next attempt is made, while it waits. */
  readonly retryAt: number | undefined
  /** What went wrong last with the link. */
  readonly lastError: { readonly at: number; readonly text: string } | undefined
}

/** What the end of a link, or of an attempt at one, means to the owner. */
export interface LostLink {
  readonly reason: CloseReason | GatewayFault | 'lost' | 'internal'
  readonly text: string
}

const LOST_TEXTS: Readonly<Partial<Record<LinkEnd['reason'], string>>> = {
  lost: 'The connection to the gateway broke.',
  restarting: 'The gateway restarts.',
  heartbeat_missed: 'The gateway was not heard of in time.',
  token_expired: 'The access token of the link ran out before a new one could be had.',
}

/** The end of a link that another one follows. */
export function lostLink({ reason, text }: LinkEnd): LostLink {
  const why = text === '' ? '' : `: ${text}`
  return { reason, text: LOST_TEXTS[reason] ?? `The link to the gateway was ended (${reason})${why}.` }
}

/** Why the agent must not try again after such an end; `undefined` when it may. */
export function stopAfter({ reason, text }: LinkEnd): AgentStop | undefined {
  if (reason === 'revoked') return REVOKED_STOP
  if (reason !== 'replaced') return undefined
  // The gateway knows on which machine the other one is.
  const why = text === '' ? 'another agent uses this tunnel now' : text
  return {
    reason,
    text: `This agent has stopped, because the gateway says: ${why}. Each machine needs a tunnel of its own.`,
  }
}

/** The gateway no longer takes the tunnel's credential. */
export const REVOKED_STOP: AgentStop = {
  reason: 'revoked',
  text: 'This tunnel was revoked at the gateway, or its credential was rotated, has run out, or was used by two, so the agent has stopped.',
}
