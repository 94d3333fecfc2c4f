import { BlockReader } from '../http/block-reader.ts'
import { type BodySink, ChunkReader } from '../http/chunk-reader.ts'
import { CR, LF } from '../http/message-syntax.ts'
import { type BrokenRequest, broken } from './broken-request.ts'
import { LastHead } from './last-head.ts'
import { type ArrivedHead, checkTrailers, parseRequestHead } from './request-head.ts'
import { mayBeginRequestLine } from './request-line.ts'

/** What a parser tells, in order: one head, any number of body parts, one end. */
export interface RequestSink extends BodySink {
  onHead(head: ArrivedHead): void
  /** The request is whole. Its trailers were checked and dropped. */
  onEnd(): void
}

/** What a head may be. */
export interface HeadLimits {
  /** With its empty line. */
  readonly headBytes: number
  readonly headerCount: number
}

/** Old clients send one behind a body (RFC 9112 §2.2); an endless row of them would be read for nothing. */
const MAX_EMPTY_LINES = 4
/** Longer than any method: once so much of a head is there, its beginning was looked at. */
const METHOD_BYTES = 32

const IDLE = 0
const EMPTY_LINE_LF = 1
const HEAD = 2
const LENGTH_BODY = 3
const CHUNKS = 4
/** Behind a head that says not where its body ends. */
const UNCLEAR = 5
/** Behind a head whose sink wants the rest left alone. */
const STOPPED = 6

/**
 * Reads the requests of one connection, one at a time, from bytes cut anywhere. After any throw the connection is of no
 * more use. Strict: RFC 9112, and where that lets a reader be lenient, this one is not.
 */
export class RequestParser {
  readonly #sink: RequestSink
  readonly #limits: HeadLimits
  readonly #blocks = new BlockReader(broken)
  readonly #chunks: ChunkReader
  readonly #last = new LastHead()
  #state = IDLE
  #emptyLines = 0
  #firstByte = -1
  /** Bytes of the body still to come. */
  #remaining = 0

  constructor(sink: RequestSink, limits: HeadLimits) {
    this.#sink = sink
    this.#limits = limits
    this.#chunks = new ChunkReader(sink, this.#blocks, broken)
  }

  /** Between two requests: not one byte of the next has come. An empty line before it is none of its bytes. */
  get isIdle(): boolean {
    return this.#state <= EMPTY_LINE_LF
  }

  /** A head has begun and is not whole. */
  get isInHead(): boolean {
    return this.#state === HEAD
  }

  /** The byte that the last head began with, by which other protocols are known; -1: none has begun. */
  get firstByte(): number {
    return this.#firstByte
  }

  /** The sink wants the bytes behind this head left alone: another protocol takes them, or nobody. Only in `onHead`. */
  stop(): void {
    this.#state = STOPPED
  }

  /**
   * Reads bytes from `start` and tells the sink what they hold. Returns where it stopped: at `end`, just behind the end of
   * one request, never in the next one, or just behind a head in which the sink called `stop`. Behind a head that is
   * `unclear` everything is passed over.
   *
   * @throws BrokenRequest
   */
  execute(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      switch (this.#state) {
        case IDLE:
        case EMPTY_LINE_LF:
          at = this.#readStart(bytes, at)
          break
        case HEAD:
          at = this.#readHead(bytes, at, end)
          // Nothing of a body follows: a request that was whole with its head, or one that was stopped.
          if (this.isIdle) return at
          break
        case LENGTH_BODY: {
          const stop = Math.min(end, at + this.#remaining)
          this.#remaining -= stop - at
          this.#sink.onBody(bytes, at, stop)
          at = stop
          if (this.#remaining > 0) break
          this.#end()
          return at
        }
        case CHUNKS: {
          const stop = this.#chunks.read(bytes, at, end)
          if (stop === -1) return end
          const trailers = this.#blocks.takeText()
          if (trailers !== '') checkTrailers(trailers)
          this.#end()
          return stop
        }
        case UNCLEAR:
          return end
        default:
          return at
      }
    }
    return at
  }

  /**
   * The connection has ended in good order.
   * @throws BrokenRequest `incomplete` when that left a request without its end.
   */
  finish(): void {
    if (this.#state === HEAD || this.#state === LENGTH_BODY || this.#state === CHUNKS) throw incomplete()
  }

  /** Passes over an empty line before a request, byte by byte; else begins the head, at the byte where it stands. */
  #readStart(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number
    if (this.#state === EMPTY_LINE_LF) {
      if (byte !== LF) throw broken('CR before a request')
      if (++this.#emptyLines > MAX_EMPTY_LINES) throw broken('too many empty lines')
      this.#state = IDLE
      return at + 1
    }
    if (byte === CR) {
      this.#state = EMPTY_LINE_LF
      return at + 1
    }
    this.#emptyLines = 0
    this.#firstByte = byte
    this.#state = HEAD
    return at
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const known = this.#blocks.keptBytes === 0 ? this.#last.at(bytes, start, end) : undefined
    if (known !== undefined) {
      this.#endHead(known)
      return start + this.#last.bytes
    }
    const keptBefore = this.#blocks.keptBytes
    const stop = this.#blocks.read(bytes, start, end, this.#limits.headBytes)
    if (stop === -1) {
      const { kept, keptBytes } = this.#blocks
      if (keptBefore < METHOD_BYTES && kept !== undefined && !mayBeginRequestLine(kept, keptBytes)) {
        throw broken('this is no request line')
      }
      return end
    }
    const head = parseRequestHead(this.#blocks.takeText())
    const count = head.headers.names.length
    if (count > this.#limits.headerCount) {
      throw broken(`more than ${this.#limits.headerCount} header fields`, 'too_many_headers')
    }
    if (keptBefore === 0) this.#last.keep(bytes, start, stop, head)
    this.#endHead(head)
    return stop
  }

  #endHead(head: ArrivedHead): void {
    const { framing } = head
    this.#remaining = head.bodyLength
    if (framing === 'chunked') {
      this.#chunks.begin()
      this.#state = CHUNKS
    } else this.#state = framing === 'unclear' ? UNCLEAR : LENGTH_BODY
    this.#sink.onHead(head)
    if (this.#state === LENGTH_BODY && this.#remaining === 0) this.#end()
  }

  #end(): void {
    this.#state = IDLE
    this.#sink.onEnd()
  }
}

function incomplete(): BrokenRequest {
  return broken('the connection ended in the middle of it', 'incomplete')
}
