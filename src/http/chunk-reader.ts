import type { BlockReader } from './block-reader.ts'
import { afterExtensionByte, EXTENSION, mayEndExtensions } from './chunk-extension.ts'
import { CR, type FaultMaker, hexDigit, LF } from './message-syntax.ts'

/** Who gets the data of the chunks. */
export interface BodySink {
  /** Body bytes `start` to `end` of `bytes`, which is the reader's again after the call: copy what is kept. */
  onBody(bytes: Buffer, start: number, end: number): void
}

/** Trailers are rare and small; a peer that sends more wants to fill our memory. */
const MAX_TRAILER_BYTES = 16_384
/** Chunk extensions mean nothing to us; without a bound one chunk line could go on for ever. */
const MAX_CHUNK_EXTENSION_BYTES = 1_024
/** 8 digits are 4 GiB in one chunk, and stay a safe integer. */
const MAX_CHUNK_SIZE_DIGITS = 8

const SEMICOLON = 0x3b

const SIZE = 0
const EXTENSIONS = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILERS_START = 6
const END_LF = 7
const TRAILERS = 8

/** Reads bodies in the chunked coding (RFC 9112 §7.1), one at a time, from bytes cut anywhere. `begin` before each. */
export class ChunkReader {
  readonly #sink: BodySink
  readonly #blocks: BlockReader
  readonly #fault: FaultMaker
  #state = SIZE
  /** Bytes of the chunk still to come. */
  #remaining = 0
  #digitCount = 0
  #extension: number = EXTENSION.none
  #extensionBytes = 0

  /** `blocks` reads the trailers; it may be the one that read the head. */
  constructor(sink: BodySink, blocks: BlockReader, fault: FaultMaker) {
    this.#sink = sink
    this.#blocks = blocks
    this.#fault = fault
  }

  begin(): void {
    this.#state = SIZE
    this.#remaining = 0
    this.#digitCount = 0
  }

  /**
   * Reads from `start`; returns where the body ended, with its trailers, which are `takeText` of the block reader. Returns
   * -1 when `end` came first.
   * @throws of the `FaultMaker`.
   */
  read(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      if (this.#state === DATA) {
        const stop = Math.min(end, at + this.#remaining)
        this.#remaining -= stop - at
        if (this.#remaining === 0) this.#state = DATA_CR
        this.#sink.onBody(bytes, at, stop)
        at = stop
      } else if (this.#state === TRAILERS) {
        return this.#blocks.read(bytes, at, end, MAX_TRAILER_BYTES)
      } else if (this.#state === TRAILERS_START && bytes[at] !== CR) {
        this.#state = TRAILERS
      } else {
        const isWhole = this.#state === END_LF
        this.#readByte(bytes[at] as number)
        at++
        if (isWhole) return at
      }
    }
    return -1
  }

  /** One byte outside of the chunk's data. */
  #readByte(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#readSize(byte)
        return
      case EXTENSIONS:
        this.#readExtension(byte)
        return
      case SIZE_LF:
        if (byte !== LF) throw this.#broken('chunk size without line end')
        this.#state = this.#remaining > 0 ? DATA : TRAILERS_START
        return
      case DATA_CR:
        if (byte !== CR) throw this.#broken('chunk longer than its size')
        this.#state = DATA_LF
        return
      case DATA_LF:
        if (byte !== LF) throw this.#broken('chunk without line end')
        this.begin()
        return
      case TRAILERS_START:
        this.#state = END_LF
        return
      default:
        if (byte !== LF) throw this.#broken('chunks without line end')
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      if (++this.#digitCount > MAX_CHUNK_SIZE_DIGITS) throw this.#broken('chunk size too long')
      this.#remaining = this.#remaining * 16 + digit
      return
    }
    if (this.#digitCount === 0) throw this.#broken('no chunk size')
    if (byte === CR) this.#state = SIZE_LF
    else if (byte === SEMICOLON) {
      this.#state = EXTENSIONS
      this.#extension = EXTENSION.nameStart
      this.#extensionBytes = 0
    } else throw this.#broken('chunk size is not a number')
  }

  #readExtension(byte: number): void {
    if (byte === CR && mayEndExtensions(this.#extension)) {
      this.#state = SIZE_LF
      return
    }
    this.#extension = afterExtensionByte(this.#extension, byte)
    if (this.#extension === -1) throw this.#broken('chunk extension that is not name=value')
    if (++this.#extensionBytes > MAX_CHUNK_EXTENSION_BYTES) {
      throw this.#fault('chunk extension too long', 'chunk_extensions')
    }
  }

  #broken(why: string): Error {
    return this.#fault(why, 'syntax')
  }
}
