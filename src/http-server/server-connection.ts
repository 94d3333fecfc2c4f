import type { Socket } from 'node:net'
import { isTlsRecord } from '../core/tls-record.ts'
import { BrokenRequest } from './broken-request.ts'
import { type ConnectionTimes, LAST_READ_MS } from './connection-times.ts'
import type { Flushes } from './flushes.ts'
import type { ReadTurns, TurnReader } from './read-turns.ts'
import type { DateLine } from './reply-head.ts'
import type { ArrivedHead } from './request-head.ts'
import { type HeadLimits, RequestParser, type RequestSink } from './request-parser.ts'
import type { ConnectionFault, RequestServer } from './request-server.ts'
import { ServerRequest } from './server-request.ts'

/** What a client may send ahead while a request of it is answered, bytes; then no more is read until it is. */
const MAX_AHEAD_BYTES = 65_536

/** A read of so much may be followed by another in the same turn of the event loop, bytes. */
const LARGE_READ_BYTES = 32_768

/** How much of a body is read and thrown away whose request was answered before it was whole. */
const LINGER_BYTES = 256 * 1_024 * 1_024

/** Who owns the connections of one server. */
export interface ConnectionOwner extends ConnectionTimes {
  readonly flushes: Flushes
  readonly readTurns: ReadTurns
  readonly dateLine: DateLine
  readonly limits: HeadLimits
  readonly serving: RequestServer
  /** It is closed, or somebody else's. */
  onClosed(connection: ServerConnection): void
}

/**
 * `waiting`: for the first byte of a request; `arriving`: a head is not whole; `busy`: with one request; `lingering`: that
 * one was answered, and its body is still under way; `ending`: it had its last answer; `closed`: or handed over.
 */
type Phase = 'waiting' | 'arriving' | 'busy' | 'lingering' | 'ending' | 'closed'

/**
 * One client's connection: one request at a time. What is sent ahead waits for its turn, since each would otherwise be work
 * that nobody reads.
 */
