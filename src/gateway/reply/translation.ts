import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import { PunkuError } from '../../core/error.ts'
import type { AnswerPart } from '../../formats/answer-parts.ts'
import type { AnswerRenderer } from '../../formats/conversation/answer-renderer.ts'
import { contextOverflow } from '../../formats/conversation/context-overflow.ts'
import { translatedRefusal } from '../../formats/conversation/translated-refusal.ts'
import type { StreamedFormat, Usage } from '../../formats/format.ts'
import { type Frame, FrameSplitter, frameReader, partsOfWhole } from '../../formats/frames.ts'
import { parseObject } from '../../formats/json-facts.ts'
import { mergeUsage, NO_USAGE } from '../../formats/usage.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'
import { isJsonType, RefusalRelay } from './refusal-relay.ts'

/** A whole answer of more than this is not translated: it would be held several times over. */
export const MAX_WHOLE_BYTES = 16 * 1_024 * 1_024

/** What observes the answer behind it. */
export interface Observing extends AnswerHandler {
  /** What the server said that was used: the answer, in another format, may not say it, or has to say something made up. */
  usageIs(usage: Usage): void
  /** The model that answers, as its server names it: the answer may have the name that its client asked for. */
  modelIs(model: string): void
}

export interface TranslationOptions {
  /** How the upstream writes its answers. */
  readonly from: StreamedFormat
  /** How the client gets them. */
  readonly to: StreamedFormat
  /** Writes this one answer. */
  readonly renderer: AnswerRenderer
  readonly wantsStream: boolean
  /** As its server names it. */
  readonly model: string
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
  #usage: Usage = NO_USAGE
  /** It has ended, whatever its server goes on to send. */
  #isOver = false
  readonly #refusal: RefusalRelay

  constructor(options: TranslationOptions) {
    this.#options = options
    this.#refusal = new RefusalRelay(options.to.name, options.next)
    this.#frames = new FrameSplitter(options.from.stream.framing)
    this.#partsOf = frameReader(options.from.stream)
  }

  onRequestStart(controller: UpstreamController): void {
    this.#options.next.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    const { from, to, next, wantsStream } = this.#options
    this.#source = status === 200 ? sourceOf(headers, from) : undefined
    if (this.#refusal.begin(status, headers)) return
    if (this.#source === undefined) {
      next.onResponseStart(controller, status, headers)
      return
    }
    const { 'content-length': _length, ...rest } = headers
    this.#headers = { ...rest, 'content-type': wantsStream ? to.stream.contentType : 'application/json' }
    if (wantsStream) next.onResponseStart(controller, status, this.#headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#refusal.isOn) this.#refusal.push(controller, chunk)
    else if (this.#source === undefined) this.#options.next.onResponseData(controller, chunk)
    else if (this.#source === 'frames') {
      if (!this.#options.wantsStream) {
        this.#keptBytes += chunk.length
        if (!this.#mayKeep(this.#keptBytes, this.#keptBytes)) {
          controller.abort(tooLarge())
          return
        }
      }
      this.#take(controller, this.#partsIn(this.#frames.push(chunk)))
    } else {
      this.#collected.add(chunk)
      if (!this.#mayKeep(this.#collected.length, this.#collected.heldBytes)) controller.abort(tooLarge())
    }
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    const { next, renderer, wantsStream, from } = this.#options
    if (this.#refusal.isOn) this.#refusal.end(controller)
    if (this.#source === 'frames') this.#take(controller, this.#partsIn(this.#frames.end()))
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
    next.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    this.#options.next.onResponseError(controller, error)
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

  /** Most chunks hold one frame. */
  #partsIn(frames: readonly Frame[]): readonly AnswerPart[] {
    const [first] = frames
    return first !== undefined && frames.length === 1 ? this.#partsOf(first) : frames.flatMap(this.#partsOf)
  }

  #take(controller: UpstreamController, parts: readonly AnswerPart[]): void {
    const { renderer, next, wantsStream, model } = this.#options
    for (const part of parts) {
      if (part.kind === 'usage') this.#usage = mergeUsage(this.#usage, part.usage)
      else if (part.kind === 'end') this.#isOver = true
    }
    if (parts.length > 0) {
      next.usageIs(this.#usage)
      next.modelIs(model)
    }
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
  return isJsonType({ 'content-type': type }) ? 'whole' : undefined
}

/** What a server sent is no answer in its own format. */
export const noAnswer = () =>
  new PunkuError('upstream_invalid', 'The model server answered with something that is no answer in its own format.')

const cutShort = () =>
  new PunkuError('upstream_interrupted', 'The answer ended before the model server said that it was complete.')

const failedAnswer = (said: string | undefined) =>
  new PunkuError('upstream_failed', 'The model server reported an error inside its answer.', { said })

/** A whole answer is longer than `MAX_WHOLE_BYTES`, or finds no memory. */
export const tooLarge = () =>
  new PunkuError('upstream_invalid', 'The answer is too large to be put into the format that was asked for.')
