import type { Transform } from 'node:stream'
import { ByteCollector } from '../core/byte-collector.ts'
import { type Decoder, decoderOf, MAX_DECODED_RATIO, mostDecoded } from '../core/decoders.ts'
import { PunkuError } from '../core/error.ts'
import { formatSize } from '../core/units.ts'
import type { BodySource } from './body-source.ts'
import type { HeaderView } from './headers.ts'

export interface BodyLimits {
  /** The most bytes taken from the wire. */
  readonly maxBytes: number
  /** The most bytes a compressed body may decode to. */
  readonly maxDecodedBytes: number
  /** Called at every chunk from the wire; by this the caller ends bodies that stop half way. */
  readonly onProgress?: (chunkBytes: number) => void
  /** Called with the bytes that are held for it now, before and while they are; what it throws ends the reading. */
  readonly hold?: (bytes: number) => void
  /**
   * Called once with the beginning of a large body, or of one that decodes to much, before the rest has come or is
   * decoded; what it throws ends the reading.
   */
  readonly onBeginning?: (bytes: Buffer) => void
  /** Resolves when it may be decoded; what it gives is disposed of afterwards. Default: at once. */
  readonly turnToDecode?: () => Promise<Disposable>
}

/** So much of a body is its beginning. */
const BEGINNING_BYTES = 65_536

/**
 * Reads a request's whole body and takes its one `Content-Encoding` off. Holds at most `maxBytes` and one chunk as
 * they came, then at most `maxDecodedBytes` and one chunk decoded, in buffers up to twice as large. It sets no time
 * limit, and neither answers nor ends the connection: after a rejection the request is paused and the rest of its body
 * may still be under way.
 *
 * Rejects with a PunkuError: `unsupported_encoding`; `request_too_large`, before reading where `Content-Length` says
 * so, and for what decodes to more than a hundred times its size; `invalid_request` for compressed data that is broken
 * or cut off; `client_closed` when the client left half way.
 */
export function readBody(request: BodySource, headers: HeaderView, limits: BodyLimits): Promise<Buffer> {
  const length = headers.get('content-length')
  const saidBytes = length === undefined ? undefined : Number(length)
  let decoder: Decoder | undefined
  try {
    decoder = decoderFor(headers)
    if (saidBytes !== undefined && saidBytes > limits.maxBytes) throw tooLarge(limits.maxBytes)
  } catch (error) {
    return Promise.reject(error)
  }
  const body = readBytes(request, limits, saidBytes, beginningReader(saidBytes, decoder, limits))
  if (decoder === undefined) return body
  return body.then((bytes) => decodeInTurn(bytes, decoder, limits))
}

function decoderFor(headers: HeaderView): Decoder | undefined {
  if (headers.get('content-encoding') === undefined) return undefined
  const encoding = headers.all('content-encoding').join(',').trim().toLowerCase()
  if (encoding === 'identity') return undefined
  const decoder = decoderOf(encoding)
  if (decoder !== undefined) return decoder
  throw new PunkuError(
    'unsupported_encoding',
    'The Content-Encoding of the body is not supported. Send it plain, or with one of gzip, deflate, br, zstd, once.',
  )
}

/** Looks at the beginning of a body that came; rejects with what `onBeginning` throws. */
type BeginningReader = (bytes: Buffer) => Promise<void>

/** `undefined`: nobody wants to know, or the body is too short for it to be worth a look. */
function beginningReader(
  saidBytes: number | undefined,
  decoder: Decoder | undefined,
  { onBeginning, turnToDecode }: BodyLimits,
): BeginningReader | undefined {
  // What comes a moment later is not worth reading the beginning twice.
  if (onBeginning === undefined || (saidBytes !== undefined && saidBytes < 2 * BEGINNING_BYTES)) return undefined
  if (decoder === undefined) return async (bytes) => onBeginning(bytes)
  return async (bytes) => {
    using _turn = await turnToDecode?.()
    onBeginning(await decodedBeginning(bytes, decoder.createForWhole(bytes)))
  }
}

