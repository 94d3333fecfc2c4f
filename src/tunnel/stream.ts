import type { ResetCode, ResetOrigin, StreamReset } from '../protocol/codes.ts'
import { MAX_CREDIT_BYTES } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { DataSource } from './outbox.ts'
import type { ReceiveWindow } from './receive-window.ts'
import { SendQueue } from './send-queue.ts'

/** A stream with more than this waiting to be sent asks its writer to stop, bytes; with less than half, to go on. */
const HIGH_WATER_BYTES = 262_144

/**
 * Whoever uses a stream. Called from the reader of the link: it must not throw, nor wait for anything. After `onReset`,
 * and after the stream is over on both sides, it is called no more.
 */
export interface StreamReceiver {
  /**
   * The head that whoever took the stream has sent, a view of the message; on the gateway's side only. Unlike all else
   * it may throw: a ProtocolError, for a head that the stream's kind does not allow, which ends the link.
   */
  onHead?(head: Buffer): void
  /** A piece of the body; it may be kept. Give its length to `consumed` once it has left memory. */
  onData(chunk: Buffer): void
  /** The other side sends no more. */
  onEnd(): void
  /** The other side has reset the stream, or its session is over. */
  onReset(reset: StreamReset): void
  /** After a `write` that gave false: there is room again. */
  onDrain(): void
  /** After `end`, unless the stream is reset before: all that was written has been sent. */
  onSent?(): void
}

/** What a stream needs of its session. */
export interface StreamSession {
  /** Who is at the other end. */
  readonly peer: ResetOrigin
  sendHead(stream: TunnelStream, head: Buffer, isEnd: boolean): void
  sendCredit(stream: TunnelStream, bytes: number): void
  sendReset(stream: TunnelStream, reset: StreamReset): void
  /** It has DATA, or its END, to send. */
  wants(stream: TunnelStream): void
  /** Neither side will send any more. */
  finished(stream: TunnelStream): void
}

/**
 * Bytes both ways inside a session, seen from either side, with a head before them where its kind has one. What is
 * written while no link stands is sent when one does.
 */
export class TunnelStream implements DataSource {
  readonly id: number
  receiver: StreamReceiver
  isQueued = false
  isPlannedToEnd = false
  readonly #session: StreamSession
  readonly #window: ReceiveWindow
  readonly #queue: SendQueue
  readonly #needsHead: boolean
  #needsDrain = false
  #isEnding = false
  /** What our side ends with after its DATA, in place of END. */
  #failure: StreamReset | undefined
  #hasSentEnd = false
  #isSentTold = false
  #hasPeerEnded = false
  #hasHead = false
  #isOver = false

  constructor(
    session: StreamSession,
    id: number,
    options: {
      readonly credit: number
      readonly window: ReceiveWindow
      readonly receiver: StreamReceiver
      /** Whether the other side must send a head before any DATA. */
      readonly needsHead: boolean
    },
  ) {
    this.id = id
    this.receiver = options.receiver
    this.#session = session
    this.#window = options.window
    this.#needsHead = options.needsHead
    this.#queue = new SendQueue(options.credit)
  }

  /** Both sides have ended, or one has reset it. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What the other side could make us keep, bytes. */
  get windowBytes(): number {
    return this.#window.size
  }

