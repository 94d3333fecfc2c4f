import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import { PunkuError } from '../../core/error.ts'
import type { AnswerPart } from '../../formats/answer-parts.ts'
import type { AnswerRenderer } from '../../formats/conversation/answer-renderer.ts'
import { contextOverflow } from '../../formats/conversation/context-overflow.ts'
import { translatedRefusal } from '../../formats/conversation/translated-refusal.ts'
import type { StreamedFormat } from '../../formats/format.ts'
import { FrameSplitter, frameReader, partsOfWhole } from '../../formats/frames.ts'
import { parseObject } from '../../formats/json-facts.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'

/** A whole answer of more than this is not translated: it would be held several times over. */
const MAX_WHOLE_BYTES = 16 * 1_024 * 1_024

/** A longer refusal goes on as it is. */
const MAX_REFUSAL_BYTES = 65_536

/** What observes the answer behind it. */
export interface Observing extends AnswerHandler {
  /** What the answer says of its usage is made up, since its format has to say something. */
  usageIsUntold(): void
}

export interface TranslationOptions {
  /** How the upstream writes its answers. */
  readonly from: StreamedFormat
  /** How the client gets them. */
  readonly to: StreamedFormat
  /** Writes this one answer. */
  readonly renderer: AnswerRenderer
  readonly wantsStream: boolean
  /** Whether so many bytes of a whole answer may be held; then they count. */
  readonly mayHold: (bytes: number) => boolean
  readonly next: Observing
}

/**
 * A link of the reply chain, before what observes: the upstream's answer in one format goes on in another, frame by frame, or
 * whole. What is no answer, as an error, goes on as it is.
 */
export class Translation implements AnswerHandler {
  readonly #options: TranslationOptions
  readonly #frames: FrameSplitter
  readonly #partsOf: ReturnType<typeof frameReader>
  readonly #collected = new ByteCollector()
  readonly #parts: AnswerPart[] = []
  /** What comes: `undefined`: it goes on as it is. */
  #source: 'frames' | 'whole' | undefined
  #headers: IncomingHttpHeaders = {}
  /** What came as frames and is kept for a whole answer. */
  #keptBytes = 0
  #hasUsage = false
  #refusal: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined

  constructor(options: TranslationOptions) {
    this.#options = options
    this.#frames = new FrameSplitter(options.from.stream.framing)
    this.#partsOf = frameReader(options.from.stream)
  }

