import { Allowance } from '../core/allowance.ts'
import type { Clock } from '../core/clock.ts'
import { CLOSE, type CloseReason, type GoAwayCode, isResumable, nameOf, type StreamReset } from '../protocol/codes.ts'
import type { FrameSink } from '../protocol/frame-reader.ts'
import { ackFrame, goAwayFrame, helloFrame, pingFrame, pongFrame, tokenFrame } from '../protocol/frame-writer.ts'
import { FRAME_RATES, HELLO_TIMEOUT_MS } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { cutText, readText } from '../protocol/text.ts'
import { Inbox } from './inbox.ts'
import type { LinkSocket } from './link-socket.ts'
import type { SessionLink, TunnelSession } from './session.ts'

/** A link that holds more than this unsent takes no more, bytes; with less than half it goes on. */
const HIGH_WATER_BYTES = 262_144
/** Answers that wait because the other side asks and never reads, bytes beyond what its session keeps; then the link ends. */
const FLOODED_BYTES = 1_048_576
/** What an OPEN costs more than other frames, in frames: a whole request is made of it. */
const OPEN_COST = 7
/** How long the other side has to answer a close frame, milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000
/** Bytes of a close frame's text (RFC 6455 §5.5). */
const MAX_CLOSE_TEXT_BYTES = 123

/** Why a link ended; `lost`: without a word. */
export interface LinkEnd {
  readonly reason: CloseReason | 'lost'
  /** For people. */
  readonly text: string
}

/** A link ended before both sides had said HELLO. */
export class LinkEnded extends Error {
  override readonly name = 'LinkEnded'
  readonly end: LinkEnd

  constructor(end: LinkEnd) {
    super(`the link ended: ${end.text === '' ? end.reason : end.text}`)
    this.end = end
  }
}

export interface LinkOptions {
  /** Open, with the subprotocol agreed on. The link closes it. */
  readonly socket: LinkSocket
  /** Who is at the other end. */
  readonly peer: 'gateway' | 'agent'
  /** See `TunnelLimits`. */
  readonly framesPerSecond: number
  readonly clock: Clock
  /** The other side's HELLO, once. What it throws ends the link. */
  readonly onHello: (payload: Buffer) => void
}

/** One live connection (docs/protocol.md §8): messages, heartbeat and end. The frames of streams go to its session. */
export class Link implements FrameSink, SessionLink {
  /** A new access token, from an agent. */
  whenToken: ((token: string) => void) | undefined
  readonly #options: LinkOptions
  readonly #ended = Promise.withResolvers<LinkEnd>()
  #session: TunnelSession | undefined
  #hasHello = false
  #end: LinkEnd | undefined
  #heardAt: number
  #pingedAt = 0
  #roundTripMs: number | undefined
  /** Until the HELLO; then the heartbeat. */
  #timer: Disposable
  #silence: Disposable | undefined
  #probe: Disposable | undefined
  #isFull = false
  readonly #inbox: Inbox
  readonly #allowances: Readonly<Record<'ping' | 'pong' | 'token' | 'optional', Allowance>>
  #whenGoAway: ((code: GoAwayCode, text: string) => void) | undefined
  #goneAway: Parameters<(code: GoAwayCode, text: string) => void> | undefined
  #hasSaidGoAway = false
  /** The last PING of the message that is read, and of the WebSocket in this turn: they are answered, no others are. */
  #pinged: Buffer | undefined
  #socketPinged: Buffer | undefined

