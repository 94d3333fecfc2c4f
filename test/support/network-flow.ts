import type { Socket } from 'node:net'

/** Which way bytes go: from the client of the network to its target, or back. */
export type Direction = 'towardsTarget' | 'towardsClient'

/** One direction of a network: what all of its connections share. */
export interface Lane {
  /** `Infinity`: as fast as the machine. */
  bytesPerSecond: number
  /** When the last byte that was taken has left the sender; milliseconds of `performance.now()`. */
  busyUntilMs: number
  /** Bytes handed to the receivers so far. */
  bytes: number
  /** The network is cut when this many more bytes have been handed over. `undefined`: it is not. */
  bytesUntilCut: number | undefined
}

/** What a flow asks of the network it is part of. */
export interface FlowHost {
  readonly delayMs: number
  readonly isFrozen: boolean
  /** Has `deliver` called at that time of `performance.now()`. */
  wakeAt(dueAtMs: number): void
  cut(): void
}

interface Parcel {
  /** It goes then, or with what was sent before it where that is later: the delay may have become shorter since. */
  readonly dueAtMs: number
  readonly content: Buffer | 'end' | 'reset'
}

/** Timers are exact to a millisecond: what is due within half of one goes at once. */
const TIMER_GRAIN_MS = 0.5
/** What a network without a rate holds at most on its way: enough for 5 Gbit/s at 100 ms. */
const UNRATED_QUEUE_BYTES = 67_108_864
/** What a network with a rate holds beyond its delay, as a router's buffer does. */
const ROUTER_BUFFER_MS = 10
const MIN_QUEUE_BYTES = 65_536
/** A chunk is handed on in pieces of so much time, so that a slow network trickles. */
const PIECE_MS = 2
const MIN_PIECE_BYTES = 64

/** One direction of one connection: a queue in which each chunk waits for its time. Ends, and resets, wait in it too. */
export class Flow {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #lane: Lane
  readonly #host: FlowHost
  readonly #queue: Parcel[] = []
  #queuedBytes = 0
  #isDeaf = false

  constructor(source: Socket, sink: Socket, lane: Lane, host: FlowHost) {
    this.#source = source
    this.#sink = sink
    this.#lane = lane
    this.#host = host
    source.on('data', (chunk: Buffer) => this.#take(chunk))
    source.once('end', () => this.#push('end', performance.now()))
    source.once('close', (hadError) => {
      if (hadError || !source.readableEnded) this.#push('reset', performance.now())
    })
    sink.on('drain', () => this.deliver())
    if (host.isFrozen) source.pause()
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Hands over what is due and asks to be woken for the rest. */
  deliver(): void {
    const nowMs = performance.now()
    for (let parcel = this.#queue[0]; parcel !== undefined && !this.#host.isFrozen; parcel = this.#queue[0]) {
      if (this.#sink.writableNeedDrain && !this.#sink.destroyed) return
      if (parcel.dueAtMs > nowMs + TIMER_GRAIN_MS) {
        this.#host.wakeAt(parcel.dueAtMs)
        break
      }
      this.#queue.shift()
      this.#handOver(parcel.content)
    }
    this.#steer()
  }

  /** The receiver gets what is on its way, then FIN; what the sender sends from now on is lost. */
  halfClose(): void {
    this.#push('end', performance.now())
    this.#isDeaf = true
  }

  /** To be called when the network froze: nothing is read any more. `deliver` undoes it. */
  freeze(): void {
    this.#source.pause()
  }

  #take(chunk: Buffer): void {
    if (this.#isDeaf) return
    const { bytesPerSecond } = this.#lane
    if (bytesPerSecond === Number.POSITIVE_INFINITY) {
      this.#push(chunk, performance.now())
    } else {
      const pieceBytes = Math.max(MIN_PIECE_BYTES, Math.floor((bytesPerSecond * PIECE_MS) / 1000))
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes)
        const startsAtMs = Math.max(this.#lane.busyUntilMs, performance.now())
        this.#lane.busyUntilMs = startsAtMs + (piece.length * 1000) / bytesPerSecond
        this.#push(piece, this.#lane.busyUntilMs)
      }
    }
  }

  #push(content: Parcel['content'], leftAtMs: number): void {
    if (this.#isDeaf && content === 'end') return
    this.#queue.push({ dueAtMs: leftAtMs + this.#host.delayMs, content })
    if (typeof content !== 'string') this.#queuedBytes += content.length
    if (this.#queue.length === 1) this.deliver()
    else this.#steer()
  }

  #handOver(content: Parcel['content']): void {
    if (typeof content !== 'string') this.#queuedBytes -= content.length
    if (this.#sink.destroyed) return
    if (content === 'end') this.#sink.end()
    else if (content === 'reset') this.#sink.resetAndDestroy()
    else this.#write(content)
  }

  #write(chunk: Buffer): void {
    const lane = this.#lane
    if (lane.bytesUntilCut === undefined || lane.bytesUntilCut > chunk.length) {
      if (lane.bytesUntilCut !== undefined) lane.bytesUntilCut -= chunk.length
      lane.bytes += chunk.length
      this.#sink.write(chunk)
      return
    }
    const last = chunk.subarray(0, lane.bytesUntilCut)
    lane.bytesUntilCut = undefined
    lane.bytes += last.length
    this.#isDeaf = true
    this.#queue.length = 0
    // Once the kernel has it: a reset before that would take it along.
    this.#sink.write(last, () => this.#host.cut())
  }

  #steer(): void {
    const { bytesPerSecond } = this.#lane
    const room =
      bytesPerSecond === Number.POSITIVE_INFINITY
        ? UNRATED_QUEUE_BYTES
        : Math.max(MIN_QUEUE_BYTES, (bytesPerSecond * (this.#host.delayMs + ROUTER_BUFFER_MS)) / 1000)
    if (this.#host.isFrozen || this.#queuedBytes >= room) this.#source.pause()
    else if (this.#source.isPaused()) this.#source.resume()
  }
}
