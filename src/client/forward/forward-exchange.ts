import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ByteCollector } from '../../core/byte-collector.ts'
import type { Clock } from '../../core/clock.ts'
import type { PunkuError } from '../../core/error.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import type { BodyReader } from '../../http/body-source.ts'
import { hasNoBody } from '../../http/message-syntax.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import { answerBytes, forwardedAnswerFields, forwardedRequestFields } from './forward-headers.ts'
import { gatewayAway, refuseRequest } from './forward-refusal.ts'

/** A body up to this length is sent whole, on a connection that may have been used before; a longer one as it comes. */
const WHOLE_BODY_BYTES = 1_048_576

const ROOT = /^\/+(?:\?|$)/

const LEFT = new UpstreamFailure('aborted', 'the client has left')

/** Where exchanges go, and who is told how they went. */
export interface ForwardWay {
  readonly dispatcher: Dispatcher
  /** Of the gateway, as the person wrote it. */
  readonly url: string
  /** The base path of that, without a trailing slash; empty for none. */
  readonly basePath: string
  /** Fields of every request: the key, and whose run it is. Another key may take its place. */
  added: ReadonlyMap<string, string>
  /** How long a client may take nothing of an answer, milliseconds. */
  readonly stalledReaderMs: number
  readonly clock: Pick<Clock, 'after'>
  /** The gateway has answered. */
  onAnswer(status: number): void
  /** It has not, and this is what the client is told. */
  onAway(error: PunkuError): void
}

/** One request on its way to the gateway, and the answer back: bytes as they come, no faster than the other side takes them. */
export class ForwardExchange implements Dispatcher.DispatchHandler, BodyReader {
  readonly #request: ServerRequest
  readonly #way: ForwardWay
  readonly #collected = new ByteCollector()
  #controller: Dispatcher.DispatchController | undefined
  #upload: Readable | undefined
  #stall: Disposable | undefined
  #isOver = false

  constructor(request: ServerRequest, way: ForwardWay) {
    this.#request = request
    this.#way = way
  }

  /** Sends it, once. */
  start(): void {
    const { head, headers, reply, isComplete } = this.#request
    reply.onClosed(() => this.#leave())
    reply.onPace(
      () => this.#onSlow(),
      () => this.#onDrained(),
    )
    if (!isComplete && headers.get('expect')?.toLowerCase() === '100-continue') reply.invite()
    if (isComplete) this.#send(null)
    else if (head.framing === 'length' && head.bodyLength <= WHOLE_BODY_BYTES) this.#request.readTo(this)
    else {
      this.#upload = this.#request.stream().on('error', () => {})
      this.#send(this.#upload)
    }
  }

  onBytes(bytes: Buffer): void {
    this.#collected.add(bytes)
  }

  onEnd(): void {
    if (!this.#isOver) this.#send(this.#collected.take())
  }

  onGone(): void {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#isOver) return
    this.#way.onAnswer(status)
    const { reply } = this.#request
    const fields = forwardedAnswerFields(headers)
    const bytes = answerBytes(headers)
    if (reply.isHead || hasNoBody(status)) {
      // The length is that of a body which does not follow.
      const isTold = bytes !== undefined && !hasNoBody(status)
      reply.send(status, isTold ? [...fields, 'content-length', String(bytes)] : fields, '')
    } else reply.begin(status, fields, bytes)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isOver) this.#request.reply.write(chunk)
  }

  onResponseEnd(): void {
    this.#controller = undefined
    if (!this.#isOver) this.#request.reply.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#controller = undefined
    if (this.#isOver) return
    const { reply } = this.#request
    // What has begun must not look complete.
    if (reply.isBegun) {
      reply.destroy()
      return
    }
    const told = gatewayAway(this.#way.url, error)
    this.#way.onAway(told)
    refuseRequest(this.#request, told)
  }

  #send(body: Buffer | Readable | null): void {
    const { method, target, headers, head } = this.#request
    const { added } = this.#way
    // To a program that would take a page too the gateway shows the way to its own pages.
    const fields = forwardedRequestFields(headers, ROOT.test(target) ? new Map([...added, ['accept', '*/*']]) : added)
    if (body !== null && head.framing === 'length') fields.push('content-length', String(head.bodyLength))
    const path = this.#way.basePath + target
    this.#way.dispatcher.dispatch({ path, method: method as Dispatcher.HttpMethod, headers: fields, body }, this)
  }

  /** The client has all of it, or has left: nothing more is worth the gateway's work. */
  #leave(): void {
    this.#isOver = true
    this.#stall?.[Symbol.dispose]()
    this.#controller?.abort(LEFT)
    this.#controller = undefined
    this.#collected.take()
    this.#upload?.destroy()
  }

  #onSlow(): void {
    this.#controller?.pause()
    const { clock, stalledReaderMs } = this.#way
    this.#stall = clock.after(stalledReaderMs, () => this.#request.reply.destroy())
  }

  #onDrained(): void {
    this.#stall?.[Symbol.dispose]()
    this.#controller?.resume()
  }
}