export class ServerConnection implements RequestSink, TurnReader {
  /** In the server's roster; -1: in none. */
  place = -1
  readonly socket: Socket
  readonly #owner: ConnectionOwner
  readonly #parser: RequestParser
  #phase: Phase = 'waiting'
  /** When that limit of its phase has passed; `Infinity`: it has none. */
  #dueAt: number
  #request: ServerRequest | undefined
  #takenOver: ServerRequest | undefined
  #ahead: Buffer[] = []
  #aheadBytes = 0
  #lingerBytes = 0
  #isHalfClosed = false
  #isPaused = false
  #awaitsTurn = false
  #hasServed = false
  /** Of a reply that somebody else writes: what its client has not taken, and since when that much. */
  #unsentBytes = 0
  #unsentSince = 0
  /** What comes is nobody's any more. */
  #isDeaf = false

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.socket = socket
    this.#owner = owner
    this.#parser = new RequestParser(this, owner.limits)
    // A client that says nothing has as long as one whose head never ends.
    this.#dueAt = owner.now + owner.headersTimeMs
    socket
      .on('data', this.#onData)
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose)
  }

  /** For replies. */
  get flushes(): Flushes {
    return this.#owner.flushes
  }

  /** The request that has its turn; `undefined`: there is none. */
  get request(): ServerRequest | undefined {
    return this.#phase === 'lingering' ? undefined : this.#request
  }

  /** Nobody is answered on it. */
  get isIdle(): boolean {
    return this.#phase !== 'busy'
  }

  /** The lines that end every head: the time, and whether the connection stays (RFC 9112 §9.3). */
  headEnd(staysOpen: boolean): string {
    const { dateLine, keepAliveLines } = this.#owner
    return dateLine.render() + (staysOpen ? keepAliveLines : 'connection: close\r\n\r\n')
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (!this.#awaitsTurn) this.socket.resume()
  }

  /** As of `TurnReader`. */
  goOn(): void {
    this.#awaitsTurn = false
    if (this.#phase !== 'closed' && !this.#isPaused) this.socket.resume()
  }

  /** Ends it now. */
  destroy(): void {
    this.socket.destroy()
  }

  /**
   * Ends it once what was written is sent. It is read on for a moment: a connection that is closed under a client that
   * still sends is reset, and the last answer lost.
   */
  end(): void {
    if (this.#phase === 'closed' || this.#phase === 'ending') return
    this.#phase = 'ending'
    this.#dueAt = this.#owner.now + LAST_READ_MS
    this.#ahead = []
    this.resume()
    this.socket.end()
  }

  /** Ends it with an answer of the server's own, for which there is no request. */
  refuse(answer: Buffer): void {
    this.#isDeaf = true
    if (this.#phase === 'closed' || this.#phase === 'ending') return
    this.socket.write(answer)
    this.end()
  }

  /** For the server, now and then. */
  check(now: number): void {
    if (this.#phase === 'busy' && this.#request?.reply.isForeign) this.#checkReader(now)
    if (now < this.#dueAt) return
    this.#dueAt = Number.POSITIVE_INFINITY
    if (this.#phase === 'arriving' || (this.#phase === 'waiting' && !this.#hasServed)) this.#break('timed_out')
    else if (this.#phase === 'waiting') this.end()
    else if (this.#phase !== 'busy') this.destroy()
  }

  onHead(head: ArrivedHead): void {
    const request = new ServerRequest(head, this)
    this.#request = request
    this.#hasServed = true
    this.#phase = 'busy'
    this.#dueAt = Number.POSITIVE_INFINITY
    if ((head.offersUpgrade || head.method === 'CONNECT') && this.#owner.serving.takesOver(request)) {
      this.#takenOver = request
      this.#parser.stop()
    } else this.#owner.serving.onRequest(request)
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.#phase === 'lingering') {
      this.#lingerBytes += end - start
      if (this.#lingerBytes > LINGER_BYTES) this.destroy()
      return
    }
    this.#request?.receive(bytes.subarray(start, end))
  }

  onEnd(): void {
    this.#request?.complete()
    if (this.#phase === 'lingering') this.#next()
  }

  /** For a reply: the client has all of it. */
  replied(request: ServerRequest): void {
    if (request !== this.#request || this.#phase !== 'busy') return
    if (request.isComplete || this.#isDeaf || request.head.framing === 'unclear') {
      this.#next()
      return
    }
    // A bounded while: to close it at once would lose the answer, to read on for ever would be a gift to whoever sends.
    this.#phase = 'lingering'
    this.#lingerBytes = 0
    this.#dueAt = this.#owner.now + this.#owner.lingerMs
    // Who reads until the end need not wait for that.
    if (!request.reply.staysOpen) this.socket.end()
    request.discard()
  }

  /** Its request is over: the next one's turn, or the end. */
  #next(): void {
    const staysOpen = this.#request?.reply.staysOpen === true && !this.#isHalfClosed && !this.#isDeaf
    this.#request = undefined
    if (!staysOpen) {
      this.end()
      return
    }
    this.#phase = 'waiting'
    this.#dueAt = this.#owner.now + this.#owner.keepAliveIdleMs
    const ahead = this.#ahead
    if (ahead.length > 0) {
      this.#ahead = []
      this.#aheadBytes = 0
      this.#read(ahead.length === 1 ? (ahead[0] as Buffer) : Buffer.concat(ahead))
    }
    // A body that has not come yet is for its reader to wait for.
    if (this.#aheadBytes < MAX_AHEAD_BYTES && this.request?.isComplete !== false) this.resume()
  }

  #read(bytes: Buffer): void {
    let at = 0
    try {
      // More than once where the first request was answered before it was whole.
      do at = this.#parser.execute(bytes, at, bytes.length)
      while (at < bytes.length && this.#phase === 'waiting')
    } catch (thrown) {
      if (!(thrown instanceof BrokenRequest)) throw thrown
      this.#break(isTlsRecord([this.#parser.firstByte]) ? 'tls' : thrown.kind)
      return
    }
    const taken = this.#takenOver
    if (taken !== undefined) {
      this.#handOver(taken, bytes.subarray(at))
      return
    }
    if (at < bytes.length) this.#hold(bytes.subarray(at))
    else if (this.#phase === 'waiting' && this.#parser.isInHead) {
      this.#phase = 'arriving'
      this.#dueAt = this.#owner.now + this.#owner.headersTimeMs
    }
  }

  /** A client that takes nothing of a library's reply has it for so long, and no longer. */
  #checkReader(now: number): void {
    const unsent = unsentBytes(this.socket)
    if (unsent === 0 || unsent !== this.#unsentBytes) {
      this.#unsentBytes = unsent
      this.#unsentSince = now
    } else if (now - this.#unsentSince >= this.#owner.foreignReaderMs) this.destroy()
  }

  #break(fault: ConnectionFault): void {
    this.#isDeaf = true
    // The request was answered; a second answer would be taken for that of another.
    if (this.#phase === 'lingering') this.end()
    else this.#owner.serving.onBroken(this, fault)
  }

  #hold(bytes: Buffer): void {
    this.#ahead.push(bytes)
    this.#aheadBytes += bytes.length
    if (this.#aheadBytes >= MAX_AHEAD_BYTES) this.pause()
  }

  #handOver(request: ServerRequest, rest: Buffer): void {
    this.#takenOver = undefined
    this.#phase = 'closed'
    const { socket } = this
    socket
      .off('data', this.#onData)
      .off('drain', this.#onDrain)
      .off('end', this.#onEnd)
      .off('error', this.#onError)
      .off('close', this.#onClose)
    // As Node leaves it: whoever listens for data next gets it.
    socket.readableFlowing = null
    this.#owner.onClosed(this)
    this.#owner.serving.onTakenOver(request, rest)
  }

  readonly #onData = (bytes: Buffer): void => {
    // Also what is thrown away: reading it is most of what it costs.
    if (bytes.length >= LARGE_READ_BYTES && !this.#owner.readTurns.read(bytes.length, this)) {
      this.#awaitsTurn = true
      this.socket.pause()
    }
    if (this.#isDeaf || this.#phase === 'ending' || this.#phase === 'closed') return
    if (this.#phase === 'busy' && this.#request?.isComplete) this.#hold(bytes)
    else this.#read(bytes)
  }

  readonly #onDrain = (): void => {
    this.#request?.reply.drained()
  }

  readonly #onEnd = (): void => {
    this.#isHalfClosed = true
    const request = this.#request
    if (this.#phase !== 'busy' || request === undefined) this.end()
    else if (!request.isComplete) this.destroy()
    else this.#owner.serving.onHalfClosed(request)
  }

  readonly #onError = (): void => {
    this.socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#phase = 'closed'
    const request = this.#request
    this.#request = undefined
    this.#owner.onClosed(this)
    request?.gone()
  }
}

/** What was written to a connection and not taken by the system; of one large write only its handle knows how far it is. */
function unsentBytes(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return socket.writableLength + (handle?.writeQueueSize ?? 0)
}
