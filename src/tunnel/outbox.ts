import type { Clock } from '../core/clock.ts'
import { FLAG_END, FRAME } from '../protocol/codes.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'

/** A message that has no more room than this left for DATA is full: small pieces cost as much as large ones. */
const LEAST_DATA_BYTES = 1_024

/** Messages sent again in one turn of the event loop; small ones do not fill a link. */
const TURN_MESSAGES = 256

/** What each frame or message costs beside its bytes, roughly; small ones are mostly that. */
const OVERHEAD_BYTES = 256

/** Where messages go: a link. */
export interface Channel {
  /** It holds as much as it should; `Outbox.flush` is called when it has room again. */
  readonly isFull: boolean
  /** Keeps no reference once it has written. */
  send(message: Buffer): void
}

/** A stream that has DATA to send. */
export interface DataSource {
  readonly id: number
  /** It stands in the outbox's queue. */
  isQueued: boolean
  /** Sets aside what its next frame carries, `room` bytes at most; gives the bytes, or -1 when it has neither DATA nor its END to send. */
  planFrame(room: number): number
  /** The frame planned last is the stream's last. */
  readonly isPlannedToEnd: boolean
  /** Writes `length` planned bytes to the message. */
  take(message: Buffer, at: number, length: number): void
  /** The message is made: what was taken has left the queue. */
  onTaken(): void
}

interface PlannedFrame {
  readonly source: DataSource
  readonly length: number
  readonly isEnd: boolean
}

interface SentMessage {
  /** Stream frames sent in the session up to its end. */
  readonly count: number
  readonly bytes: Buffer
}

/**
 * The stream frames of a session on their way out. Those made in one turn of the event loop leave in one message;
 * streams with bulk take turns, frame by frame. What was sent is kept until it is acknowledged, and sent again on the
 * next link.
 */
export class Outbox {
  readonly #resendBytes: number
  readonly #keepsSent: boolean
  readonly #clock: Pick<Clock, 'turn'>
  #frames: Buffer[] = []
  #frameBytes = 0
  #sources: DataSource[] = []
  #channel: Channel | undefined
  #isScheduled = false
  #sent: SentMessage[] = []
  #firstSent = 0
  /** The first kept message that has yet to be sent again on this link. */
  #nextAgain = 0
  #sentBytes = 0
  #sentCount = 0
  /** What the last acknowledged message ended with. */
  #ackedCount = 0

  /** @param keepsSent whether a broken link may be followed by another */
  constructor(resendBytes: number, keepsSent: boolean, clock: Pick<Clock, 'turn'>) {
    this.#resendBytes = resendBytes
    this.#keepsSent = keepsSent
    this.#clock = clock
  }

  /** Bytes kept until they are acknowledged. */
  get keptBytes(): number {
    return this.#sentBytes
  }

  /** Memory held for the other side, bytes: what it has not acknowledged, and what waits, DATA apart. */
  get heldBytes(): number {
    const count = this.#frames.length + this.#sent.length - this.#firstSent
    return this.#frameBytes + this.#sentBytes + count * OVERHEAD_BYTES
  }

