import { Allowance } from '../core/allowance.ts'
import type { Clock } from '../core/clock.ts'
import type { ResetOrigin, StreamReset } from '../protocol/codes.ts'
import { creditFrame, headFrame, openFrame, resetFrame } from '../protocol/frame-writer.ts'
import { ACK_BYTES, ACK_DELAY_MS, FRAME_RATES } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { agentBusy } from './agent-busy.ts'
import type { TunnelLimits } from './limits.ts'
import { type Channel, Outbox } from './outbox.ts'
import { ReceiveWindow, type WindowSurroundings } from './receive-window.ts'
import { type StreamReceiver, type StreamSession, TunnelStream } from './stream.ts'
import { type StreamKind, streamKindOf } from './stream-kinds.ts'

/** Until the first PONG a round trip is taken for this long, milliseconds. */
const ASSUMED_ROUND_TRIP_MS = 50

/** What may be held for the other side beyond the resend buffer, bytes: heads, credit and resets that it does not take. */
const MAX_HELD_BYTES = 67_108_864

/** What a session asks of the link it is on. */
export interface SessionLink extends Channel {
  readonly roundTripMs: number | undefined
  sendAck(count: number): void
  /** Hands on what has wholly come on it, and takes nothing more. */
  finishReading(): void
}

export interface SessionOptions {
  readonly id: string
  /** Which side we are. */
  readonly side: 'gateway' | 'agent'
  readonly limits: TunnelLimits
  /** What the other side's HELLO named: the first window it gives, and the streams we may open. */
  readonly peer: { readonly window: number; readonly streams: number }
  /** Both sides can resume: what was sent is kept until it is acknowledged. */
  readonly canResume: boolean
  readonly clock: Clock
  /**
   * A stream has come, on the agent's side, and the head that its OPEN carried, a view of the message. It sets
   * `stream.receiver` before it returns. A ProtocolError that it throws ends the link.
   */
  readonly onStream?: (kind: StreamKind, stream: TunnelStream, head: Buffer) => void
  /**
   * It has become worn: another session should take its place. Called once more for each stream that it cannot open any
   * more, as it has no id left.
   */
  readonly onWorn?: () => void
}

/**
 * What two sides know of their streams (docs/protocol.md §4–7). It is on one link at a time, and outlives a broken one
 * until `end`. Its owner decides how long that may be.
 */
export class TunnelSession implements StreamSession, WindowSurroundings {
  readonly id: string
  readonly canResume: boolean
  readonly #options: SessionOptions
  readonly #outbox: Outbox
  readonly #streams = new Map<number, TunnelStream>()
  /** Opened since the link broke: the other side cannot have heard of them. */
  readonly #unsent = new Set<TunnelStream>()
  #link: SessionLink | undefined
  #nextId = 1
  #highestId = 0
  #windowBytes = 0
  #receivedCount = 0
  /** Of these, those of messages that were read to their end. */
  #wholeCount = 0
  readonly #refusals: Allowance
  #unacknowledgedBytes = 0
  #ackTimer: Disposable | undefined
  #isOver = false
  #whenIdle: (() => void)[] = []

  constructor(options: SessionOptions) {
    this.id = options.id
    this.canResume = options.canResume
    this.#options = options
    this.#refusals = new Allowance(FRAME_RATES.refused, options.clock)
    this.#outbox = new Outbox(options.limits.resendBytes, options.canResume, options.clock)
  }

