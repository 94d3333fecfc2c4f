import { isTlsRecord } from '../core/tls-record.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import { type FieldMap, parseFields, parseResponseHead, type ReceivedHead } from './response-head.ts'

/** What a parser tells, in order: one head, any number of body parts, one end. */
export interface ResponseSink {
  onHead(head: ReceivedHead): void
  /** Body bytes `start` to `end` of `bytes`, which is the reader's again after the call: copy what is kept. */
  onBody(bytes: Buffer, start: number, end: number): void
  /** The response is whole. `isClean` false: bytes that belong to no response followed it. */
  onEnd(trailers: FieldMap, isClean: boolean): void
}

/** Trailers are rare and small; a server that sends more wants to fill our memory. */
const MAX_TRAILER_BYTES = 16_384
/** Chunk extensions mean nothing to us; without a bound one chunk line could go on for ever. */
const MAX_CHUNK_EXTENSION_BYTES = 1_024
/** 8 digits are 4 GiB in one chunk, and stay a safe integer. */
const MAX_CHUNK_SIZE_DIGITS = 8
/** `100 Continue` and `103 Early Hints` come once or twice; an endless row of them would hold the exchange open. */
const MAX_INTERIM_RESPONSES = 8

const CR = 0x0d
const LF = 0x0a
const SEMICOLON = 0x3b
const TAB = 0x09

