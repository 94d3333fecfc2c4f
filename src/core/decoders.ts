import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

/** One `Content-Encoding` that is read. */
export interface Decoder {
  /** Makes one for the body whose first bytes these are. The caller destroys it. */
  readonly create: (first: Buffer) => Transform
  /**
   * The same for a body that is written in one piece, or the beginning of it. It takes what the format lets stand one
   * behind the other: members of gzip, frames of zstd. Data was left over where it has ended before it has taken all.
   */
  readonly createForWhole: (whole: Buffer) => Transform & { readonly bytesWritten: number }
  /** What it may hold while it works, beside what has come out of it. */
  readonly heldBytes: number
}

/** Data that is compressed may decode to this many bytes, whatever it is; beyond, to so many times what was sent. */
const FREE_DECODED_BYTES = 1_048_576
export const MAX_DECODED_RATIO = 100

/** RFC 9659: `zstd` as a content encoding needs a window of 8 MiB at most. The default would allow 128 MiB. */
const ZSTD_MAX_WINDOW_LOG = 23

const OPTIONS = { chunkSize: 64 * 1024, rejectGarbageAfterEnd: true } as const
const ZSTD_OPTIONS = { ...OPTIONS, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_MAX_WINDOW_LOG } } as const

const GZIP: Decoder = {
  create: () => createGunzip(OPTIONS),
  // Node's own refusal of garbage takes a second member (RFC 1952 §2.2) for some. Without it all that is no member is
  // refused still, but for zeros, behind which it stops without a word.
  createForWhole: () => createGunzip({ chunkSize: OPTIONS.chunkSize }),
  heldBytes: 131_072,
}
const createDeflate = (first: Buffer) => (isZlib(first) ? createInflate(OPTIONS) : createInflateRaw(OPTIONS))
const createBrotli = () => createBrotliDecompress(OPTIONS)
const createZstd = () => createZstdDecompress(ZSTD_OPTIONS)

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { create: createDeflate, createForWhole: createDeflate, heldBytes: GZIP.heldBytes }],
  ['br', { create: createBrotli, createForWhole: createBrotli, heldBytes: 16_777_216 }],
  ['zstd', { create: createZstd, createForWhole: createZstd, heldBytes: 2 ** ZSTD_MAX_WINDOW_LOG }],
])

/** The decoder of one content encoding, in lower case; `undefined` for what is not read, a list of them too. */
export function decoderOf(encoding: string): Decoder | undefined {
  return DECODERS.get(encoding)
}

/** How many bytes so many compressed ones may become. */
export function mostDecoded(sentBytes: number): number {
  return Math.max(FREE_DECODED_BYTES, sentBytes * MAX_DECODED_RATIO)
}

/** `deflate` is the zlib format (RFC 9110 §8.4.1.2), but for those who leave its two bytes of header out. */
function isZlib(bytes: Buffer): boolean {
  if (bytes.length < 2) return true
  const header = bytes.readUInt16BE(0)
  return (header & 0x0f00) === 0x0800 && header % 31 === 0
}
