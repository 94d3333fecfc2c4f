import { freeBuffer } from './free-buffer.ts'

/** The first slab, bytes, and the largest one: each new one is as large as all before it. */
const FIRST_SLAB_BYTES = 4_096
const MAX_SLAB_BYTES = 1_048_576
/** A body that is said to be so large is collected in one buffer: to put it together at its end would hold the loop. */
const LARGE_BYTES = 1_048_576
/** From this size on memory that is freed goes back to the system, bytes: see `ofItsOwn`. */
const OWN_BYTES = 4_194_304
/** More than what the C library may ever keep for itself. */
const ALWAYS_MAPPED_BYTES = 33_554_432 + 4_096

/**
 * Collects the pieces of one body. Small ones are copied together: a piece of one byte would keep the whole buffer that
 * it came in. What is held is never more than about twice what was collected, and `heldBytes` says how much it is.
 */
export class ByteCollector {
  /** Of the length that was said; memory that nothing was written to yet is not held. */
  #whole: Buffer | undefined
  #parts: Buffer[] = []
  #slab: Buffer | undefined
  #filled = 0
  #length = 0
  #heldBytes = 0

  /** @param expectedBytes how long it will be, where that is known; no more than may be */
  constructor(expectedBytes = 0) {
    if (expectedBytes >= LARGE_BYTES) this.#whole = ofItsOwn(expectedBytes)
  }

  /** What was collected, bytes. */
  get length(): number {
    return this.#length
  }

  /** What is held for it, bytes. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes a piece, which must not change any more. */
  add(piece: Buffer): void {
    if (this.#whole !== undefined && this.#addToWhole(this.#whole, piece)) return
    this.#length += piece.length
    const { byteLength } = piece.buffer
    if (piece.length * 2 >= byteLength) {
      this.#seal()
      this.#parts.push(piece)
      this.#heldBytes += byteLength
      return
    }
    let at = 0
    while (at < piece.length) {
      this.#slab ??= this.#newSlab(piece.length - at)
      const copied = piece.copy(this.#slab, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled === this.#slab.length) this.#seal()
    }
  }

  /** A copy of the first bytes, at most so many. */
  first(length: number): Buffer {
    if (this.#whole !== undefined) return Buffer.from(this.#whole.subarray(0, Math.min(length, this.#length)))
    const slab = this.#slab?.subarray(0, this.#filled)
    const whole = slab === undefined ? this.#parts : [...this.#parts, slab]
    return Buffer.concat(whole, Math.min(length, this.#length))
  }

  /** All that was collected, in one buffer. Nothing is held any more. */
  take(): Buffer {
    this.#sealWhole()
    this.#seal()
    const parts = this.#parts
    const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, this.#length)
    this.clear()
    return whole
  }

  /** All that was collected, in pieces. Nothing is held any more. */
  takeParts(): readonly Buffer[] {
    this.#sealWhole()
    this.#seal()
    const parts = this.#parts
    this.clear()
    return parts
  }

  /** Forgets what was collected. */
  clear(): void {
    if (this.#whole !== undefined) freeBuffer(this.#whole)
    this.#whole = undefined
    this.#parts = []
    this.#slab = undefined
    this.#filled = 0
    this.#length = 0
    this.#heldBytes = 0
  }

  /** False: it came to be longer than was said. */
  #addToWhole(whole: Buffer, piece: Buffer): boolean {
    if (this.#length + piece.length > whole.length) {
      this.#sealWhole()
      return false
    }
    piece.copy(whole, this.#length)
    this.#length += piece.length
    this.#heldBytes = this.#length
    return true
  }

  #sealWhole(): void {
    if (this.#whole !== undefined && this.#length > 0) this.#parts.push(this.#whole.subarray(0, this.#length))
    this.#whole = undefined
  }

  #newSlab(neededBytes: number): Buffer {
    // The first piece is often the only one: it gets what it needs, from the pool of small buffers where it is small.
    const size = this.#heldBytes === 0 ? neededBytes : Math.max(neededBytes, this.#heldBytes, FIRST_SLAB_BYTES)
    const slab =
      this.#heldBytes === 0 ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(Math.min(size, MAX_SLAB_BYTES))
    this.#heldBytes += slab.length
    return slab
  }

  #seal(): void {
    if (this.#slab !== undefined) this.#parts.push(this.#slab.subarray(0, this.#filled))
    this.#slab = undefined
    this.#filled = 0
  }
}

/**
 * A buffer whose memory goes back to the system once it is freed. What is smaller than 32 MiB glibc takes from one heap as
 * soon as it has freed such a piece, and small buffers between them keep a gigabyte of it for good. So it is made as large
 * as that: what nobody writes to costs nothing.
 */
function ofItsOwn(bytes: number): Buffer {
  if (bytes < OWN_BYTES) return Buffer.allocUnsafeSlow(bytes)
  return Buffer.allocUnsafeSlow(Math.max(bytes, ALWAYS_MAPPED_BYTES)).subarray(0, bytes)
}