  get liveStreams(): number {
    return this.#streams.size
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Stream frames received so far, in whole messages: what a resume tells the other side. */
  get receivedCount(): number {
    return this.#wholeCount
  }

  /** Bytes of what was sent, kept until they are acknowledged. */
  get keptBytes(): number {
    return this.#outbox.keptBytes
  }

  /** More is held for the other side than one that reads and acknowledges could cause. */
  get isOverrun(): boolean {
    return this.#outbox.heldBytes > this.#options.limits.resendBytes + MAX_HELD_BYTES
  }

  /** Few of its stream ids are left: they only grow, and a session may live for as long as its agent. */
  get isWorn(): boolean {
    return this.#nextId > this.#options.limits.renewStreamId
  }

  /** None is left. */
  get isSpent(): boolean {
    return this.#nextId > this.#options.limits.lastStreamId
  }

  /** Who is at the other end. */
  get peer(): 'gateway' | 'agent' {
    return this.#options.side === 'gateway' ? 'agent' : 'gateway'
  }

  get roundTripMs(): number {
    return this.#link?.roundTripMs ?? ASSUMED_ROUND_TRIP_MS
  }

  elapsed(): number {
    return this.#options.clock.elapsed()
  }

  /**
   * Takes up a link, the first or the next, after the other side said how many of our frames it has.
   * @throws ProtocolError when that cannot be.
   */
  attach(link: SessionLink, peerReceived: number): void {
    this.#link = link
    this.#unsent.clear()
    this.#outbox.attach(link, peerReceived)
  }

  /** Before another link takes it up: what has wholly come on the one that it is on counts, and nothing more does. */
  leaveLink(): void {
    this.#link?.finishReading()
  }

  /** The link has ended; does nothing when the session is on another one by now. */
  detach(link: SessionLink): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#outbox.detach()
    this.#stopAckTimer()
  }

  /** Whether it is on that link. */
  isOn(link: SessionLink): boolean {
    return this.#link === link
  }

  /** The link has room again. */
  flush(): void {
    this.#outbox.flush()
  }

