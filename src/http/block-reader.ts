import { CR, type FaultMaker, LF } from './message-syntax.ts'

const EMPTY_LINE = Buffer.from('\r\n\r\n', 'latin1')

/**
 * Takes lines from bytes cut anywhere up to an empty one: a head, or trailers. One that stands whole in one read is found
 * by a search, and its lines are for the parser to check; one that comes in pieces is looked at byte by byte, and kept.
 */
export class BlockReader {
  readonly #fault: FaultMaker
  #kept: Buffer | undefined
  #keptBytes = 0
  #lineBytes = 0
  #lastByte = 0
  #text = ''

  constructor(fault: FaultMaker) {
    this.#fault = fault
  }

  /** Bytes of a block that is not whole. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** The kept bytes, from 0 to `keptBytes`; of no use after the next `read`. */
  get kept(): Buffer | undefined {
    return this.#kept
  }

  /** The block that was read last, latin1: each line with its CR LF, the empty line cut off. May be asked once. */
  takeText(): string {
    const text = this.#text
    this.#text = ''
    return text
  }

  /**
   * Reads from `start`; returns where the block ended, or -1 when `end` came first: then all of it was taken.
   * @throws of the `FaultMaker`: a block of more than `maxBytes`, a CR or LF alone (where the block came in pieces).
   */
  read(bytes: Buffer, start: number, end: number, maxBytes: number): number {
    if (this.#keptBytes === 0) {
      const found = bytes.indexOf(EMPTY_LINE, start)
      const stop = found + EMPTY_LINE.length
      if (found !== -1 && stop <= end) {
        if (stop - start > maxBytes) throw this.#tooLarge(maxBytes)
        this.#text = bytes.toString('latin1', start, found + 2)
        return stop
      }
    }
    return this.#readSlowly(bytes, start, end, maxBytes)
  }

  #readSlowly(bytes: Buffer, start: number, end: number, maxBytes: number): number {
    let last = this.#lastByte
    let lineBytes = this.#lineBytes
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (byte === LF) {
        if (last !== CR) throw this.#fault('a line ends without CR', 'syntax')
        if (lineBytes === 0) return this.#endBlock(bytes, start, at + 1, maxBytes)
        lineBytes = 0
      } else if (last === CR) {
        throw this.#fault('CR inside a line', 'syntax')
      } else if (byte !== CR) {
        lineBytes++
      }
      last = byte
    }
    this.#lastByte = last
    this.#lineBytes = lineBytes
    this.#keep(bytes, start, end, maxBytes)
    return -1
  }

  #endBlock(bytes: Buffer, start: number, end: number, maxBytes: number): number {
    const block = this.#keep(bytes, start, end, maxBytes)
    this.#text = block.toString('latin1', 0, this.#keptBytes - 2)
    this.#kept = undefined
    this.#keptBytes = 0
    this.#lineBytes = 0
    this.#lastByte = 0
    return end
  }

  #keep(bytes: Buffer, start: number, end: number, maxBytes: number): Buffer {
    const needed = this.#keptBytes + end - start
    if (needed > maxBytes) throw this.#tooLarge(maxBytes)
    let block = this.#kept
    if (block === undefined || block.length < needed) {
      // Doubling: a head that comes byte by byte must not be copied once a byte.
      const grown = Buffer.allocUnsafe(Math.max(1_024, needed * 2))
      block?.copy(grown, 0, 0, this.#keptBytes)
      block = grown
      this.#kept = grown
    }
    bytes.copy(block, this.#keptBytes, start, end)
    this.#keptBytes = needed
    return block
  }

  #tooLarge(maxBytes: number): Error {
    return this.#fault(`header fields of more than ${maxBytes} bytes`, 'head_too_large')
  }
}
