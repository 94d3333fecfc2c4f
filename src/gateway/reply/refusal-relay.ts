import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import { translatedRefusal } from '../../formats/conversation/translated-refusal.ts'
import type { FormatName } from '../../formats/format.ts'
import { parseObject } from '../../formats/json-facts.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'

/** Of a longer refusal only the beginning is told: no more of it is read. */
const MAX_REFUSAL_BYTES = 65_536

/** So much of that is told. */
const BEGINNING_BYTES = 4_096

/** Hands a server's refusal on, in the shape that the clients of another format read. */
export class RefusalRelay {
  readonly #to: FormatName
  readonly #next: AnswerHandler
  readonly #body = new ByteCollector()
  #head: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined
  #isHandedOn = false

  constructor(to: FormatName, next: AnswerHandler) {
    this.#to = to
    this.#next = next
  }

  /** Whether the answer is a refusal, and all of it is for this. */
  begin(status: number, headers: IncomingHttpHeaders): boolean {
    if (status < 400 || !isJsonType(headers)) return false
    this.#head = { status, headers }
    return true
  }

  /** Whether it has the answer. */
  get isOn(): boolean {
    return this.#head !== undefined
  }

  push(controller: UpstreamController, chunk: Buffer): void {
    if (this.#isHandedOn) return
    this.#body.add(chunk)
    if (this.#body.length > MAX_REFUSAL_BYTES) this.#handOn(controller, {})
  }

  /** All of it has come. */
  end(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    if (!this.#isHandedOn) this.#handOn(controller, trailers)
  }

  #handOn(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    this.#tell(controller)
    this.#next.onResponseEnd(controller, trailers)
  }

  #tell(controller: UpstreamController): void {
    const { status, headers } = this.#head ?? { status: 502, headers: {} }
    this.#isHandedOn = true
    const body = this.#body.take()
    const said = body.length > MAX_REFUSAL_BYTES ? { error: beginningOf(body) } : parseObject(body.toString())
    const translated = said && translatedRefusal(this.#to, status, said)
    if (translated === undefined) {
      this.#next.onResponseStart(controller, status, headers)
      this.#next.onResponseData(controller, body)
      return
    }
    const { 'content-length': _length, ...rest } = headers
    this.#next.onResponseStart(controller, translated.status, rest)
    this.#next.onResponseData(controller, Buffer.from(JSON.stringify(translated.body)))
  }
}

/** Whether an answer says that it is JSON. */
export function isJsonType({ 'content-type': type = '' }: IncomingHttpHeaders): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(type)
}

function beginningOf(body: Buffer): string {
  const text = body.subarray(0, BEGINNING_BYTES).toString()
  return `The model server refused the request, and said more than is passed on. It began: ${text}`
}
