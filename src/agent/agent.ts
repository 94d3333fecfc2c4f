import { networkInterfaces } from 'node:os'
import { WebSocket } from 'ws'
import type { Clock } from '../core/clock.ts'
import { randomId } from '../core/id.ts'
import type { Logger } from '../core/log.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { CredentialRefused, GatewayError, printable } from '../http-client/gateway-error.ts'
import { HELD_LINK_MS } from '../protocol/limits.ts'
import { type JoinedLink, type JoinOptions, joinAsAgent } from '../tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS, type TunnelLimits } from '../tunnel/limits.ts'
import { type LinkEnd, LinkEnded } from '../tunnel/link.ts'
import type { TunnelSession } from '../tunnel/session.ts'
import { AccessTokenKeeper, type AccessTokenSource } from './access-token-keeper.ts'
import {
  type AgentEvent,
  type AgentStatus,
  type AgentStop,
  type AgentTunnel,
  type LostLink,
  lostLink,
  REVOKED_STOP,
  stopAfter,
} from './agent-events.ts'
import { BackOff } from './back-off.ts'
import { type Dial, dialer } from './dial.ts'
import type { HouseRules } from './house-rules.ts'
import { LocalServer, type ServerAccess } from './local-server.ts'
import { type ListInterfaces, MachineWatch } from './machine-watch.ts'
import { ResumableSession } from './resumable-session.ts'
import { TokenRefused } from './token-client.ts'

/** Requests served at a time when nobody says otherwise: more than one machine's models are at work on. */
const DEFAULT_STREAMS = 64
const DEFAULT_COLLECT_BYTES = 1_048_576
const DEFAULT_DRAIN_MS = 30_000
/** How soon a link must show that it is alive after the machine or its network has changed. */
const PROBE_MS = 2_000
/** What ends so soon after such a change ended by it: the next attempt is made at once. */
const WOKEN_MS = 5_000
/** Links that were told to go away and still have streams. A gateway that makes more of them ends its oldest. */
const MAX_RETIRING_LINKS = 4

export interface AgentOptions {
  readonly address: GatewayAddress
  readonly tokens: AccessTokenSource
  /** The model server. Its dispatcher stays the caller's. */
  readonly local: ServerAccess
  readonly rules: HouseRules
  /** For people at the gateway. */
  readonly machine: JoinOptions['machine']
  /** What differs from `DEFAULT_TUNNEL_LIMITS`; `streams` bounds all requests served at a time, and is 64. */
  readonly limits?: Partial<TunnelLimits>
  /** Request bodies up to this are sent to the model server whole, bytes. Default 1 MiB. */
  readonly collectBytes?: number
  /** Default: a WebSocket to `address`. */
  readonly dial?: Dial
  readonly clock: Clock
  readonly log: Logger
  /** Default: those of this machine. */
  readonly interfaces?: ListInterfaces
  /** Must not throw. */
  readonly onEvent: (event: AgentEvent) => void
}

/** Why there is no link, and how long the gateway asked to be left alone. */
type Lost = LostLink & Partial<Pick<GatewayError, 'retryAfterMs'>>

interface OpenLink extends JoinedLink {
  readonly socket: WebSocket
}

/**
 * Keeps a link to one gateway up and serves the model server through it (docs/protocol.md §7 and §8), until it is told
 * to stop or learns that it never may again. `start` once; `done` says how it ended.
 */