  constructor(options: LinkOptions) {
    const { socket, clock } = options
    this.#options = options
    this.#heardAt = clock.elapsed()
    this.#timer = clock.after(HELLO_TIMEOUT_MS, () => this.close('protocol_error', 'no HELLO came in time'))
    this.#allowances = {
      ping: new Allowance(FRAME_RATES.ping, clock),
      pong: new Allowance(FRAME_RATES.pong, clock),
      token: new Allowance(FRAME_RATES.token, clock),
      optional: new Allowance(FRAME_RATES.optional, clock),
    }
    this.#inbox = new Inbox({
      socket,
      peer: options.peer,
      framesPerSecond: options.framesPerSecond,
      clock,
      sink: this,
      onRead: (bytes) => this.#messageRead(bytes),
      onFault: (thrown) => this.#fault(thrown),
    })
    socket.on('message', (message: Buffer, isBinary: boolean) => this.#take(message, isBinary))
    socket.on('ping', (content: Buffer) => this.#socketPing(content))
    socket.on('close', (code: number, text: Buffer) => {
      // What came before the close counts.
      this.#inbox.finish()
      this.#finish({ reason: nameOf(CLOSE, code) ?? 'lost', text: readText(text) })
    })
    // No WebSocket message, or a larger one than is taken. `ws` has told the other side, and reads no more.
    socket.on('error', (error) => this.close('protocol_error', error.message))
  }

  /** Resolves once the link has ended, whoever ended it. Never rejects. */
  get ended(): Promise<LinkEnd> {
    return this.#ended.promise
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** The last one measured, milliseconds; `undefined` before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  get isFull(): boolean {
    this.#isFull ||= this.#options.socket.bufferedAmount >= HIGH_WATER_BYTES
    return this.#isFull
  }

  /** The other side will soon end this link. Called at once where it has said so already: it may, right behind its HELLO. */
  set whenGoAway(listener: (code: GoAwayCode, text: string) => void) {
    this.#whenGoAway = listener
    if (this.#goneAway !== undefined) listener(...this.#goneAway)
  }

  /** Sends our HELLO. */
  hello(payload: Buffer): void {
    this.send(helloFrame(payload))
  }

  /**
   * Both HELLOs have passed: stream frames now go to and come from `session`, and the heartbeat begins. Does nothing on
   * a link that has ended.
   * @param peerReceived how many of our frames the other side has
   * @param heartbeat how often we ping, and the other side does, milliseconds
   * @throws ProtocolError when the count cannot be.
   */
  start(
    session: TunnelSession,
    peerReceived: number,
    heartbeat: { readonly ownMs: number; readonly peerMs: number },
  ): void {
    if (this.#end !== undefined) return
    this.#timer[Symbol.dispose]()
    this.#session = session
    session.attach(this, peerReceived)
    this.#timer = this.#options.clock.every(heartbeat.ownMs, () => this.#ping())
    this.#awaitSign(heartbeat.peerMs * 2)
    this.#ping()
  }

  /** Sends one message at once. */
  send(message: Buffer): void {
    const { socket } = this.#options
    if (this.#end !== undefined) return
    socket.send(message, SEND_OPTIONS, this.#onWritten)
  }

  sendAck(count: number): void {
    this.send(ackFrame(count))
  }

  /** A new access token, from an agent to its gateway. It is not kept. */
  sendToken(token: string): void {
    this.send(tokenFrame(token))
  }

  /** Tells the other side that this link will soon end: once, a second time does nothing. */
  goAway(code: GoAwayCode, text: string): void {
    if (this.#hasSaidGoAway) return
    this.#hasSaidGoAway = true
    this.send(goAwayFrame(code, text))
  }

  /** Hands on what has wholly come, and takes nothing more. */
  finishReading(): void {
    this.#inbox.finish()
  }

  /** Ends the link, and says why. Its session ends too where the reason says so. */
  close(reason: CloseReason, text: string): void {
    if (this.#end !== undefined) return
    const { socket, clock } = this.#options
    // The session goes on: what has come of it counts.
    if (isResumable(reason)) this.#inbox.finish()
    if (this.#end !== undefined) return
    // Whoever is done may have said its last word in this very turn.
    if (reason === 'done') this.#session?.flush()
    socket.close(CLOSE[reason], cutText(text, MAX_CLOSE_TEXT_BYTES))
    // Whoever sends too much is listened to no longer, not even for its answer.
    if (reason === 'limit_exceeded') socket.pause()
    const deadline = clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate())
    socket.once('close', () => deadline[Symbol.dispose]())
    this.#finish({ reason, text })
  }

  /** Pings now; unless anything comes within that time, the link ends as `heartbeat_missed`. */
  probe(withinMs: number): void {
    const { clock } = this.#options
    const askedAt = clock.elapsed()
    this.#ping()
    this.#probe?.[Symbol.dispose]()
    this.#probe = clock.after(withinMs, () => {
      if (this.#heardAt <= askedAt) this.#miss()
    })
  }

  onHello(payload: Buffer): void {
    if (this.#hasHello) throw new ProtocolError('a second HELLO came')
    this.#hasHello = true
    this.#options.onHello(payload)
  }

  onAck(count: number): void {
    this.#sessionOf().onAck(count)
  }

  onPing(content: Buffer): void {
    this.#sessionOf()
    this.#count('ping')
    this.#pinged = content
  }

  onPong(content: Buffer): void {
    this.#sessionOf()
    this.#count('pong')
    const sentAt = content.readDoubleBE(0)
    if (sentAt === this.#pingedAt) this.#roundTripMs = this.#options.clock.elapsed() - sentAt
  }

  onToken(token: string): void {
    if (this.#options.peer === 'gateway') throw new ProtocolError('a gateway sends no token')
    this.#sessionOf()
    this.#count('token')
    this.whenToken?.(token)
  }

  onGoAway(code: GoAwayCode | undefined, text: string): void {
    this.#sessionOf()
    if (this.#goneAway !== undefined) throw new ProtocolError('a second GO_AWAY came')
    // A code that is not known yet is taken for the usual one.
    this.#goneAway = [code ?? (this.#options.peer === 'gateway' ? 'restart' : 'stopping'), text]
    this.#whenGoAway?.(...this.#goneAway)
  }

  onOpen(streamId: number, streamKind: number, head: Buffer, isEnd: boolean): void {
    this.#inbox.charge(OPEN_COST)
    this.#sessionOf().onOpen(streamId, streamKind, head, isEnd)
  }

  onHead(streamId: number, head: Buffer, isEnd: boolean): void {
    this.#sessionOf().onHead(streamId, head, isEnd)
  }

  onData(streamId: number, data: Buffer, isEnd: boolean): void {
    this.#sessionOf().onData(streamId, data, isEnd)
  }

  onCredit(streamId: number, bytes: number): void {
    this.#sessionOf().onCredit(streamId, bytes)
  }

  onReset(streamId: number, reset: StreamReset): void {
    this.#sessionOf().onReset(streamId, reset)
  }

  onUnknown(streamId: number): void {
    const session = this.#sessionOf()
    this.#count('optional')
    if (streamId !== 0) session.onUnknown()
  }

  #take(message: Buffer, isBinary: boolean): void {
    if (this.#end !== undefined) return
    this.#heardAt = this.#options.clock.elapsed()
    if (isBinary) this.#inbox.add(message)
    else this.close('protocol_error', 'a text message came')
  }

  #messageRead(bytes: number): void {
    this.#session?.messageRead(bytes)
    if (this.#pinged !== undefined) this.send(pongFrame(this.#pinged))
    this.#pinged = undefined
    this.#endIfFlooded()
  }

  #fault(thrown: unknown): void {
    if (!(thrown instanceof ProtocolError)) throw thrown
    this.close(thrown.closeReason, thrown.message)
  }

  #count(kind: 'ping' | 'pong' | 'token' | 'optional'): void {
    if (!this.#allowances[kind].take(1)) {
      throw new ProtocolError(`more ${kind} frames came than may`, 'limit_exceeded')
    }
  }

  #socketPing(content: Buffer): void {
    if (this.#end !== undefined) return
    if (!this.#allowances.ping.take(1)) {
      this.close('limit_exceeded', 'more pings came than may')
      return
    }
    const { socket, clock } = this.#options
    const isAsked = this.#socketPinged !== undefined
    this.#socketPinged = content
    if (isAsked) return
    clock.turn(() => {
      if (this.#end === undefined && this.#socketPinged !== undefined) socket.pong(this.#socketPinged)
      this.#socketPinged = undefined
    })
  }

  #sessionOf(): TunnelSession {
    if (this.#session === undefined) throw new ProtocolError('a frame came before the HELLO')
    // In the middle of this message: what is left of it is for nobody.
    if (this.#end !== undefined) throw new ProtocolError('the link has ended')
    return this.#session
  }

  /** Whoever makes us answer, and neither reads nor acknowledges, would fill our memory. */
  #endIfFlooded(): void {
    const session = this.#session
    if (session === undefined) return
    const isFlooded = this.#options.socket.bufferedAmount > session.keptBytes + FLOODED_BYTES
    if (isFlooded || session.isOverrun) this.close('limit_exceeded', 'what is sent is not read, or not acknowledged')
  }

  /** Ends the link at the moment at which nothing has come for that long. */
  #awaitSign(silenceMs: number): void {
    const { clock } = this.#options
    // It may have said more, which is not read yet.
    if (this.#inbox.isWaiting) this.#heardAt = clock.elapsed()
    const leftMs = this.#heardAt + silenceMs - clock.elapsed()
    if (leftMs <= 0) this.#miss()
    else this.#silence = clock.after(leftMs, () => this.#awaitSign(silenceMs))
  }

  #miss(): void {
    this.close('heartbeat_missed', 'nothing was heard for two heartbeats')
  }

  #ping(): void {
    this.#pingedAt = this.#options.clock.elapsed()
    const content = Buffer.allocUnsafe(8)
    content.writeDoubleBE(this.#pingedAt, 0)
    this.send(pingFrame(content))
  }

  readonly #onWritten = (): void => {
    if (!this.#isFull || this.#options.socket.bufferedAmount * 2 >= HIGH_WATER_BYTES) return
    this.#isFull = false
    this.#session?.flush()
  }

  #finish(end: LinkEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#inbox.close()
    this.#timer[Symbol.dispose]()
    this.#silence?.[Symbol.dispose]()
    this.#probe?.[Symbol.dispose]()
    const session = this.#session
    if (session?.isOn(this)) {
      if (session.canResume && isResumable(end.reason)) session.detach(this)
      else session.end(end.text)
    }
    this.#ended.resolve(end)
  }
}

const SEND_OPTIONS = { binary: true, compress: false } as const