  /** Sends our head, on the agent's side: once, and before any DATA. Does nothing once our side has ended. */
  sendHead(head: Buffer, isEnd: boolean): void {
    if (this.#isOver || this.#isEnding) return
    this.#session.sendHead(this, head, isEnd)
    if (isEnd) this.endedWithHead()
  }

  /** OPEN or our head carried END: nothing more goes out on this stream. */
  endedWithHead(): void {
    this.#isEnding = true
    this.#hasSentEnd = true
    this.#finishIfDone()
  }

  /** Sends a piece of the body; it is not copied before it is sent. False: stop until `onDrain`; this piece is taken all the same. */
  write(chunk: Buffer): boolean {
    if (this.#isOver || this.#isEnding) return true
    this.#queue.add(chunk)
    if (this.#queue.credit > 0) this.#session.wants(this)
    if (this.#queue.bytes < HIGH_WATER_BYTES) return true
    this.#needsDrain = true
    return false
  }

  /** Ends our side after what was written. */
  end(): void {
    if (this.#isOver || this.#isEnding) return
    this.#isEnding = true
    this.#session.wants(this)
  }

  /** Ends both sides at once; what waits is dropped and the receiver hears no more. Does nothing on a stream that is over. */
  reset(code: ResetCode, origin: ResetOrigin, text: string): void {
    if (this.#isOver) return
    this.#session.sendReset(this, { code, origin, text })
    this.#finish()
  }

  /** Resets the stream once what was written has been sent: the other side gets all that came before the trouble. */
  fail(code: ResetCode, origin: ResetOrigin, text: string): void {
    if (this.#isOver || this.#isEnding) return
    if (this.#queue.bytes === 0) {
      this.reset(code, origin, text)
      return
    }
    this.#isEnding = true
    this.#failure = { code, origin, text }
  }

  /** So many bytes are said to come: where the session has room, the other side may send them without waiting for credit. */
  expect(bytes: number): void {
    if (this.#isOver || this.#hasPeerEnded) return
    const grant = this.#window.expect(bytes)
    if (grant > 0) this.#session.sendCredit(this, grant)
  }

  /** Bytes of `onData` have left memory: the other side may send as many more. */
  consumed(bytes: number): void {
    if (this.#isOver || this.#hasPeerEnded) return
    const grant = this.#window.consume(bytes)
    if (grant > 0) this.#session.sendCredit(this, grant)
  }

  /** For the session: a frame has come. */
  receiveHead(head: Buffer, isEnd: boolean): void {
    if (this.#hasHead) throw new ProtocolError('a stream has two heads')
    if (this.#hasPeerEnded) throw new ProtocolError('a head comes after the END')
    this.#hasHead = true
    this.receiver.onHead?.(head)
    if (isEnd && !this.#isOver) this.receiveEnd()
  }

  /** For the session: a frame has come. */
  receiveData(chunk: Buffer, isEnd: boolean): void {
    if (this.#hasPeerEnded) throw new ProtocolError('DATA comes after the END')
    if (this.#needsHead && !this.#hasHead) throw new ProtocolError('DATA comes before the head')
    if (!this.#window.receive(chunk.length)) {
      const { receiver } = this
      const text = 'more DATA came than credit was given for'
      this.reset('flow_control', this.#session.peer, text)
      receiver.onReset({ code: 'flow_control', origin: this.#session.peer, text })
      return
    }
    if (chunk.length > 0) this.receiver.onData(chunk)
    if (isEnd && !this.#isOver) this.receiveEnd()
  }

  /** For the session: the OPEN that has come carried END. */
  receiveEnd(): void {
    this.#hasPeerEnded = true
    this.receiver.onEnd()
    this.#finishIfDone()
  }

  /** For the session: a frame has come. */
  receiveCredit(bytes: number): void {
    if (this.#queue.credit + bytes > MAX_CREDIT_BYTES) throw new ProtocolError('a stream has too much credit')
    this.#queue.grant(bytes)
    if (this.#queue.bytes > 0) this.#session.wants(this)
  }

  /** For the session: a RESET has come, or the session is over. */
  receiveReset(reset: StreamReset): void {
    if (this.#isOver) return
    this.#finish()
    this.receiver.onReset(reset)
  }

  planFrame(room: number): number {
    if (this.#isOver || this.#hasSentEnd) return -1
    const length = this.#queue.plan(room)
    const isLast = this.#isEnding && this.#failure === undefined && this.#queue.planned === this.#queue.bytes
    if (length === 0 && !isLast) return -1
    this.isPlannedToEnd = isLast
    this.#hasSentEnd = isLast
    return length
  }

  take(message: Buffer, at: number, length: number): void {
    this.#queue.take(message, at, length)
  }

  onTaken(): void {
    if (this.#isOver) return
    if (this.#failure !== undefined && this.#queue.bytes === 0) {
      const { code, origin, text } = this.#failure
      this.reset(code, origin, text)
      return
    }
    if (this.#needsDrain && this.#queue.bytes * 2 < HIGH_WATER_BYTES) {
      this.#needsDrain = false
      this.receiver.onDrain()
    }
    if (this.#hasSentEnd && !this.#isSentTold) {
      this.#isSentTold = true
      this.receiver.onSent?.()
    }
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (this.#hasPeerEnded && this.#hasSentEnd && !this.#isOver) this.#finish()
  }

  #finish(): void {
    this.#isOver = true
    this.#queue.clear()
    this.#session.finished(this)
  }
}