  /**
   * Opens a stream; on the gateway's side. The OPEN leaves at the end of this turn, or with the next link.
   * @param head what the kind puts into OPEN; empty where it has none
   * @param isEnd whether nothing follows from our side
   * @throws PunkuError `agent_busy` when the agent serves as many as it may, or no id is left.
   */
  open(kind: StreamKind, head: Buffer, isEnd: boolean, receiver: StreamReceiver): TunnelStream {
    if (this.isSpent) this.#options.onWorn?.()
    if (this.#streams.size >= this.#options.peer.streams || this.isSpent || this.isOverrun) throw agentBusy()
    const stream = this.#add(this.#nextId, receiver, kind.needsHead)
    const wasWorn = this.isWorn
    this.#nextId += 2
    if (this.isWorn && !wasWorn) this.#options.onWorn?.()
    if (this.#link === undefined) this.#unsent.add(stream)
    this.#outbox.push(openFrame(stream.id, kind.code, head, isEnd))
    if (isEnd) stream.endedWithHead()
    return stream
  }

  /**
   * Ends every stream as interrupted, or as `unreachable` where nothing of it has left; nothing more is sent. Does
   * nothing when it is over.
   */
  end(text: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#link = undefined
    this.#stopAckTimer()
    const origin = this.#options.side
    for (const stream of [...this.#streams.values()]) {
      stream.receiveReset({ code: this.#unsent.has(stream) ? 'unreachable' : 'interrupted', origin, text })
    }
    this.#unsent.clear()
    this.#outbox.clear()
    this.#tellIdle()
  }

  /** Resolves when no stream is left. */
  idle(): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** For the link: all frames of a message of `bytes` have been read. */
  messageRead(bytes: number): void {
    if (this.#receivedCount === this.#wholeCount) return
    this.#wholeCount = this.#receivedCount
    if (!this.canResume || this.#isOver) return
    this.#unacknowledgedBytes += bytes
    if (this.#unacknowledgedBytes >= ACK_BYTES) this.#acknowledge()
    else this.#ackTimer ??= this.#options.clock.after(ACK_DELAY_MS, () => this.#acknowledge())
  }

  onAck(count: number): void {
    this.#outbox.acknowledge(count)
  }

  onOpen(id: number, kindCode: number, head: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    const { onStream, limits } = this.#options
    if (onStream === undefined) throw new ProtocolError('only a gateway opens streams')
    if (id % 2 === 0 || id <= this.#highestId)
      throw new ProtocolError('a stream id is even, or not above all before it')
    this.#highestId = id
    const kind = streamKindOf(kindCode)
    if (kind === undefined) {
      this.#refuse(id, 'unsupported', 'the stream kind is not known')
      return
    }
    if (this.#streams.size >= limits.streams) {
      this.#refuse(id, 'busy', 'as many streams are open as may be')
      return
    }
    const stream = this.#add(id, DEAF, false)
    onStream(kind, stream, head)
    if (isEnd && !stream.isOver) stream.receiveEnd()
  }

  onHead(id: number, head: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    const stream = this.#find(id)
    if (this.#options.side === 'agent') throw new ProtocolError('only an agent sends a response')
    stream?.receiveHead(head, isEnd)
  }

  onData(id: number, chunk: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    this.#find(id)?.receiveData(chunk, isEnd)
  }

  onCredit(id: number, bytes: number): void {
    this.#receivedCount++
    this.#find(id)?.receiveCredit(bytes)
  }

  onReset(id: number, reset: StreamReset): void {
    this.#receivedCount++
    this.#find(id)?.receiveReset(reset)
  }

  onUnknown(): void {
    this.#receivedCount++
  }

  sendHead(stream: TunnelStream, head: Buffer, isEnd: boolean): void {
    this.#outbox.push(headFrame(stream.id, head, isEnd))
  }

  sendCredit(stream: TunnelStream, bytes: number): void {
    this.#outbox.push(creditFrame(stream.id, bytes))
  }

  sendReset(stream: TunnelStream, reset: StreamReset): void {
    if (!this.#isOver) this.#outbox.push(resetFrame(stream.id, reset))
  }

  wants(stream: TunnelStream): void {
    this.#outbox.add(stream)
  }

  finished(stream: TunnelStream): void {
    this.#windowBytes -= stream.windowBytes
    this.#streams.delete(stream.id)
    this.#unsent.delete(stream)
    if (this.#streams.size === 0) this.#tellIdle()
  }

  takeWindow(bytes: number, share: number): number {
    const left = Math.max(0, this.#options.limits.linkWindowBytes - this.#windowBytes)
    const taken = Math.min(bytes, Math.floor(left * share))
    this.#windowBytes += taken
    return taken
  }

  #add(id: number, receiver: StreamReceiver, needsHead: boolean): TunnelStream {
    const { limits, peer } = this.#options
    const window = new ReceiveWindow(this, limits.windowBytes, limits.maxWindowBytes)
    const stream = new TunnelStream(this, id, { credit: peer.window, window, receiver, needsHead })
    this.#windowBytes += limits.windowBytes
    this.#streams.set(id, stream)
    return stream
  }

  /** The stream of a frame; `undefined` when it is over, and the frame is none of ours any more. */
  #find(id: number): TunnelStream | undefined {
    const stream = this.#streams.get(id)
    if (stream !== undefined) return stream
    const isKnown = id % 2 === 1 && (this.#options.side === 'gateway' ? id < this.#nextId : id <= this.#highestId)
    if (!isKnown) throw new ProtocolError('a frame names a stream that was never opened')
    return undefined
  }

  #refuse(id: number, code: 'unsupported' | 'busy', text: string): void {
    if (!this.#refusals.take(1)) throw new ProtocolError('too many streams were opened in vain', 'limit_exceeded')
    const origin: ResetOrigin = this.#options.side
    this.#outbox.push(resetFrame(id, { code, origin, text }))
  }

  #acknowledge(): void {
    this.#stopAckTimer()
    this.#unacknowledgedBytes = 0
    this.#link?.sendAck(this.#wholeCount)
  }

  #stopAckTimer(): void {
    this.#ackTimer?.[Symbol.dispose]()
    this.#ackTimer = undefined
  }

  #tellIdle(): void {
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }
}

/** Stands in until whoever takes the stream has set its own. */
const DEAF: StreamReceiver = {
  onData() {},
  onEnd() {},
  onReset() {},
  onDrain() {},
}
