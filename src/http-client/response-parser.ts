import { isTlsRecord } from '../core/tls-record.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import { BlockReader } from '../http/block-reader.ts'
import { type BodySink, ChunkReader } from '../http/chunk-reader.ts'
import { hasNoBody } from '../http/message-syntax.ts'
import { type FieldMap, parseFields, parseResponseHead, type ReceivedHead } from './response-head.ts'

/** What a parser tells, in order: one head, any number of body parts, one end. */
export interface ResponseSink extends BodySink {
  onHead(head: ReceivedHead): void
  /** The response is whole. `isClean` false: bytes that belong to no response followed it. */
  onEnd(trailers: FieldMap, isClean: boolean): void
}

/** `100 Continue` and `103 Early Hints` come once or twice; an endless row of them would hold the exchange open. */
const MAX_INTERIM_RESPONSES = 8

const IDLE = 0
const HEAD = 1
const LENGTH_BODY = 2
const CLOSE_BODY = 3
const CHUNKS = 4

/** Every HTTP/1 response begins so; anything else is refused at its first wrong byte, not at the end of a head. */
const HEAD_START = Buffer.from('HTTP/1.', 'latin1')
const NO_FIELDS: FieldMap = Object.freeze(Object.create(null))

/**
 * Reads the responses of one connection, one at a time, from bytes cut anywhere. `begin` before each; after any throw,
 * or once `isIdle` again with an unclean end, the connection is of no more use. Strict: RFC 9112, and where that lets a
 * reader be lenient, this one is not.
 */
export class ResponseParser {
  readonly #sink: ResponseSink
  readonly #maxHeadBytes: number
  readonly #blocks = new BlockReader(invalid)
  readonly #chunks: ChunkReader
  #state = IDLE
  #isOfHead = false
  #hasStarted = false
  #interimCount = 0
  /** Bytes of the body still to come. */
  #remaining = 0

  constructor(sink: ResponseSink, maxHeadBytes: number) {
    this.#sink = sink
    this.#chunks = new ChunkReader(sink, this.#blocks, invalid)
    this.#maxHeadBytes = maxHeadBytes
  }

  /** No response is being read. Bytes that come now belong to nobody. */
  get isIdle(): boolean {
    return this.#state === IDLE
  }

  /** A byte of the response since the last `begin` has come. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Expects a response. One to HEAD has no body, whatever its fields say. */
  begin(isHead: boolean): void {
    this.#isOfHead = isHead
    this.#hasStarted = false
    this.#interimCount = 0
    this.#state = HEAD
  }

  /**
   * Reads the first `length` bytes of `bytes` and tells the sink what they hold.
   * @throws UpstreamFailure `invalid`.
   */
  execute(bytes: Buffer, length: number): void {
    if (this.#state === IDLE) throw invalid('bytes that belong to no response')
    if (!this.#hasStarted && isTlsRecord(bytes)) {
      throw new UpstreamFailure(
        'invalid',
        'it answers in TLS, and its URL begins with http://: write it with https://',
        {
          speaks: 'https',
        },
      )
    }
    this.#hasStarted = true
    let at = 0
    while (at < length) {
      switch (this.#state) {
        case HEAD:
          at = this.#readHead(bytes, at, length)
          break
        case LENGTH_BODY: {
          const end = Math.min(length, at + this.#remaining)
          this.#remaining -= end - at
          this.#sink.onBody(bytes, at, end)
          at = end
          if (this.#remaining === 0) this.#end(NO_FIELDS, at === length)
          break
        }
        case CHUNKS:
          at = this.#readChunks(bytes, at, length)
          break
        case CLOSE_BODY:
          this.#sink.onBody(bytes, at, length)
          at = length
          break
        case IDLE:
          // The end was told as unclean: the rest is nobody's.
          return
      }
    }
  }

  /**
   * The connection has ended in good order.
   * @throws UpstreamFailure `reset` or `interrupted` when that left the response incomplete.
   */
  finish(): void {
    if (this.#state === IDLE) return
    if (this.#state === CLOSE_BODY) this.#end(NO_FIELDS, true)
    else throw this.incomplete()
  }

  /** What it means that no more bytes will come. */
  incomplete(cause?: unknown): UpstreamFailure {
    const options = cause === undefined ? undefined : { cause }
    if (this.#state === HEAD) return new UpstreamFailure('reset', 'the connection ended before the response', options)
    return new UpstreamFailure('interrupted', 'the connection ended in the middle of the response', options)
  }

  #readHead(bytes: Buffer, start: number, length: number): number {
    const stop = this.#blocks.read(bytes, start, length, this.#maxHeadBytes)
    if (stop !== -1) {
      this.#endHead(parseResponseHead(this.#blocks.takeText()), stop === length)
      return stop
    }
    const { kept, keptBytes } = this.#blocks
    const known = Math.min(keptBytes, HEAD_START.length)
    if (kept?.compare(HEAD_START, 0, known, 0, known) !== 0) throw invalid('not HTTP/1')
    return length
  }

  #readChunks(bytes: Buffer, start: number, length: number): number {
    const stop = this.#chunks.read(bytes, start, length)
    if (stop === -1) return length
    const trailers = this.#blocks.takeText()
    this.#end(trailers === '' ? NO_FIELDS : parseFields(trailers, 0), stop === length)
    return stop
  }

  #endHead(head: ReceivedHead, isLastRead: boolean): void {
    if (head.statusCode < 200) {
      if (head.statusCode === 101) throw invalid('switching protocols, which nobody asked for')
      if (++this.#interimCount > MAX_INTERIM_RESPONSES) throw invalid('too many interim responses')
      this.#state = HEAD
      return
    }
    // RFC 9112 §6.3, rules 1 and 2.
    const isBodiless = this.#isOfHead || hasNoBody(head.statusCode)
    const isEmpty = isBodiless || (head.framing === 'length' && head.bodyLength === 0)
    this.#remaining = head.bodyLength
    if (head.framing === 'length') this.#state = LENGTH_BODY
    else if (head.framing === 'chunked') {
      this.#state = CHUNKS
      this.#chunks.begin()
    } else this.#state = CLOSE_BODY
    this.#sink.onHead(head)
    if (isEmpty) this.#end(NO_FIELDS, isLastRead)
  }

  #end(trailers: FieldMap, isClean: boolean): void {
    this.#state = IDLE
    this.#sink.onEnd(trailers, isClean)
  }
}

function invalid(why: string): UpstreamFailure {
  return new UpstreamFailure('invalid', `invalid response: ${why}`)
}