  onRequestStart(controller: UpstreamController): void {
    this.#options.next.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    const { from, to, next, wantsStream } = this.#options
    this.#source = status === 200 ? sourceOf(headers, from) : undefined
    if (status >= 400 && isJson(headers)) {
      this.#refusal = { status, headers }
      return
    }
    if (this.#source === undefined) {
      next.onResponseStart(controller, status, headers)
      return
    }
    const { 'content-length': _length, ...rest } = headers
    this.#headers = { ...rest, 'content-type': wantsStream ? to.stream.contentType : 'application/json' }
    if (wantsStream) next.onResponseStart(controller, status, this.#headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    if (this.#refusal !== undefined) {
      this.#collected.add(chunk)
      if (this.#collected.length > MAX_REFUSAL_BYTES) this.#refuse(controller)
    } else if (this.#source === undefined) this.#options.next.onResponseData(controller, chunk)
    else if (this.#source === 'frames') {
      if (!this.#options.wantsStream) {
        this.#keptBytes += chunk.length
        if (!this.#mayKeep(this.#keptBytes, this.#keptBytes)) {
          controller.abort(tooLarge())
          return
        }
      }
      this.#take(controller, this.#frames.push(chunk).flatMap(this.#partsOf))
    } else {
      this.#collected.add(chunk)
      if (!this.#mayKeep(this.#collected.length, this.#collected.heldBytes)) controller.abort(tooLarge())
    }
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    const { next, renderer, wantsStream, from } = this.#options
    this.#refuse(controller)
    if (this.#source === 'frames') this.#take(controller, this.#frames.end().flatMap(this.#partsOf))
    else if (this.#source === 'whole') {
      const answer = parseObject(this.#collected.take().toString())
      const parts = answer === undefined ? undefined : partsOfWhole(from, answer)
      if (parts === undefined) {
        next.onResponseError(controller, noAnswer())
        return
      }
      this.#take(controller, parts)
    }
    if (this.#source !== undefined && !wantsStream) {
      const failed = this.#parts.find((part) => part.kind === 'failed')
      if (failed?.message !== undefined && this.#refuseOverflow(controller, failed.message)) {
        next.usageIsUntold()
        next.onResponseEnd(controller, trailers)
        return
      }
      if (failed !== undefined || !this.#parts.some((part) => part.kind === 'end')) {
        next.onResponseError(controller, failed === undefined ? cutShort() : failedAnswer(failed.message))
        return
      }
      next.onResponseStart(controller, 200, this.#headers)
      next.onResponseData(controller, Buffer.from(renderer.whole(this.#parts)))
    }
    if (this.#source !== undefined && !this.#hasUsage) next.usageIsUntold()
    next.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    if (this.#source !== undefined && !this.#hasUsage) this.#options.next.usageIsUntold()
    this.#options.next.onResponseError(controller, error)
  }

  /** Hands a refusal on, in the shape that the client reads. */
  #refuse(controller: UpstreamController): void {
    const { next, to } = this.#options
    const refusal = this.#refusal
    if (refusal === undefined) return
    this.#refusal = undefined
    const body = this.#collected.take()
    const said = parseObject(body.toString())
    const translated = said && translatedRefusal(to.name, refusal.status, said)
    const { 'content-length': _length, ...headers } = refusal.headers
    if (translated === undefined) {
      next.onResponseStart(controller, refusal.status, refusal.headers)
      next.onResponseData(controller, body)
      return
    }
    next.onResponseStart(controller, translated.status, headers)
    next.onResponseData(controller, Buffer.from(JSON.stringify(translated.body)))
  }

  /** An answer that failed since its prompt is too long is a refusal, which nobody has seen the status of yet. */
  #refuseOverflow(controller: UpstreamController, error: string): boolean {
    const { next, to } = this.#options
    const refused = contextOverflow(error) && translatedRefusal(to.name, 400, { error })
    if (refused === undefined) return false
    next.onResponseStart(controller, refused.status, this.#headers)
    next.onResponseData(controller, Buffer.from(JSON.stringify(refused.body)))
    return true
  }

  #mayKeep(length: number, heldBytes: number): boolean {
    return length <= MAX_WHOLE_BYTES && this.#options.mayHold(heldBytes)
  }

  #take(controller: UpstreamController, parts: readonly AnswerPart[]): void {
    const { renderer, next, wantsStream } = this.#options
    if (parts.some(({ kind }) => kind === 'usage')) this.#hasUsage = true
    if (!wantsStream) {
      this.#parts.push(...parts)
      return
    }
    const frames = parts.length === 0 ? '' : renderer.frames(parts)
    if (frames !== '') next.onResponseData(controller, Buffer.from(frames))
  }
}

function sourceOf(
  { 'content-type': type = '' }: IncomingHttpHeaders,
  from: StreamedFormat,
): 'frames' | 'whole' | undefined {
  if (type.startsWith(from.stream.contentType)) return 'frames'
  return isJson({ 'content-type': type }) ? 'whole' : undefined
}

function isJson({ 'content-type': type = '' }: IncomingHttpHeaders): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/.test(type)
}

const noAnswer = () =>
  new PunkuError('upstream_invalid', 'The model server answered with something that is no answer in its own format.')

const cutShort = () =>
  new PunkuError('upstream_interrupted', 'The answer ended before the model server said that it was complete.')

const failedAnswer = (said: string | undefined) =>
  new PunkuError('upstream_failed', 'The model server reported an error inside its answer.', { said })

const tooLarge = () =>
  new PunkuError('upstream_invalid', 'The answer is too large to be put into the format that was asked for.')
