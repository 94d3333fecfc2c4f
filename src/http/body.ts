import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
import { PunkuError } from '../core/error.ts'
import { formatSize } from '../core/units.ts'
import type { HeaderView } from './headers.ts'

export interface BodyLimits {
  /** The most bytes taken from the wire. */
  readonly maxBytes: number
  /** The most bytes a compressed body may decode to. */
  readonly maxDecodedBytes: number
  /** Called at every chunk from the wire; by this the caller ends bodies that stop half way. */
  readonly onProgress?: (chunkBytes: number) => void
}

/** RFC 9659: `zstd` as a content encoding needs a window of 8 MiB at most. The default would allow 128 MiB a request. */
const ZSTD_MAX_WINDOW_LOG = 23

const DECODER_OPTIONS = { chunkSize: 64 * 1024, rejectGarbageAfterEnd: true } as const

/** The content encodings read, and how. `deflate` is not one: clients disagree on what it is. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip(DECODER_OPTIONS)],
  ['x-gzip', () => createGunzip(DECODER_OPTIONS)],
  ['br', () => createBrotliDecompress(DECODER_OPTIONS)],
  [
    'zstd',
    () =>
      createZstdDecompress({
        ...DECODER_OPTIONS,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_MAX_WINDOW_LOG },
      }),
  ],
])

/**
 * Reads a request's whole body and takes its one `Content-Encoding` off. Holds at most `maxBytes` and one chunk as
 * they came, then at most `maxDecodedBytes` and one chunk decoded. It sets no time limit, and neither answers nor ends
 * the connection: after a rejection the request is paused and the rest of its body may still be under way.
 *
 * Rejects with a PunkuError: `unsupported_encoding`; `request_too_large`, before reading where `Content-Length` says
 * so; `invalid_request` for compressed data that is broken or cut off; `client_closed` when the client left half way.
 */
export function readBody(request: IncomingMessage, headers: HeaderView, limits: BodyLimits): Promise<Buffer> {
  let createDecoder: (() => Transform) | undefined
  try {
    createDecoder = decoderFor(headers)
    if (Number(headers.get('content-length') ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes)
  } catch (error) {
    return Promise.reject(error)
  }
  const body = readBytes(request, limits)
  if (createDecoder === undefined) return body
  const decoder = createDecoder()
  return body.then((bytes) => decode(bytes, decoder, limits.maxDecodedBytes))
}

function decoderFor(headers: HeaderView): (() => Transform) | undefined {
  if (headers.get('content-encoding') === undefined) return undefined
  const encoding = headers.all('content-encoding').join(',').trim().toLowerCase()
  if (encoding === 'identity') return undefined
  const createDecoder = DECODERS.get(encoding)
  if (createDecoder !== undefined) return createDecoder
  throw new PunkuError(
    'unsupported_encoding',
    'The Content-Encoding of the body is not supported. Send it plain, or with one of gzip, br, zstd, once.',
  )
}

function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer) => {
      limits.onProgress?.(chunk.length)
      length += chunk.length
      if (length > limits.maxBytes) fail(tooLarge(limits.maxBytes))
      else chunks.push(chunk)
    }
    const onEnd = () => {
      removeListeners()
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length))
    }
    const onClose = () => fail(new PunkuError('client_closed', 'The client left before its request was whole.'))
    const fail = (error: PunkuError) => {
      removeListeners()
      request.pause()
      reject(error)
    }
    const removeListeners = () => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
    }
    // A client that has left already would emit nothing any more.
    if (request.destroyed) onClose()
    else request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

function decode(bytes: Buffer, decoder: Transform, maxDecodedBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    decoder.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length <= maxDecodedBytes) return
      chunks.length = 0
      // A bomb must not be inflated to its end for nobody.
      decoder.destroy()
      reject(tooLarge(maxDecodedBytes))
    })
    decoder.on('end', () => resolve(Buffer.concat(chunks, length)))
    decoder.on('error', (cause) => {
      const message = 'The compressed body cannot be decoded: it is broken or cut off. Send it again, or uncompressed.'
      reject(new PunkuError('invalid_request', message, { cause }))
    })
    decoder.end(bytes)
  })
}

function tooLarge(maxBytes: number): PunkuError {
  return new PunkuError(
    'request_too_large',
    `The body is larger than ${formatSize(maxBytes)}. Send less, or ask the gateway's owner to raise the limit.`,
  )
}
