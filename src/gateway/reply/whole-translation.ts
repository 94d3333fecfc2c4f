import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import type { PunkuError } from '../../core/error.ts'
import { errorMessage, errorOf } from '../../formats/answer-parts.ts'
import type { FormatName, Usage } from '../../formats/format.ts'
import { type JsonObject, parseObject } from '../../formats/json-facts.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'
import { isJsonType, RefusalRelay } from './refusal-relay.ts'
import { MAX_WHOLE_BYTES, type Observing } from './translation.ts'
import { errorInAnswer, isUntranslatable, noAnswer, tooLarge } from './untranslatable.ts'

export interface WholeTranslationOptions {
  /** How the client gets its answer. */
  readonly to: FormatName
  /** Writes the server's answer in that format; `undefined`: it is no answer in its own. */
  readonly write: (answer: JsonObject) => { readonly text: string; readonly usage: Usage } | undefined
  /** As its server names it. */
  readonly model: string
  /** Whether so many bytes may be held; then they count. */
  readonly mayHold: (bytes: number) => boolean
  readonly next: Observing
}

/** As `Translation`, of answers that are never streams. */
export class WholeTranslation implements AnswerHandler {
  readonly #options: WholeTranslationOptions
  readonly #refusal: RefusalRelay
  readonly #collected = new ByteCollector()
  /** `undefined`: it goes on as it is. */
  #headers: IncomingHttpHeaders | undefined
  /** Those behind were told that it failed. */
  #hasFailed = false

  constructor(options: WholeTranslationOptions) {
    this.#options = options
    this.#refusal = new RefusalRelay(options.to, options.next)
  }

  onRequestStart(controller: UpstreamController): void {
    this.#options.next.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#refusal.begin(status, headers)) return
    if (status === 200 && isJsonType(headers)) {
      const { 'content-length': _length, ...rest } = headers
      this.#headers = { ...rest, 'content-type': 'application/json' }
    } else if (isUntranslatable(status, headers)) this.#fail(controller, noAnswer())
    else this.#options.next.onResponseStart(controller, status, headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    const { next, mayHold } = this.#options
    if (this.#hasFailed) return
    if (this.#refusal.isOn) this.#refusal.push(controller, chunk)
    else if (this.#headers === undefined) next.onResponseData(controller, chunk)
    else {
      this.#collected.add(chunk)
      if (this.#collected.length > MAX_WHOLE_BYTES || !mayHold(this.#collected.heldBytes)) controller.abort(tooLarge())
    }
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    const { next, write, model } = this.#options
    if (this.#hasFailed) return
    if (this.#refusal.isOn) {
      this.#refusal.end(controller, trailers)
      return
    }
    if (this.#headers !== undefined) {
      const answer = parseObject(this.#collected.take().toString())
      const error = answer && errorOf(answer)
      const written = answer && error === undefined ? write(answer) : undefined
      if (written === undefined) {
        this.#fail(controller, error === undefined ? noAnswer() : errorInAnswer(errorMessage(error)))
        return
      }
      next.usageIs(written.usage)
      next.modelIs(model)
      next.onResponseStart(controller, 200, this.#headers)
      next.onResponseData(controller, Buffer.from(written.text))
    }
    next.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    if (!this.#hasFailed) this.#options.next.onResponseError(controller, error)
  }

  #fail(controller: UpstreamController, error: PunkuError): void {
    this.#hasFailed = true
    this.#options.next.onResponseError(controller, error)
  }
}
