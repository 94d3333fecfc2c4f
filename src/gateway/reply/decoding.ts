import type { IncomingHttpHeaders } from 'node:http'
import type { Transform } from 'node:stream'
import { type Decoder, decoderOf, MAX_DECODED_RATIO, mostDecoded } from '../../core/decoders.ts'
import { PunkuError } from '../../core/error.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'

/** So many are looked at to tell the two kinds of `deflate` apart. */
const FIRST_BYTES = 2

export interface DecodingOptions {
  /** What is told of the answer as if it had come plain. */
  readonly next: AnswerHandler
  /** Whether a decoder may hold so many bytes. */
  readonly mayDecode: (bytes: number) => boolean
}

/**
 * Takes the compression off an answer whose upstream compressed it although it was asked not to; one that is plain passes
 * as it is. The first link of the reply chain. To those behind it is what holds the upstream back: what has been decoded
 * waits with it. It ends an answer that unpacks to more than a hundred times its size.
 */
export class Decoding implements AnswerHandler, UpstreamController {
  readonly #options: DecodingOptions
  #upstream: UpstreamController | undefined
  #decoder: Decoder | undefined
  #working: Transform | undefined
  /** What came before there was enough to begin with. */
  #first: Buffer | undefined
  #sentBytes = 0
  #decodedBytes = 0
  /** Those behind take nothing for now. */
  #isPaused = false
  /** The decoder has as much to do as it may. */
  #isFull = false
  #isOver = false
  /** The upstream's own failure ended it: that its data is not whole says no more. */
  #isCutOff = false
  /** What is told once all that has come was decoded. */
  #ending: (() => void) | undefined

  constructor(options: DecodingOptions) {
    this.#options = options
  }

  get aborted(): boolean {
    return this.#upstream?.aborted ?? false
  }

  get paused(): boolean {
    return this.#isPaused
  }

  get reason(): Error | null {
    return this.#upstream?.reason ?? null
  }

  abort(reason: Error): void {
    this.#end()
    this.#upstream?.abort(reason)
  }

  pause(): void {
    this.#isPaused = true
    this.#working?.pause()
    this.#upstream?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#working?.resume()
    if (!this.#isFull) this.#upstream?.resume()
  }

  onRequestStart(controller: UpstreamController): void {
    this.#upstream = controller
    this.#options.next.onRequestStart(this)
  }

  onResponseStart(_controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    const { next, mayDecode } = this.#options
    const encoding = headers['content-encoding']
    this.#decoder = typeof encoding === 'string' ? decoderOf(encoding.trim().toLowerCase()) : undefined
    if (this.#decoder === undefined) {
      next.onResponseStart(this, status, headers)
      return
    }
    if (!mayDecode(this.#decoder.heldBytes)) {
      this.#fail(noRoom())
      return
    }
    const { 'content-encoding': _encoding, 'content-length': _length, ...plain } = headers
    next.onResponseStart(this, status, plain)
  }

  onResponseData(_controller: UpstreamController, chunk: Buffer): void {
    if (this.#decoder === undefined) {
      this.#options.next.onResponseData(this, chunk)
      return
    }
    if (this.#isOver) return
    this.#sentBytes += chunk.length
    const sent = this.#first === undefined ? chunk : Buffer.concat([this.#first, chunk])
    this.#first = sent.length < FIRST_BYTES ? sent : undefined
    if (this.#first === undefined) this.#decode(this.#decoder, sent)
  }

  onResponseEnd(_controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    this.#endWith(() => this.#options.next.onResponseEnd(this, trailers))
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    this.#isCutOff = true
    this.#endWith(() => this.#options.next.onResponseError(this, error))
  }

  /** What came before is told first. */
  #endWith(ending: () => void): void {
    if (this.#decoder !== undefined && this.#isOver) return
    if (this.#decoder !== undefined && this.#first !== undefined) this.#decode(this.#decoder, this.#first)
    if (this.#working === undefined) {
      ending()
      return
    }
    this.#ending = ending
    this.#working.end()
  }

  #decode(decoder: Decoder, sent: Buffer): void {
    this.#working ??= this.#start(decoder, sent)
    if (this.#working.write(sent)) return
    this.#isFull = true
    this.#upstream?.pause()
  }

  #start({ create }: Decoder, first: Buffer): Transform {
    const working = create(first)
    working.on('data', (piece: Buffer) => {
      if (this.#isOver) return
      this.#decodedBytes += piece.length
      if (this.#decodedBytes > mostDecoded(this.#sentBytes)) this.#fail(tooDense())
      else this.#options.next.onResponseData(this, piece)
    })
    working.on('drain', () => {
      this.#isFull = false
      if (!this.#isPaused) this.#upstream?.resume()
    })
    working.on('end', () => {
      if (!this.#isOver) this.#finish()
    })
    working.on('error', (cause) => {
      if (this.#isOver) return
      if (this.#isCutOff) this.#finish()
      else this.#fail(broken(cause))
    })
    if (this.#isPaused) working.pause()
    return working
  }

  #finish(): void {
    this.#isOver = true
    this.#ending?.()
  }

  #fail(error: PunkuError): void {
    this.#end()
    this.#options.next.onResponseError(this, error)
    this.#upstream?.abort(error)
  }

  #end(): void {
    this.#isOver = true
    this.#working?.destroy()
  }
}

const COMPRESSED = 'The model server compressed its answer although it was asked not to'
const SWITCH_OFF = 'Its owner must switch compression off there.'

const noRoom = () =>
  new PunkuError(
    'overloaded',
    `${COMPRESSED}, and as many answers are being unpacked as memory allows (limits.answerMemory). Ask again in a moment. ${SWITCH_OFF}`,
    { retryAfterMs: 2_000 },
  )

const tooDense = () =>
  new PunkuError(
    'upstream_invalid',
    `${COMPRESSED}, and it unpacks to more than ${MAX_DECODED_RATIO} times its size. ${SWITCH_OFF}`,
  )

const broken = (cause: Error) =>
  new PunkuError(
    'upstream_invalid',
    `${COMPRESSED}, and it cannot be unpacked: it is broken or cut off. ${SWITCH_OFF}`,
    {
      cause,
    },
  )
