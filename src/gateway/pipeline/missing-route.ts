import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import type { AnswerHandler, UpstreamController } from '../reply/answer-handler.ts'

/** What a server says that has no such route; it may say the same of a model. */
const MISSING: readonly number[] = [404, 405, 501]

/** An answer that is longer says more than that. */
const MAX_BYTES = 65_536

/**
 * The first link of a reply chain where the same request could be asked in another format too: an answer that says that the
 * server has no such route is kept from all others, and told to whoever asks again. All else goes on as it comes.
 */
export class MissingRoute implements AnswerHandler {
  readonly #next: AnswerHandler
  /** Forgotten once the route turns out to be there: it holds the request's body. */
  #onMissing: (() => void) | undefined
  #head: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined
  readonly #body = new ByteCollector()

  constructor(next: AnswerHandler, onMissing: () => void) {
    this.#next = next
    this.#onMissing = onMissing
  }

  onRequestStart(controller: UpstreamController): void {
    this.#next.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    // What is compressed is not looked into.
    if (MISSING.includes(status) && headers['content-encoding'] === undefined) {
      this.#head = { status, headers }
      return
    }
    this.#onMissing = undefined
    this.#next.onResponseStart(controller, status, headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    if (this.#head === undefined) {
      this.#next.onResponseData(controller, chunk)
      return
    }
    this.#body.add(chunk)
    if (this.#body.length > MAX_BYTES) this.#handOn(controller)
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    if (this.#head !== undefined && isOfRoute(this.#body.first(MAX_BYTES).toString('latin1').trim())) {
      this.#onMissing?.()
      return
    }
    this.#handOn(controller)
    this.#next.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    this.#next.onResponseError(controller, error)
  }

  #handOn(controller: UpstreamController): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    this.#next.onResponseStart(controller, head.status, head.headers)
    for (const part of this.#body.takeParts()) this.#next.onResponseData(controller, part)
  }
}

/** What servers say of a path in JSON: FastAPI, Express, llama.cpp, Ollama's kin. */
const OF_ROUTE =
  /"(?:page |file |path |route |endpoint |resource )?not found"|cannot post|not allowed|not implemented|(?:no|unknown|invalid|unexpected) (?:such )?(?:route|path|endpoint|url|request url)/i

/** Whether a refusal is about the route: it says so, or is no JSON, as an API that has the route would send. Never about a model. */
function isOfRoute(text: string): boolean {
  if (/model/i.test(text)) return false
  return !text.startsWith('{') || OF_ROUTE.test(text)
}
