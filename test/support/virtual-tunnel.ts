import { createHash } from 'node:crypto'
import { BackOff } from '../../src/agent/back-off.ts'
import { ResumableSession } from '../../src/agent/resumable-session.ts'
import { HELD_LINK_MS } from '../../src/protocol/limits.ts'
import { awaitAgent, sessionFor, welcome } from '../../src/tunnel/accept.ts'
import { joinAsAgent } from '../../src/tunnel/join.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../src/tunnel/limits.ts'
import type { Link } from '../../src/tunnel/link.ts'
import type { TunnelSession } from '../../src/tunnel/session.ts'
import type { ServeRequest } from '../../src/tunnel/stream-kinds.ts'
import { type MemorySocket, MemoryWire } from './memory-socket.ts'
import type { VirtualClock } from './virtual-clock.ts'

const RESUME_WINDOW_MS = 30_000
const WIRE = { latencyMs: 20, bytesPerMs: 1_000 }

/**
 * Both sides of one tunnel on a virtual clock, without a network. Each side keeps a session whose link broke; the agent
 * opens the next link, with back-off. `close` it, and give it 10 s to end.
 */
export class VirtualTunnel {
  /** What became of links, each line with its time: `12000 agent lost`. */
  readonly trace: string[] = []
  /** No new link gets through. */
  isBlocked = false
  readonly #clock: VirtualClock
  readonly #onStream: ServeRequest
  readonly #backOff: BackOff
  readonly #wired = createHash('sha256')
  #sessions = 0
  #wire: MemoryWire | undefined
  #link: Link | undefined
  #session: TunnelSession | undefined
  #kept: ResumableSession | undefined
  #agentLink: Link | undefined
  #agentSession: TunnelSession | undefined
  #isClosed = false

  constructor(clock: VirtualClock, onStream: ServeRequest) {
    this.#clock = clock
    this.#onStream = onStream
    this.#backOff = new BackOff(clock)
    void this.#runAgent()
  }

  /** The gateway's session; `undefined` before the first link and after one that did not come back in time. */
  get session(): TunnelSession | undefined {
    return this.#session?.isOver === false ? this.#session : undefined
  }

  /** Streams that either side still knows. */
  get liveStreams(): number {
    return (this.#session?.liveStreams ?? 0) + (this.#agentSession?.liveStreams ?? 0)
  }

  /** The connection breaks, and both sides hear of it. */
  cut(): void {
    this.note('cut')
    this.#wire?.cut()
  }

  /** The connection carries nothing any more, and nobody hears of it. */
  silence(): void {
    this.note('silence')
    if (this.#wire !== undefined) this.#wire.isSilent = true
  }

  note(text: string): void {
    this.trace.push(`${this.#clock.elapsed().toFixed(3)} ${text}`)
  }

  /** SHA-256 of every message that has arrived, with its time. */
  digest(): string {
    return this.#wired.copy().digest('hex')
  }

  close(): void {
    this.#isClosed = true
    this.#agentLink?.close('done', 'the simulation is over')
    this.#agentSession?.end('the simulation is over')
    this.#session?.end('the simulation is over')
    this.#kept?.hold()
  }

  async #runAgent(): Promise<void> {
    let kept: ResumableSession | undefined
    while (!this.#isClosed) {
      kept?.hold()
      const joined = await this.#join(kept?.session)
      if (joined === undefined) {
        kept?.release()
      } else {
        const { link, session, isResumed } = joined
        const heldFromMs = this.#clock.elapsed()
        this.#agentLink = link
        this.#agentSession = session
        this.note(`agent ${session.id} ${isResumed ? 'resumed' : 'begun'}`)
        const { reason } = await link.ended
        this.note(`agent ${reason}`)
        if (this.#clock.elapsed() - heldFromMs >= HELD_LINK_MS) this.#backOff.reset()
        kept = session.isOver ? undefined : new ResumableSession(session, RESUME_WINDOW_MS, this.#clock)
      }
      const waitMs = this.#backOff.next({ isAwaited: kept !== undefined })
      await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve))
    }
    kept?.hold()
  }

  #join(resume: TunnelSession | undefined) {
    if (this.isBlocked) return undefined
    this.#wire = new MemoryWire({ clock: this.#clock, ...WIRE })
    const { ends } = this.#wire
    for (const end of ends)
      end.on('message', (message) => this.#wired.update(`${this.#clock.elapsed()} `).update(message))
    void this.#accept(ends[0])
    return joinAsAgent({
      socket: ends[1],
      instance: 'virtual',
      machine: { name: 'virtual', platform: 'linux', arch: 'x64' },
      limits: DEFAULT_TUNNEL_LIMITS,
      resume,
      onStream: this.#onStream,
      clock: this.#clock,
    }).catch(() => undefined)
  }

  async #accept(socket: MemorySocket): Promise<void> {
    const offered = await awaitAgent(socket, this.#clock, DEFAULT_TUNNEL_LIMITS).catch(() => undefined)
    if (offered === undefined) return
    const { link, hello } = offered
    this.session?.leaveLink()
    const before = this.session
    const isResumed = before !== undefined && hello.resume?.session === before.id
    if (!isResumed) before?.end('the agent began anew')
    const oldLink = isResumed ? this.#link : undefined
    const session = isResumed ? before : this.#newSession(hello)
    this.#kept?.hold()
    this.#link = link
    this.#session = session
    welcome(offered, DEFAULT_TUNNEL_LIMITS, {
      session,
      isResumed,
      resumeWindowMs: RESUME_WINDOW_MS,
      tunnel: { id: 'tun_virtual', label: 'virtual' },
      tokenExpiresInMs: 900_000,
    })
    oldLink?.close('heartbeat_missed', 'the session goes on over a newer link')
    this.note(`gateway ${session.id} ${isResumed ? 'resumed' : 'begun'}`)
    const { reason } = await link.ended
    this.note(`gateway ${reason}`)
    if (this.#link !== link) return
    this.#link = undefined
    if (!session.isOver) this.#kept = new ResumableSession(session, RESUME_WINDOW_MS, this.#clock)
  }

  #newSession(hello: Parameters<typeof sessionFor>[0]): TunnelSession {
    const id = `s${++this.#sessions}`
    return sessionFor(hello, { id, limits: DEFAULT_TUNNEL_LIMITS, canResume: true, clock: this.#clock })
  }
}
