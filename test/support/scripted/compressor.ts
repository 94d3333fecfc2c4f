import { once } from 'node:events'
import type { Transform } from 'node:stream'
import { createBrotliCompress, createDeflate, createDeflateRaw, createGzip, createZstdCompress } from 'node:zlib'

type Flushing = Transform & { flush(done: () => void): void }

const COMPRESSIONS: Readonly<Record<string, () => Flushing>> = {
  gzip: createGzip,
  'x-gzip': createGzip,
  deflate: createDeflate,
  'raw deflate': createDeflateRaw,
  br: createBrotliCompress,
  zstd: createZstdCompress,
}

/** The ways in which it can compress: content encodings, and `raw deflate`, which goes by `deflate`. */
export const COMPRESSION_NAMES: readonly string[] = Object.keys(COMPRESSIONS)

/** Compresses one body, and holds nothing of it back. */
export class Compressor {
  /** As `content-encoding` names it. */
  readonly encoding: string
  readonly #working: Flushing
  #out: Buffer[] = []

  constructor(name: string) {
    const create = COMPRESSIONS[name]
    if (create === undefined) throw new Error(`${name} is none of ${COMPRESSION_NAMES.join(', ')}`)
    this.encoding = name === 'raw deflate' ? 'deflate' : name
    this.#working = create()
    this.#working.on('data', (piece: Buffer) => this.#out.push(piece))
  }

  /** The bytes that stand for these. */
  async add(bytes: Buffer): Promise<Buffer> {
    this.#working.write(bytes)
    await new Promise<void>((resolve) => this.#working.flush(resolve))
    return this.#take()
  }

  /** The bytes that say that it is whole. */
  async end(): Promise<Buffer> {
    const ended = once(this.#working, 'end')
    this.#working.end()
    await ended
    return this.#take()
  }

  #take(): Buffer {
    const out = Buffer.concat(this.#out)
    this.#out = []
    return out
  }
}
