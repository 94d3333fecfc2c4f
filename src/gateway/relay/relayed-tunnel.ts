import type { Clock } from '../../core/clock.ts'
import { randomId } from '../../core/id.ts'
import type { Logger } from '../../core/log.ts'
import type { CloseReason } from '../../protocol/codes.ts'
import { type OfferedLink, sessionFor, welcome } from '../../tunnel/accept.ts'
import { TunnelDispatcher } from '../../tunnel/http/tunnel-dispatcher.ts'
import type { TunnelLimits } from '../../tunnel/limits.ts'
import type { Link, LinkEnd } from '../../tunnel/link.ts'
import type { TunnelSession } from '../../tunnel/session.ts'
import { TunnelledUpstream } from '../upstreams/tunnelled-upstream.ts'
import type { LinkStatus } from './link-status.ts'
import { shownText } from './machine.ts'
import { RetiredLinks } from './retired-links.ts'
import type { Tunnel } from './tunnel.ts'

export interface RelayedTunnelOptions {
  readonly tunnel: Tunnel
  readonly limits: TunnelLimits
  /** How long a session outlives its link, milliseconds; 0: not at all. */
  readonly resumeWindowMs: number
  /** Called when its link came, broke or ended, in the same turn of the event loop. */
  readonly changed: () => void
  readonly clock: Clock
  readonly log: Logger
}

/** Who opens a link, and for how long. */
export interface LinkAccess {
  readonly address: string
  /** When the access token runs out, epoch milliseconds. */
  readonly expiresAt: number
}

/** How long no link is taken of an agent whose last one went beyond its limits, milliseconds. */
export const BARRED_MS = 10_000

/** A live tunnel as the gateway sees it: the upstream it is to the pipeline, and the one session and link it has now. */
export class RelayedTunnel {
  readonly upstream: TunnelledUpstream
  readonly #options: RelayedTunnelOptions
  readonly #dispatcher = new TunnelDispatcher()
  #tunnel: Tunnel
  #session: TunnelSession | undefined
  #link: Link | undefined
  #instance = ''
  #address: string | undefined
  #software: string | undefined
  #since = 0
  #barredUntilMs = 0
  readonly #retired = new RetiredLinks()
  /** When the access token of each link runs out. */
  readonly #expiries = new Map<Link, Disposable>()
  #resumeTimer: Disposable | undefined

  constructor(options: RelayedTunnelOptions) {
    const { tunnel, clock, log } = options
    this.#options = options
    this.#tunnel = tunnel
    this.upstream = new TunnelledUpstream({
      id: tunnel.id,
      orgId: tunnel.orgId,
      label: tunnel.label,
      dispatcher: this.#dispatcher,
      wasLinked: tunnel.lastSeenAt !== undefined,
      clock,
      log,
    })
  }

  get tunnel(): Tunnel {
    return this.#tunnel
  }

