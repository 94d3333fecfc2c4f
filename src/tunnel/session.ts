import type { Clock } from '../core/clock.ts'
import { type ResetOrigin, STREAM_KIND, type StreamReset } from '../protocol/codes.ts'
import { creditFrame, headFrame, openFrame, resetFrame } from '../protocol/frame-writer.ts'
import { decodeRequestHead, decodeResponseHead, encodeRequestHead, type RequestHead } from '../protocol/head.ts'
import { ACK_BYTES, ACK_DELAY_MS, MAX_STREAM_ID } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { agentBusy } from './agent-busy.ts'
import type { TunnelLimits } from './limits.ts'
import { type Channel, Outbox } from './outbox.ts'
import { ReceiveWindow, type WindowSurroundings } from './receive-window.ts'
import { type StreamReceiver, type StreamSession, TunnelStream } from './stream.ts'

/** Until the first PONG a round trip is taken for this long, milliseconds. */
const ASSUMED_ROUND_TRIP_MS = 50

/** What may be held for the other side beyond the resend buffer, bytes: heads, credit and resets that it does not take. */
const MAX_HELD_BYTES = 67_108_864

/** What a session asks of the link it is on. */
export interface SessionLink extends Channel {
  readonly roundTripMs: number | undefined
  sendAck(count: number): void
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
  /** A request has come, on the agent's side. It sets `stream.receiver` before it returns. */
  readonly onStream?: (stream: TunnelStream, head: RequestHead) => void
}

/**
 * What two sides know of their streams (docs/protocol.md §4–7). It is on one link at a time, and outlives a broken one
 * until `end`. Its owner decides how long that may be.
 */
export class Session implements StreamSession, WindowSurroundings {
  readonly id: string
  readonly canResume: boolean
  readonly #options: SessionOptions
  readonly #outbox: Outbox
  readonly #streams = new Map<number, TunnelStream>()
  #link: SessionLink | undefined
  #nextId = 1
  #highestId = 0
  #windowBytes = 0
  #receivedCount = 0
  #unacknowledgedBytes = 0
  #ackTimer: Disposable | undefined
  #isOver = false
  #whenIdle: (() => void)[] = []

  constructor(options: SessionOptions) {
    this.id = options.id
    this.canResume = options.canResume
    this.#options = options
    this.#outbox = new Outbox(options.limits.resendBytes, options.canResume)
  }

  get liveStreams(): number {
    return this.#streams.size
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Stream frames received so far: what a resume tells the other side. */
  get receivedCount(): number {
    return this.#receivedCount
  }

  /** Bytes of what was sent, kept until they are acknowledged. */
  get keptBytes(): number {
    return this.#outbox.keptBytes
  }

  /** More is held for the other side than one that reads and acknowledges could cause. */
  get isOverrun(): boolean {
    return this.#outbox.heldBytes > this.#options.limits.resendBytes + MAX_HELD_BYTES
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
    this.#outbox.attach(link, peerReceived)
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
   * Opens a stream for a request; on the gateway's side. The OPEN leaves at the end of this turn, or with the next link.
   * @throws PunkuError `agent_busy` when the agent serves as many as it may; TypeError for a head that may not be sent.
   */
  open(head: RequestHead, isEnd: boolean, receiver: StreamReceiver): TunnelStream {
    const bytes = encodeRequestHead(head)
    if (this.#streams.size >= this.#options.peer.streams || this.#nextId > MAX_STREAM_ID || this.isOverrun) {
      throw agentBusy()
    }
    const stream = this.#add(this.#nextId, receiver)
    this.#nextId += 2
    this.#outbox.push(openFrame(stream.id, bytes, isEnd))
    if (isEnd) stream.endedWithHead()
    return stream
  }

  /** Ends every stream as interrupted; nothing more is sent. Does nothing when it is over. */
  end(text: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#link = undefined
    this.#stopAckTimer()
    const reset: StreamReset = { code: 'interrupted', origin: this.#options.side, text }
    for (const stream of [...this.#streams.values()]) stream.receiveReset(reset)
    this.#outbox.clear()
    this.#tellIdle()
  }

  /** Resolves when no stream is left. */
  idle(): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** For the link: the frames of a whole message of `bytes` have been read, and the count was `before` them. */
  messageRead(before: number, bytes: number): void {
    if (this.#receivedCount === before || !this.canResume || this.#isOver) return
    this.#unacknowledgedBytes += bytes
    if (this.#unacknowledgedBytes >= ACK_BYTES) this.#acknowledge()
    else this.#ackTimer ??= this.#options.clock.after(ACK_DELAY_MS, () => this.#acknowledge())
  }

  onAck(count: number): void {
    this.#outbox.acknowledge(count)
  }

  onOpen(id: number, streamKind: number, payload: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    const { onStream, limits } = this.#options
    if (onStream === undefined) throw new ProtocolError('only a gateway opens streams')
    if (id % 2 === 0 || id <= this.#highestId)
      throw new ProtocolError('a stream id is even, or not above all before it')
    this.#highestId = id
    if (streamKind !== STREAM_KIND.http) {
      this.#refuse(id, 'unsupported', 'the stream kind is not known')
      return
    }
    if (this.#streams.size >= limits.streams) {
      this.#refuse(id, 'busy', 'as many streams are open as may be')
      return
    }
    const head = decodeRequestHead(payload)
    const stream = this.#add(id, DEAF)
    onStream(stream, head)
    if (isEnd && !stream.isOver) stream.receiveEnd()
  }

  onHead(id: number, payload: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    const stream = this.#find(id)
    if (this.#options.side === 'agent') throw new ProtocolError('only an agent sends a response')
    stream?.receiveHead(decodeResponseHead(payload), isEnd)
  }

  onData(id: number, chunk: Buffer, isEnd: boolean): void {
    this.#receivedCount++
    this.#find(id)?.receiveData(chunk, isEnd, this.#options.side === 'gateway')
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
    if (this.#streams.size === 0) this.#tellIdle()
  }

  takeWindow(bytes: number): number {
    const taken = Math.max(0, Math.min(bytes, this.#options.limits.linkWindowBytes - this.#windowBytes))
    this.#windowBytes += taken
    return taken
  }

  #add(id: number, receiver: StreamReceiver): TunnelStream {
    const { limits, peer } = this.#options
    const window = new ReceiveWindow(this, limits.windowBytes, limits.maxWindowBytes)
    const stream = new TunnelStream(this, id, { credit: peer.window, window, receiver })
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
    const origin: ResetOrigin = this.#options.side
    this.#outbox.push(resetFrame(id, { code, origin, text }))
  }

  #acknowledge(): void {
    this.#stopAckTimer()
    this.#unacknowledgedBytes = 0
    this.#link?.sendAck(this.#receivedCount)
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

/** Stands in until whoever serves the request has set its own. */
const DEAF: StreamReceiver = {
  onData() {},
  onEnd() {},
  onReset() {},
  onDrain() {},
}