export class Agent {
  readonly #options: AgentOptions
  readonly #limits: TunnelLimits
  readonly #dial: Dial
  readonly #tokens: AccessTokenKeeper
  readonly #server: LocalServer
  readonly #backOff: BackOff
  readonly #instance = randomId(20)
  readonly #done = Promise.withResolvers<AgentStop>()
  /** The current link and those that retire, oldest first. */
  readonly #links = new Set<OpenLink>()
  #running: Promise<void> | undefined
  #phase: 'new' | 'running' | 'draining' | 'stopped' = 'new'
  #current: OpenLink | undefined
  #kept: ResumableSession | undefined
  #attempt: AbortController | undefined
  /** Resolves when the next attempt has come to a link or to nothing. */
  #attempted: PromiseWithResolvers<void> | undefined
  #endPause: (() => void) | undefined
  #wokenAt = Number.NEGATIVE_INFINITY
  #goneAwayAt = Number.NEGATIVE_INFINITY
  #watch: MachineWatch | undefined
  #drainTimer: Disposable | undefined
  #status: Pick<AgentStatus, 'state' | 'since' | 'tunnel' | 'retryAt' | 'lastError'>

  constructor(options: AgentOptions) {
    const { address, tokens, local, rules, clock, log } = options
    this.#options = options
    this.#limits = { ...DEFAULT_TUNNEL_LIMITS, streams: DEFAULT_STREAMS, ...options.limits }
    this.#dial = options.dial ?? dialer({ address, clock })
    this.#tokens = new AccessTokenKeeper(tokens, clock)
    this.#backOff = new BackOff(clock)
    this.#server = new LocalServer({
      server: local,
      rules,
      concurrency: this.#limits.streams,
      collectBytes: options.collectBytes ?? DEFAULT_COLLECT_BYTES,
      clock,
      log,
      onServed: (request) => options.onEvent({ type: 'request', ...request }),
    })
    this.#status = { state: 'waiting', since: clock.now(), tunnel: undefined, retryAt: undefined, lastError: undefined }
  }

  /** Resolves when it has stopped for good and its links are closed. Never rejects. */
  get done(): Promise<AgentStop> {
    return this.#done.promise
  }

  get status(): AgentStatus {
    return {
      ...this.#status,
      gateway: this.#options.address.url,
      roundTripMs: this.#current?.link.roundTripMs,
      streams: this.#server.liveCount,
    }
  }

  /** Opens the first link, and from then on keeps one up. */
  start(): void {
    const { clock, interfaces = networkInterfaces } = this.#options
    this.#phase = 'running'
    this.#watch = new MachineWatch({
      clock,
      interfaces,
      onTick: () => this.#onTick(),
      onChange: () => this.#wake(),
    })
    this.#running = this.#run()
  }

  /**
   * Takes no new work, lets requests end for `drainMs` (default 30 s), then cuts the rest and closes. Called again, it
   * begins that time anew.
   */
  stop(drainMs = DEFAULT_DRAIN_MS): Promise<AgentStop> {
    const stop: AgentStop = { reason: 'stopped', text: 'The agent was told to stop.' }
    if (this.#phase === 'stopped') return this.done
    this.#drainTimer?.[Symbol.dispose]()
    this.#drainTimer = this.#options.clock.after(drainMs, () => this.#finish(stop))
    if (this.#phase === 'draining') return this.done
    this.#phase = 'draining'
    this.#attempt?.abort()
    const links = [...this.#links]
    for (const { link } of links) link.goAway('stopping', 'the agent stops')
    void Promise.all(links.map(({ session }) => session.idle())).then(() => this.#finish(stop))
    return this.done
  }

  async #run(): Promise<void> {
    while (this.#phase === 'running') {
      const lost = await this.#link()
      if (this.#phase !== 'running') continue
      // All agents of a gateway that restarts are told to go away in one instant.
      if (lost === undefined) await this.#wait(this.#backOff.spread())
      else await this.#pause(lost)
    }
  }

  /** One link from its beginning to its end. Gives why another should wait; `undefined` when it need not. */
  async #link(): Promise<Lost | undefined> {
    this.#enter('connecting')
    this.#options.onEvent({ type: 'connecting' })
    const attempt = new AbortController()
    this.#attempt = attempt
    const kept = this.#kept
    kept?.hold()
    let open: OpenLink
    try {
      open = await this.#open(kept?.session, attempt.signal)
    } catch (thrown) {
      kept?.release()
      return this.#explain(thrown)
    } finally {
      this.#attempt = undefined
      this.#attempted?.resolve()
      this.#attempted = undefined
    }
    this.#kept = undefined
    return await this.#hold(open)
  }

  async #open(resume: TunnelSession | undefined, signal: AbortSignal): Promise<OpenLink> {
    const { machine, clock } = this.#options
    const socket = await this.#dialWithToken(signal)
    const giveUp = (): void => socket.terminate()
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    try {
      const joined = await joinAsAgent({
        socket,
        instance: this.#instance,
        machine,
        limits: this.#limits,
        resume,
        onStream: (stream, head) => this.#server.serve(stream, head),
        clock,
      })
      return { ...joined, socket }
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async #dialWithToken(signal: AbortSignal): Promise<WebSocket> {
    try {
      return await this.#dial(await this.#tokens.get(signal), signal)
    } catch (thrown) {
      if (!isUnauthorized(thrown)) throw thrown
    }
    // A token may end before its time: the gateway's own key may have changed. Once, so as not to go round in circles.
    this.#tokens.drop()
    try {
      return await this.#dial(await this.#tokens.get(signal), signal)
    } catch (thrown) {
      if (isUnauthorized(thrown)) this.#tokens.drop()
      throw thrown
    }
  }

  /** Until the link has ended or is to be replaced. */
  async #hold(open: OpenLink): Promise<Lost | undefined> {
    const { link, session, isResumed, tokenExpiresInMs, resumeWindowMs } = open
    const { clock, onEvent } = this.#options
    if (this.#phase !== 'running') {
      link.close('done', 'the agent stops')
      return undefined
    }
    const heldFrom = clock.elapsed()
    const over = new Promise<LinkEnd | string>((resolve) => {
      link.whenGoAway = (_code, text) => resolve(printable(text))
      void link.ended.then(resolve)
    })
    this.#links.add(open)
    this.#current = open
    this.#tokens.expiresIn(tokenExpiresInMs)
    const tunnel: AgentTunnel = { id: printable(open.tunnel.id), label: printable(open.tunnel.label) }
    this.#enter('connected', { tunnel })
    onEvent({ type: 'connected', isResumed, tunnel })

    const end = await over
    this.#current = undefined
    if (clock.elapsed() - heldFrom >= HELD_LINK_MS) this.#backOff.reset()
    if (typeof end === 'string') return this.#retire(open, end)
    this.#links.delete(open)
    if (end.reason === 'token_expired') this.#tokens.drop()
    const stop = stopAfter(end)
    if (stop !== undefined) this.#finish(stop)
    else if (this.#phase !== 'running') session.end('the agent stops')
    else if (!session.isOver) this.#kept = new ResumableSession(session, resumeWindowMs, clock)
    return lostLink(end)
  }

  /** The gateway is about to end this link: the next is opened first, and this one ends with its streams. */
  #retire(open: OpenLink, text: string): Lost | undefined {
    const { link, session } = open
    if (this.#phase !== 'running') return undefined
    this.#options.onEvent({ type: 'goAway', text })
    this.#attempted ??= Promise.withResolvers()
    void Promise.all([session.idle(), this.#attempted.promise]).then(() => link.close('done', 'its streams are over'))
    void link.ended.then(() => {
      this.#links.delete(open)
      session.end('the gateway has ended the link')
    })
    const [oldest] = this.#links
    if (this.#links.size > MAX_RETIRING_LINKS)
      oldest?.link.close('limit_exceeded', 'too many links were told to go away')
    const now = this.#options.clock.elapsed()
    const isSoonAgain = now - this.#goneAwayAt < HELD_LINK_MS
    this.#goneAwayAt = now
    return isSoonAgain ? { reason: 'restarting', text: 'The gateway ends one link after the other.' } : undefined
  }

  /** What an attempt failed with. */
  #explain(thrown: unknown): Lost | undefined {
    const { log } = this.#options
    if (thrown instanceof CredentialRefused) {
      this.#finish(REVOKED_STOP)
      return undefined
    }
    if (thrown instanceof LinkEnded) {
      const stop = stopAfter(thrown.end)
      if (stop !== undefined) this.#finish(stop)
      return lostLink(thrown.end)
    }
    if (thrown instanceof GatewayError) {
      const { code, message, retryAfterMs } = thrown
      return { reason: code, text: message, retryAfterMs }
    }
    if (thrown instanceof TokenRefused) {
      return { reason: 'rejected', text: `The gateway gives no access token (${thrown.code}).` }
    }
    log.error({ err: thrown }, 'agent.attempt_failed')
    return { reason: 'internal', text: 'The agent failed to open a link; its log has the cause.' }
  }

  /** Until it is time for the next attempt, or something has changed. */
  async #pause({ reason, text, retryAfterMs }: Lost): Promise<void> {
    const { clock, onEvent } = this.#options
    const isWoken = clock.elapsed() - this.#wokenAt <= WOKEN_MS
    const isAwaited = this.#kept?.session.isOver === false
    const retryInMs = isWoken ? 0 : this.#backOff.next({ isAwaited, retryAfterMs })
    // Once: an attempt that fails at once must not be made again and again.
    this.#wokenAt = Number.NEGATIVE_INFINITY
    this.#enter('waiting', { retryAt: clock.now() + retryInMs })
    this.#note(text)
    onEvent({ type: 'lost', reason, text, retryInMs })
    await this.#wait(retryInMs)
  }

  /** That long, unless `#endPause` is called before. */
  async #wait(ms: number): Promise<void> {
    if (ms === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(ms, () => this.#endPause?.())
      this.#endPause = () => {
        timer[Symbol.dispose]()
        this.#endPause = undefined
        resolve()
      }
    })
  }

  /** The machine was suspended or its network has changed: links are doubted, waits and attempts begin anew. */
  #wake(): void {
    for (const { link } of this.#links) link.probe(PROBE_MS)
    this.#backOff.reset()
    if (this.#endPause === undefined) this.#wokenAt = this.#options.clock.elapsed()
    else this.#endPause()
    this.#attempt?.abort()
  }

  #onTick(): void {
    if (this.#current !== undefined && this.#tokens.isDue) void this.#renewToken()
  }

  async #renewToken(): Promise<void> {
    try {
      const token = await this.#tokens.renew()
      for (const { link } of this.#links) link.sendToken(token.reveal())
    } catch (thrown) {
      const lost = this.#explain(thrown)
      if (lost !== undefined) this.#note(lost.text)
    }
  }

  #finish(stop: AgentStop): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'stopped'
    this.#watch?.[Symbol.dispose]()
    this.#drainTimer?.[Symbol.dispose]()
    this.#attempt?.abort()
    this.#endPause?.()
    this.#kept?.hold()
    this.#kept?.session.end('the agent has stopped')
    const closed = [...this.#links].map(({ socket }) => closeOf(socket))
    for (const { link } of this.#links) link.close('done', 'the agent has stopped')
    this.#enter('stopped')
    if (stop.reason !== 'stopped') this.#note(stop.text)
    this.#options.onEvent({ type: 'stopped', ...stop })
    void Promise.all([...closed, this.#running]).then(() => this.#done.resolve(stop))
  }

  #enter(state: AgentStatus['state'], more: { readonly tunnel?: AgentTunnel; readonly retryAt?: number } = {}): void {
    const { tunnel, lastError } = this.#status
    this.#status = { state, since: this.#options.clock.now(), tunnel, retryAt: undefined, lastError, ...more }
  }

  #note(text: string): void {
    this.#status = { ...this.#status, lastError: { at: this.#options.clock.now(), text } }
  }
}

function isUnauthorized(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.code === 'unauthorized'
}

/** Resolves when the socket is closed, which the link sees to in a few seconds. */
function closeOf(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