/** What the beginning of a compressed body decodes to; what is wrong with it is told once all is there. */
function decodedBeginning(bytes: Buffer, decoder: Transform): Promise<Buffer> {
  return new Promise((resolve) => {
    const collector = new ByteCollector()
    const finish = () => {
      decoder.destroy()
      resolve(collector.first(BEGINNING_BYTES))
    }
    decoder.on('data', (chunk: Buffer) => {
      collector.add(chunk)
      if (collector.length >= BEGINNING_BYTES) finish()
    })
    decoder.on('error', finish)
    decoder.write(bytes, finish)
  })
}

function readBytes(
  request: BodySource,
  limits: BodyLimits,
  saidBytes: number | undefined,
  readBeginning: BeginningReader | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collector = new ByteCollector(saidBytes)
    let isBeginningRead = readBeginning === undefined
    let isOver = false
    const onBytes = (chunk: Buffer) => {
      if (isOver) return
      limits.onProgress?.(chunk.length)
      try {
        if (collector.length + chunk.length > limits.maxBytes) throw tooLarge(limits.maxBytes)
        collector.add(chunk)
        limits.hold?.(collector.heldBytes)
      } catch (thrown) {
        fail(PunkuError.from(thrown))
        return
      }
      if (isBeginningRead || collector.length < BEGINNING_BYTES) return
      isBeginningRead = true
      readBeginning?.(collector.first(BEGINNING_BYTES)).catch((thrown: unknown) => fail(PunkuError.from(thrown)))
    }
    const fail = (error: PunkuError) => {
      isOver = true
      collector.clear()
      request.pause()
      reject(error)
    }
    request.readTo({
      onBytes,
      onEnd() {
        if (isOver) return
        isOver = true
        resolve(collector.take())
      },
      onGone() {
        if (!isOver) fail(new PunkuError('client_closed', 'The client left before its request was whole.'))
      },
    })
  })
}

async function decodeInTurn(bytes: Buffer, { createForWhole }: Decoder, limits: BodyLimits): Promise<Buffer> {
  using _turn = await limits.turnToDecode?.()
  const decoded = await decode(bytes, createForWhole(bytes), limits)
  limits.hold?.(decoded.length)
  return decoded
}

function decode(bytes: Buffer, decoder: ReturnType<Decoder['createForWhole']>, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collector = new ByteCollector()
    let isBeginningRead = limits.onBeginning === undefined
    const most = Math.min(limits.maxDecodedBytes, mostDecoded(bytes.length))
    decoder.on('data', (chunk: Buffer) => {
      try {
        if (collector.length + chunk.length > most) {
          throw most === limits.maxDecodedBytes ? tooLarge(most) : tooDense()
        }
        collector.add(chunk)
        limits.hold?.(bytes.length + collector.heldBytes)
        if (isBeginningRead || collector.length < BEGINNING_BYTES) return
        isBeginningRead = true
        limits.onBeginning?.(collector.first(BEGINNING_BYTES))
      } catch (thrown) {
        collector.clear()
        // A bomb must not be inflated to its end for nobody.
        decoder.destroy()
        reject(PunkuError.from(thrown))
      }
    })
    decoder.on('end', () => {
      if (decoder.bytesWritten < bytes.length) reject(broken())
      else resolve(collector.take())
    })
    decoder.on('error', (cause) => reject(broken(cause)))
    decoder.end(bytes)
  })
}

function broken(cause?: unknown): PunkuError {
  const message = 'The compressed body cannot be decoded: it is broken or cut off. Send it again, or uncompressed.'
  return new PunkuError('invalid_request', message, cause === undefined ? {} : { cause })
}

function tooLarge(maxBytes: number): PunkuError {
  return new PunkuError(
    'request_too_large',
    `The body is larger than ${formatSize(maxBytes)}. Send less, or ask the gateway's owner to raise the limit.`,
  )
}

function tooDense(): PunkuError {
  return new PunkuError(
    'request_too_large',
    `The compressed body unpacks to more than ${MAX_DECODED_RATIO} times its size. Send it uncompressed.`,
  )
}
