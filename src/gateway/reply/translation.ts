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
import {
  endlessAnswer,
  errorInAnswer,
  isUntranslatable,
  noAnswer,
  tooLarge,
  unreadableAnswer,
} from './untranslatable.ts'

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
 * whole. An error goes on as one. A success that cannot be read is one too: its client would not know it for what it is.
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
  /** It has said its end, or that it failed: what its server goes on to send is no part of it. */
  #isOver = false
  /** Those behind were told that it has ended. */
  #isHandedOn = false
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
      if (isUntranslatable(status, headers)) this.#fail(controller, noAnswer())
      else next.onResponseStart(controller, status, headers)
      return
    }
    const { 'content-length': _length, ...rest } = headers
    this.#headers = { ...rest, 'content-type': wantsStream ? to.stream.contentType : 'application/json' }
    if (wantsStream) next.onResponseStart(controller, status, this.#headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    if (this.#isOver || this.#isHandedOn) return
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
    if (this.#isHandedOn) return
    if (this.#refusal.isOn) {
      this.#refusal.end(controller, trailers)
      return
    }
    if (this.#source === 'frames') this.#take(controller, this.#partsIn(this.#frames.end()))
    else if (this.#source === 'whole') this.#takeWhole(controller)
    if (this.#isHandedOn) return
    if (this.#source !== undefined && !this.#options.wantsStream) this.#fail(controller, endlessAnswer())
    else this.#options.next.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    if (!this.#isHandedOn) this.#options.next.onResponseError(controller, error)
  }

  /** Of an answer that is no stream nothing follows its end, so that one without an end is none. */
  #takeWhole(controller: UpstreamController): void {
    const answer = parseObject(this.#collected.take().toString())
    const parts = answer === undefined ? [] : (partsOfWhole(this.#options.from, answer) ?? [])
    if (parts.some(isLast)) this.#take(controller, parts)
    else this.#fail(controller, noAnswer())
  }

  /** All that was kept goes on at once, though its server may keep the connection open. */
  #endWhole(controller: UpstreamController, last: AnswerPart): void {
    const { next } = this.#options
    if (last.kind === 'failed') {
      const { message } = last
      if (message === undefined || !this.#refuseOverflow(controller, message)) {
        this.#fail(controller, errorInAnswer(message))
        return
      }
    } else {
      let whole: string
      try {
        whole = this.#options.renderer.whole(this.#parts)
      } catch (error) {
        this.#fail(controller, PunkuError.from(error))
        return
      }
      next.onResponseStart(controller, 200, this.#headers)
      next.onResponseData(controller, Buffer.from(whole))
    }
    this.#isHandedOn = true
    next.onResponseEnd(controller, {})
  }

  #fail(controller: UpstreamController, error: PunkuError): void {
    this.#isHandedOn = true
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
    if (this.#isOver || parts.length === 0) return
    const { renderer, next, wantsStream, model } = this.#options
    const lastAt = parts.findIndex(isLast)
    const last = parts[lastAt]
    this.#isOver = last !== undefined
    const isUnreadable = last?.kind === 'failed' && last.isUnreadable === true
    // What is unreadable is told as an error of its own, behind what came before it.
    const told = last === undefined ? parts : parts.slice(0, isUnreadable ? lastAt : lastAt + 1)
    for (const part of told) {
      if (part.kind === 'usage') this.#usage = mergeUsage(this.#usage, part.usage)
      if (!wantsStream) this.#parts.push(part)
    }
    next.usageIs(this.#usage)
    next.modelIs(model)
    if (wantsStream && told.length > 0) {
      const frames = renderer.frames(told)
      if (frames !== '') next.onResponseData(controller, Buffer.from(frames))
    }
    if (isUnreadable) this.#fail(controller, unreadableAnswer())
    else if (last !== undefined && !wantsStream) this.#endWhole(controller, last)
  }
}

/** An answer has one of these at most, and nothing behind it. */
function isLast({ kind }: AnswerPart): boolean {
  return kind === 'end' || kind === 'failed'
}

function sourceOf(
  { 'content-type': type = '' }: IncomingHttpHeaders,
  from: StreamedFormat,
): 'frames' | 'whole' | undefined {
  if (type.toLowerCase().startsWith(from.stream.contentType)) return 'frames'
  return isJsonType({ 'content-type': type }) ? 'whole' : undefined
}