  /** One whole frame of a stream; it goes before all DATA that still waits. */
  push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#frameBytes += frame.length
    this.#schedule()
  }

  /** The source has DATA or its END to send; it stays queued while it has. */
  add(source: DataSource): void {
    if (source.isQueued) return
    source.isQueued = true
    this.#sources.push(source)
    this.#schedule()
  }

  /**
   * Takes up a link: sends again what the other side has not received, as far as the link has room, and the rest when it
   * has room again.
   * @throws ProtocolError when it claims what was never sent, or a part of a message.
   */
  attach(channel: Channel, receivedCount: number): void {
    this.acknowledge(receivedCount)
    if (receivedCount !== this.#ackedCount) {
      throw new ProtocolError('the count of received frames is of no message that is still kept')
    }
    this.#channel = channel
    this.#nextAgain = this.#firstSent
    this.#sendAgain()
    this.#schedule()
  }

  detach(): void {
    this.#channel = undefined
  }

  /** @throws ProtocolError for a count beyond what was sent. */
  acknowledge(count: number): void {
    if (count > this.#sentCount) throw new ProtocolError('frames are acknowledged that were never sent')
    const wasFull = this.#sentBytes >= this.#resendBytes
    let sent = this.#sent[this.#firstSent]
    while (sent !== undefined && sent.count <= count) {
      this.#sentBytes -= sent.bytes.length
      this.#ackedCount = sent.count
      this.#firstSent++
      sent = this.#sent[this.#firstSent]
    }
    // Moved now and then, not each time: an array that is shifted by one copies all the rest.
    if (this.#firstSent === this.#sent.length) this.#dropAcknowledged([])
    else if (this.#firstSent > 256) this.#dropAcknowledged(this.#sent.slice(this.#firstSent))
    if (wasFull && this.#sentBytes < this.#resendBytes) this.#schedule()
  }

  /** Forgets all that waits and all that was kept. */
  clear(): void {
    this.#channel = undefined
    this.#frames = []
    this.#frameBytes = 0
    for (const source of this.#sources) source.isQueued = false
    this.#sources = []
    this.#sent = []
    this.#firstSent = 0
    this.#nextAgain = 0
    this.#sentBytes = 0
  }

  /** Sends what waits, as far as the link has room. */
  flush(): void {
    this.#isScheduled = false
    this.#sendAgain()
    while (this.#channel !== undefined && !this.#channel.isFull && this.#nextAgain === this.#sent.length) {
      const message = this.#nextMessage()
      if (message === undefined) return
      if (this.#keepsSent) {
        this.#sent.push({ count: this.#sentCount, bytes: message })
        this.#sentBytes += message.length
        this.#nextAgain = this.#sent.length
      }
      this.#channel.send(message)
    }
  }

  /** Not all at once: whoever never acknowledges, and resumes again and again, would have each link hold all that is kept. */
  #sendAgain(): void {
    this.#nextAgain = Math.max(this.#nextAgain, this.#firstSent)
    const end = Math.min(this.#sent.length, this.#nextAgain + TURN_MESSAGES)
    while (this.#nextAgain < end && this.#channel?.isFull === false) {
      this.#channel.send((this.#sent[this.#nextAgain++] as SentMessage).bytes)
    }
    if (this.#nextAgain < this.#sent.length && this.#channel?.isFull === false) this.#schedule()
  }

  #dropAcknowledged(kept: SentMessage[]): void {
    this.#sent = kept
    this.#nextAgain = Math.max(0, this.#nextAgain - this.#firstSent)
    this.#firstSent = 0
  }

  #schedule(): void {
    if (this.#isScheduled || this.#channel === undefined) return
    this.#isScheduled = true
    this.#clock.turn(this.#flush)
  }

  readonly #flush = (): void => this.flush()

  #nextMessage(): Buffer | undefined {
    const frames = this.#takeFrames()
    let size = 0
    for (const frame of frames) size += frame.length
    const plan = this.#planData(MAX_MESSAGE_BYTES - size)
    for (const { length } of plan) size += FRAME_HEADER_BYTES + length
    if (size === 0) return undefined
    const message = Buffer.allocUnsafe(size)
    let at = 0
    for (const frame of frames) at += frame.copy(message, at)
    for (const { source, length, isEnd } of plan) {
      at = writeFrameHeader(message, at, FRAME.data, isEnd ? FLAG_END : 0, source.id, length)
      source.take(message, at, length)
      at += length
    }
    this.#sentCount += frames.length + plan.length
    for (const { source } of plan) source.onTaken()
    return message
  }

  /** The whole frames that fit into one message; one at least where there is any. */
  #takeFrames(): readonly Buffer[] {
    const frames = this.#frames
    if (this.#frameBytes <= MAX_MESSAGE_BYTES) {
      this.#frames = []
      this.#frameBytes = 0
      return frames
    }
    let bytes = 0
    let count = 0
    for (const frame of frames) {
      if (count > 0 && bytes + frame.length > MAX_MESSAGE_BYTES) break
      bytes += frame.length
      count++
    }
    this.#frames = frames.slice(count)
    this.#frameBytes -= bytes
    return frames.slice(0, count)
  }

  /** The DATA frames of the next message: one of each stream in turn, until there is no room. */
  #planData(room: number): readonly PlannedFrame[] {
    const plan: PlannedFrame[] = []
    // Whole frames still wait: those of a stream go before its DATA.
    if (this.#frames.length > 0 || this.#sentBytes >= this.#resendBytes) return plan
    let left = room - FRAME_HEADER_BYTES
    while (left >= LEAST_DATA_BYTES) {
      const source = this.#sources.shift()
      if (source === undefined) break
      const length = source.planFrame(left)
      if (length < 0) {
        source.isQueued = false
        continue
      }
      const isEnd = source.isPlannedToEnd
      plan.push({ source, length, isEnd })
      left -= FRAME_HEADER_BYTES + length
      if (isEnd) source.isQueued = false
      else this.#sources.push(source)
    }
    return plan
  }
}
