import { EventEmitter } from 'node:events'
import type { Clock } from '../../src/core/clock.ts'
import type { LinkSocket } from '../../src/tunnel/link-socket.ts'

/** A connection without a network, on the clock it is given. */
export interface MemoryWireOptions {
  readonly clock: Clock
  /** How long anything is on its way, milliseconds. */
  readonly latencyMs: number
  /** How fast messages leave the memory of their sender. */
  readonly bytesPerMs: number
}

interface SocketEvents {
  message: [message: Buffer, isBinary: boolean]
  ping: [content: Buffer]
  close: [code: number, text: Buffer]
  error: [error: Error]
}

const NOBODY = Buffer.alloc(0)
/** What `ws` says of a connection that ended without a close frame. */
const ABNORMAL = 1006

/** Two sockets that are each other's other end, and what can befall the connection between them. */
export class MemoryWire {
  readonly #options: MemoryWireOptions
  readonly ends: readonly [MemorySocket, MemorySocket]
  /** Nothing arrives any more, and nobody is told. */
  isSilent = false

  constructor(options: MemoryWireOptions) {
    this.#options = options
    this.ends = [new MemorySocket(this, options), new MemorySocket(this, options)]
  }

  /** Breaks the connection: what is on its way is lost, and both ends hear of it. */
  cut(): void {
    this.isSilent = true
    for (const end of this.ends) this.#options.clock.turn(() => end.finish(ABNORMAL, NOBODY))
  }

  /** Has `run` called with the other end when it has got there. */
  carry(from: MemorySocket, delayMs: number, run: (to: MemorySocket) => void): void {
    const to = this.ends[0] === from ? this.ends[1] : this.ends[0]
    this.#options.clock.after(delayMs + this.#options.latencyMs, () => {
      if (!this.isSilent) run(to)
    })
  }
}

/** One end of a `MemoryWire`: as much of a WebSocket as a link asks for. */
export class MemorySocket extends EventEmitter<SocketEvents> implements LinkSocket {
  readonly #wire: MemoryWire
  readonly #options: MemoryWireOptions
  #bufferedAmount = 0
  /** When all that was sent has left memory. */
  #busyUntilMs = 0
  #isPaused = false
  #inbox: Buffer[] = []
  #isClosing = false
  #isClosed = false

  constructor(wire: MemoryWire, options: MemoryWireOptions) {
    super()
    this.#wire = wire
    this.#options = options
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount
  }

  send(message: Buffer, _options: unknown, written: () => void): void {
    const { clock, bytesPerMs } = this.#options
    if (this.#isClosing || this.#isClosed) {
      clock.turn(written)
      return
    }
    const now = clock.elapsed()
    this.#busyUntilMs = Math.max(now, this.#busyUntilMs) + message.length / bytesPerMs
    const leavesInMs = this.#busyUntilMs - now
    this.#bufferedAmount += message.length
    const copy = Buffer.from(message)
    clock.after(leavesInMs, () => {
      this.#bufferedAmount -= message.length
      written()
    })
    this.#wire.carry(this, leavesInMs, (to) => to.#receive(copy))
  }

  pong(): void {}

  close(code: number, text: Buffer): void {
    if (this.#isClosing || this.#isClosed) return
    this.#isClosing = true
    const { clock } = this.#options
    const leavesInMs = Math.max(0, this.#busyUntilMs - clock.elapsed())
    this.#wire.carry(this, leavesInMs, (to) => {
      this.#wire.carry(to, 0, () => this.finish(code, text))
      to.finish(code, text)
    })
  }

  terminate(): void {
    if (this.#isClosed) return
    this.#wire.carry(this, 0, (to) => to.finish(ABNORMAL, NOBODY))
    this.#options.clock.turn(() => this.finish(ABNORMAL, NOBODY))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused) {
      const message = this.#inbox.shift()
      if (message === undefined) return
      this.emit('message', message, true)
    }
  }

  /** The connection is over. */
  finish(code: number, text: Buffer): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.emit('close', code, text)
  }

  #receive(message: Buffer): void {
    if (this.#isClosed) return
    if (this.#isPaused) this.#inbox.push(message)
    else this.emit('message', message, true)
  }
}
