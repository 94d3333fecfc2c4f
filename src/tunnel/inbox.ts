import { Allowance } from '../core/allowance.ts'
import type { Clock } from '../core/clock.ts'
import type { FrameSink } from '../protocol/frame-reader.ts'
import { MessageReader } from '../protocol/frame-reader.ts'
import type { LinkSocket } from './link-socket.ts'

/** After so many bytes or frames a link lets the rest of the loop have its turn: a socket would be read for 2 MiB at once. */
const TURN_BYTES = 262_144
const TURN_FRAMES = 256
/** Read between two looks at what they cost. */
const STEP_FRAMES = 32
/** Frames that may come at once before the rate counts, in seconds of it. */
const BURST_SECONDS = 0.5

export interface InboxOptions {
  /** It is paused while what has come waits, so that little does. */
  readonly socket: Pick<LinkSocket, 'pause' | 'resume'>
  /** Who sends. */
  readonly peer: 'gateway' | 'agent'
  /** Frames that are taken a second; beyond them the link is read more slowly. */
  readonly framesPerSecond: number
  readonly clock: Clock
  readonly sink: FrameSink
  /** A message of `bytes` has been read to its end. */
  readonly onRead: (bytes: number) => void
  /** What the reading of a frame threw; nothing more is read. */
  readonly onFault: (thrown: unknown) => void
}

/** The messages of a link that have come, whole, and are worked on in turns, so that nobody else waits for all of them. */
export class Inbox {
  readonly #options: InboxOptions
  readonly #allowance: Allowance
  #messages: MessageReader[] = []
  #turnBytes = 0
  #turnFrames = 0
  #isWaiting = false
  #isReading = false
  #isClosed = false
  #timer: Disposable | undefined

  constructor(options: InboxOptions) {
    const { framesPerSecond, clock } = options
    this.#options = options
    const rate = { burst: framesPerSecond * BURST_SECONDS, perSecond: framesPerSecond }
    this.#allowance = new Allowance(rate, clock)
  }

  /** What has come waits for its turn: the other side may have said more than has been read. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  add(message: Buffer): void {
    if (this.#isClosed) return
    const { peer, sink } = this.#options
    this.#messages.push(new MessageReader(message, peer, sink))
    if (!this.#isWaiting) this.#work()
  }

  /** The frame that is being read costs as much as so many more. */
  charge(frames: number): void {
    this.#turnFrames += frames
    this.#allowance.take(frames)
  }

  /** Reads what has come, to its end, and takes nothing more. Does nothing inside a frame, nor once it is closed. */
  finish(): void {
    if (this.#isReading || this.#isClosed) return
    this.#readUpTo(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    this.close()
  }

  /** Drops what waits, and takes nothing more. */
  close(): void {
    this.#isClosed = true
    this.#messages = []
    this.#timer?.[Symbol.dispose]()
    if (this.#isWaiting) this.#options.socket.resume()
    this.#isWaiting = false
  }

  readonly #work = (): void => {
    if (this.#isClosed) return
    this.#readUpTo(TURN_FRAMES, TURN_BYTES)
    if (this.#isClosed) return
    const isTurnOver = this.#turnFrames >= TURN_FRAMES || this.#turnBytes >= TURN_BYTES
    if (isTurnOver) this.#waitForTurn()
    else if (this.#isWaiting) {
      this.#isWaiting = false
      this.#options.socket.resume()
    }
  }

  #readUpTo(frames: number, bytes: number): void {
    this.#isReading = true
    try {
      while (this.#turnFrames < frames && this.#turnBytes < bytes) {
        const message = this.#messages[0]
        if (message === undefined) return
        const count = message.read(Math.min(STEP_FRAMES, frames - this.#turnFrames))
        this.#turnFrames += count
        this.#allowance.take(count)
        if (this.#isClosed) return
        if (!message.isDone) continue
        this.#messages.shift()
        this.#turnBytes += message.bytes
        this.#options.onRead(message.bytes)
      }
    } catch (thrown) {
      this.close()
      this.#options.onFault(thrown)
    } finally {
      this.#isReading = false
    }
  }

  #waitForTurn(): void {
    const { socket, clock } = this.#options
    this.#turnBytes = 0
    this.#turnFrames = 0
    if (!this.#isWaiting) socket.pause()
    this.#isWaiting = true
    const { debtMs } = this.#allowance
    if (debtMs > 0) this.#timer = clock.after(debtMs, this.#work)
    else clock.turn(this.#work)
  }
}