  get status(): LinkStatus {
    const isConnected = this.#link !== undefined
    const hasSession = this.#session !== undefined
    return {
      tunnelId: this.#tunnel.id,
      state: isConnected ? 'connected' : hasSession ? 'resuming' : 'away',
      since: this.#since,
      roundTripMs: this.#link?.roundTripMs,
      streams: (this.#session?.liveStreams ?? 0) + this.#retired.liveStreams,
      address: hasSession ? this.#address : undefined,
      software: hasSession ? this.#software : undefined,
    }
  }

  /** How long no link may be opened, milliseconds; 0: one may be now. */
  get barredForMs(): number {
    return Math.max(0, this.#barredUntilMs - this.#options.clock.elapsed())
  }

  /** The tunnel as it stands in the store now: a new label, a new version of its credential. */
  update(tunnel: Tunnel): void {
    this.#tunnel = tunnel
    this.upstream.relabel(tunnel.label)
  }

  /** Takes up a link whose agent has proved that it is this tunnel's. One that has ended meanwhile changes nothing. */
  join(offered: OfferedLink, access: LinkAccess): void {
    const { hello, link } = offered
    if (link.isEnded) return
    const { limits, resumeWindowMs, clock } = this.#options
    this.#retireWorn(hello)
    const before = this.#session
    before?.leaveLink()
    const isResumed = before !== undefined && !before.isOver && before.canResume && hello.resume?.session === before.id
    if (!isResumed) this.#replace(hello)
    // Ended after it was set aside, so that its end does not take the session with it.
    const oldLink = isResumed ? this.#link : undefined
    const session = isResumed
      ? before
      : sessionFor(hello, {
          id: `ses_${randomId(20)}`,
          limits,
          canResume: resumeWindowMs > 0,
          clock,
          onWorn: () => this.#renewSession(),
        })
    this.#stopResumeTimer()
    this.#session = session
    this.#link = link
    this.#instance = hello.instance
    this.#address = access.address
    this.#software = hello.software
    this.#since = clock.now()
    welcome(offered, limits, {
      session,
      isResumed,
      resumeWindowMs,
      tunnel: { id: this.#tunnel.id, label: this.#tunnel.label },
      tokenExpiresInMs: Math.max(0, access.expiresAt - clock.now()),
    })
    oldLink?.close('heartbeat_missed', 'the session goes on over a newer link')
    this.renew(link, access.expiresAt)
    link.whenGoAway = () => this.#agentLeaves(link)
    void link.ended.then((end) => this.#linkEnded(link, session, end))
    if (link.isEnded) return
    if (session.isWorn) this.#renewSession()
    this.#dispatcher.session = session
    void this.upstream.linkUp()
    this.#options.changed()
    const { roundTripMs: _unknownYet, ...facts } = this.status
    this.#options.log.info({ ...facts, label: this.#tunnel.label, isResumed }, 'link.up')
  }

  /** A new access token has come over that link: it is good until `expiresAt`, epoch milliseconds. */
  renew(link: Link, expiresAt: number): void {
    if (link.isEnded || (this.#link !== link && !this.#retired.has(link))) return
    const { clock } = this.#options
    this.#expiries.get(link)?.[Symbol.dispose]()
    const endsInMs = Math.max(0, expiresAt - clock.now())
    const expiry = clock.after(endsInMs, () => link.close('token_expired', 'the access token has run out'))
    this.#expiries.set(link, expiry)
  }

  /** Tells the agent that this gateway is about to stop; what runs may finish. */
  goAway(): void {
    this.#link?.goAway('restart', 'the gateway is about to stop')
  }

  /** Ends its session with all streams, and its link. */
  end(reason: CloseReason, text: string): void {
    this.#stopResumeTimer()
    this.#retired.end(reason, text)
    this.#session?.end(text)
    this.#link?.close(reason, text)
    this.#away(text)
  }

  /** The agent has done as it was told, and opens another session beside the worn one: that goes on until its streams are over. */
  #retireWorn({ instance, resume }: OfferedLink['hello']): void {
    const session = this.#session
    const link = this.#link
    if (session?.isWorn !== true || link === undefined) return
    if (instance !== this.#instance || resume?.session === session.id) return
    this.#session = undefined
    this.#link = undefined
    this.#retired.add(link, session)
  }

  /** A fresh session takes the place of the one that is there. */
  #replace({ instance, machine }: OfferedLink['hello']): void {
    const session = this.#session
    const link = this.#link
    if (session === undefined) return
    this.#session = undefined
    this.#link = undefined
    const isSame = this.#instance === instance
    const where = machine === undefined ? '' : ` (on ${shownText(machine.name)})`
    const text = isSame ? 'the agent began anew' : `another agent${where} uses this tunnel now`
    if (!isSame) this.#retired.end('replaced', text)
    session.end(text)
    link?.close(isSame ? 'done' : 'replaced', text)
  }

  /** The session has no stream ids for ever: the agent opens another beside it. One that does not is made to, when none is left. */
  #renewSession(): void {
    const text = 'its session has used up its stream ids'
    if (this.#session?.isSpent) this.#link?.close('restarting', text)
    else this.#link?.goAway('restart', text)
  }

  #agentLeaves(link: Link): void {
    if (this.#link !== link) return
    this.#dispatcher.session = undefined
    this.upstream.linkDown('its agent is about to stop')
  }

  #linkEnded(link: Link, session: TunnelSession, { reason, text }: LinkEnd): void {
    // Else it would send as much again in a moment.
    if (reason === 'limit_exceeded') this.#barredUntilMs = this.#options.clock.elapsed() + BARRED_MS
    this.#expiries.get(link)?.[Symbol.dispose]()
    this.#expiries.delete(link)
    if (this.#link !== link) return
    const { log, clock, resumeWindowMs } = this.#options
    this.#link = undefined
    this.#stopResumeTimer()
    this.#since = clock.now()
    log.info({ tunnelId: this.#tunnel.id, label: this.#tunnel.label, reason, text }, 'link.down')
    if (session.isOver) {
      this.#away('its agent is not connected')
      return
    }
    this.upstream.linkDown('the link to its agent broke, and is not back yet')
    this.#options.changed()
    this.#resumeTimer = clock.after(resumeWindowMs, () => {
      if (this.#session !== session || this.#link !== undefined) return
      session.end('the link to the agent did not come back in time')
      this.#away('its agent is not connected')
    })
  }

  #away(reason: string): void {
    this.#session = undefined
    this.#link = undefined
    this.#dispatcher.session = undefined
    this.#since = this.#options.clock.now()
    this.upstream.linkDown(reason)
    this.#options.changed()
  }

  #stopResumeTimer(): void {
    this.#resumeTimer?.[Symbol.dispose]()
    this.#resumeTimer = undefined
  }
}