const IDLE = 0
const HEAD = 1
const LENGTH_BODY = 2
const CLOSE_BODY = 3
const CHUNK_SIZE = 4
const CHUNK_EXTENSION = 5
const CHUNK_SIZE_LF = 6
const CHUNK_BODY = 7
const CHUNK_BODY_CR = 8
const CHUNK_BODY_LF = 9
const TRAILERS = 10

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
  #state = IDLE
  #hasNoBody = false
  #hasStarted = false
  #interimCount = 0
  /** Bytes of the body, or of the chunk, still to come. */
  #remaining = 0
  #digitCount = 0
  #extensionBytes = 0
  /** The head or trailers as far as read, when they came in more than one piece. */
  #block: Buffer | undefined
  #blockBytes = 0
  #lineBytes = 0
  #lastByte = 0

  constructor(sink: ResponseSink, maxHeadBytes: number) {
    this.#sink = sink
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
    this.#hasNoBody = isHead
    this.#hasStarted = false
    this.#interimCount = 0
    this.#startBlock(HEAD)
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
        case TRAILERS:
          at = this.#readBlock(bytes, at, length)
          break
        case LENGTH_BODY:
        case CHUNK_BODY: {
          const end = Math.min(length, at + this.#remaining)
          this.#remaining -= end - at
          this.#sink.onBody(bytes, at, end)
          at = end
          if (this.#remaining > 0) break
          if (this.#state === LENGTH_BODY) this.#end(NO_FIELDS, at === length)
          else this.#state = CHUNK_BODY_CR
          break
        }
        case CLOSE_BODY:
          this.#sink.onBody(bytes, at, length)
          at = length
          break
        case IDLE:
          // The end was told as unclean: the rest is nobody's.
          return
        default:
          this.#readChunkByte(bytes[at] as number)
          at++
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

  #startBlock(state: number): void {
    this.#state = state
    this.#block = undefined
    this.#blockBytes = 0
    this.#lineBytes = 0
    this.#lastByte = 0
  }

  /** Takes bytes up to and including an empty line; returns where it stopped. */
  #readBlock(bytes: Buffer, start: number, length: number): number {
    const limit = this.#state === HEAD ? this.#maxHeadBytes : MAX_TRAILER_BYTES
    let last = this.#lastByte
    let lineBytes = this.#lineBytes
    for (let at = start; at < length; at++) {
      const byte = bytes[at] as number
      if (byte === LF) {
        if (last !== CR) throw invalid('a line ends without CR')
        if (lineBytes === 0) {
          const end = at + 1
          if (this.#blockBytes + end - start > limit) throw tooLarge(limit)
          this.#endBlock(this.#takeBlock(bytes, start, end), end === length)
          return end
        }
        lineBytes = 0
      } else if (last === CR) {
        throw invalid('CR inside a line')
      } else if (byte !== CR) {
        lineBytes++
      }
      last = byte
    }
    this.#lastByte = last
    this.#lineBytes = lineBytes
    this.#keepBlock(bytes, start, length, limit)
    return length
  }

  /** The block as text: each line with its CR LF, the empty line cut off. */
  #takeBlock(bytes: Buffer, start: number, end: number): string {
    if (this.#block === undefined) return bytes.toString('latin1', start, end - 2)
    const block = this.#append(bytes, start, end)
    return block.toString('latin1', 0, this.#blockBytes - 2)
  }

  #keepBlock(bytes: Buffer, start: number, end: number, limit: number): void {
    if (this.#blockBytes + end - start > limit) throw tooLarge(limit)
    const block = this.#append(bytes, start, end)
    const known = Math.min(this.#blockBytes, HEAD_START.length)
    if (this.#state === HEAD && block.compare(HEAD_START, 0, known, 0, known) !== 0) throw invalid('not HTTP/1')
  }

  #append(bytes: Buffer, start: number, end: number): Buffer {
    const needed = this.#blockBytes + end - start
    let block = this.#block
    if (block === undefined || block.length < needed) {
      // Doubling: a head that comes byte by byte must not be copied once a byte.
      const grown = Buffer.allocUnsafe(Math.max(1_024, needed * 2))
      block?.copy(grown, 0, 0, this.#blockBytes)
      block = grown
      this.#block = grown
    }
    bytes.copy(block, this.#blockBytes, start, end)
    this.#blockBytes = needed
    return block
  }

  #endBlock(text: string, isLastRead: boolean): void {
    this.#block = undefined
    if (this.#state === TRAILERS) this.#end(text === '' ? NO_FIELDS : parseFields(text, 0), isLastRead)
    else this.#endHead(parseResponseHead(text), isLastRead)
  }

  #endHead(head: ReceivedHead, isLastRead: boolean): void {
    if (head.statusCode < 200) {
      if (head.statusCode === 101) throw invalid('switching protocols, which nobody asked for')
      if (++this.#interimCount > MAX_INTERIM_RESPONSES) throw invalid('too many interim responses')
      this.#startBlock(HEAD)
      return
    }
    // RFC 9112 §6.3, rules 1 and 2.
    const isBodiless = this.#hasNoBody || head.statusCode === 204 || head.statusCode === 304
    const isEmpty = isBodiless || (head.framing === 'length' && head.bodyLength === 0)
    this.#remaining = head.bodyLength
    if (head.framing === 'length') this.#state = LENGTH_BODY
    else if (head.framing === 'chunked') this.#startChunk()
    else this.#state = CLOSE_BODY
    this.#sink.onHead(head)
    if (isEmpty) this.#end(NO_FIELDS, isLastRead)
  }

  #end(trailers: FieldMap, isClean: boolean): void {
    this.#state = IDLE
    this.#sink.onEnd(trailers, isClean)
  }

  #startChunk(): void {
    this.#state = CHUNK_SIZE
    this.#remaining = 0
    this.#digitCount = 0
  }

  /** RFC 9112 §7.1, byte by byte outside of the chunk's data. */
  #readChunkByte(byte: number): void {
    switch (this.#state) {
      case CHUNK_SIZE: {
        const digit = hexDigit(byte)
        if (digit >= 0) {
          if (++this.#digitCount > MAX_CHUNK_SIZE_DIGITS) throw invalid('chunk size too long')
          this.#remaining = this.#remaining * 16 + digit
          return
        }
        if (this.#digitCount === 0) throw invalid('no chunk size')
        if (byte === CR) this.#state = CHUNK_SIZE_LF
        else if (byte === SEMICOLON) {
          this.#state = CHUNK_EXTENSION
          this.#extensionBytes = 0
        } else throw invalid('chunk size is not a number')
        return
      }
      case CHUNK_EXTENSION:
        if (byte === CR) this.#state = CHUNK_SIZE_LF
        else if ((byte < 0x20 && byte !== TAB) || byte === 0x7f) throw invalid('control character in a chunk extension')
        else if (++this.#extensionBytes > MAX_CHUNK_EXTENSION_BYTES) throw invalid('chunk extension too long')
        return
      case CHUNK_SIZE_LF:
        if (byte !== LF) throw invalid('chunk size without line end')
        if (this.#remaining > 0) this.#state = CHUNK_BODY
        else this.#startBlock(TRAILERS)
        return
      case CHUNK_BODY_CR:
        if (byte !== CR) throw invalid('chunk longer than its size')
        this.#state = CHUNK_BODY_LF
        return
      default:
        if (byte !== LF) throw invalid('chunk without line end')
        this.#startChunk()
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function tooLarge(limitBytes: number): UpstreamFailure {
  return invalid(`header fields of more than ${limitBytes} bytes`)
}

function invalid(why: string): UpstreamFailure {
  return new UpstreamFailure('invalid', `invalid response: ${why}`)
}
