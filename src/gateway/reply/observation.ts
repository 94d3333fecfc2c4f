import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import type { StreamForm, StreamObserver, Usage, WireFormat } from '../../formats/format.ts'
import { NO_TOOL_CALLS, type ToolCalls } from '../../formats/tool-calls.ts'
import { NO_USAGE } from '../../formats/usage.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'
import { latin1TextOf } from './latin1-text.ts'
import type { OrderWatch } from './order-watch.ts'

/** What was seen of an answer. */
export interface Observed {
  readonly usage: Usage
  /** The model that answered, as the answer names it. */
  readonly model: string | undefined
  /** Of a stream: frames that carried content, about one a token. `undefined`: the answer was no stream. */
  readonly contentFrames: number | undefined
  /** The tools that the answer called. */
  readonly toolCalls: ToolCalls
  /** When the first byte of the answer came, monotonic milliseconds. */
  readonly firstByteAt: number | undefined
  /** Of a stream whose order was checked: its first fault, in words that hold nothing of the answer. Default: none. */
  readonly orderFault?: string | undefined
}

/** Of an exchange that had no answer from an upstream. */
export const NOTHING_OBSERVED: Observed = {
  usage: NO_USAGE,
  model: undefined,
  contentFrames: undefined,
  toolCalls: NO_TOOL_CALLS,
  firstByteAt: undefined,
}

/** Watches one answer as it passes to the client: usage, model, its first byte, whether a stream is complete. */
export class Observation implements AnswerHandler {
  readonly #format: WireFormat | undefined
  readonly #form: StreamForm | undefined
  readonly #order: OrderWatch | undefined
  #next: AnswerHandler | undefined
  readonly #clock: Clock
  #stream: StreamObserver | undefined
  #isStream = false
  #usage: Usage = NO_USAGE
  #model: string | undefined
  #toolCalls = NO_TOOL_CALLS
  #firstByteAt: number | undefined
  #usageTold: Usage | undefined
  #modelTold: string | undefined

  /**
   * @param format how the client gets its answer; `undefined`: nothing of it is read
   * @param form its streamed form; `undefined`: the route never streams
   * @param order checks the order of what is streamed. Default: nobody does
   */
  constructor(format: WireFormat | undefined, form: StreamForm | undefined, clock: Clock, order?: OrderWatch) {
    this.#format = format
    this.#form = form
    this.#clock = clock
    this.#order = order
  }

  /** Where the answer goes on; before the first of it comes. */
  handOnTo(next: AnswerHandler): void {
    this.#next = next
  }

  get firstByteAt(): number | undefined {
    return this.#firstByteAt
  }

  /** The model so far. */
  get model(): string | undefined {
    return this.#modelTold ?? this.#stream?.model ?? this.#model
  }

  /** The upstream answers with a stream of the form; false before it has answered. */
  get isStream(): boolean {
    return this.#isStream
  }

  /** Of a stream: `open` until its terminator or its error frame has passed. */
  get outcome(): StreamObserver['outcome'] {
    return this.#stream?.outcome ?? 'open'
  }

  /** What the error of a stream that `failed` says; `undefined`: nothing. */
  get failure(): string | undefined {
    return this.#stream?.failure
  }

  /** Whether a stream's bytes so far end where another frame may begin. */
  get isBetweenFrames(): boolean {
    return this.#stream?.isBetweenFrames ?? true
  }

  /** What goes to the client from now on is a stream of the format. */
  streamBegins(): void {
    this.#stream ??= this.#form?.observe(latin1TextOf)
  }

  /** Nothing more of the stream comes. */
  streamEnds(): void {
    this.#stream?.end()
    if (this.outcome !== 'open') this.#order?.end()
  }

  /** The answer is whole, and not an error. Never throws. */
  readWhole(body: Buffer): void {
    if (this.#format === undefined) return
    const { usage, model, toolCalls } = this.#format.readAnswer(body)
    this.#usage = usage
    this.#model = model
    this.#toolCalls = toolCalls
  }

  /** As of `Observing`. */
  usageIs(usage: Usage): void {
    this.#usageTold = usage
  }

  /** As of `Observing`. */
  modelIs(model: string): void {
    this.#modelTold = model
  }

  /** All that was seen so far. */
  observed(): Observed {
    return {
      usage: this.#usageTold ?? this.#stream?.usage ?? this.#usage,
      model: this.model,
      contentFrames: this.#stream?.contentFrames,
      toolCalls: this.#stream?.toolCalls ?? this.#toolCalls,
      firstByteAt: this.#firstByteAt,
      orderFault: this.#order?.fault,
    }
  }

  onRequestStart(controller: UpstreamController): void {
    this.#next?.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    const form = status === 200 ? this.#form : undefined
    this.#isStream = form !== undefined && (headers['content-type'] ?? '').startsWith(form.contentType)
    this.#next?.onResponseStart(controller, status, headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    this.#firstByteAt ??= this.#clock.elapsed()
    if (this.#isStream) {
      this.#stream?.push(chunk)
      this.#order?.push(chunk)
    }
    this.#next?.onResponseData(controller, chunk)
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    this.#firstByteAt ??= this.#clock.elapsed()
    this.#next?.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    this.#next?.onResponseError(controller, error)
  }
}
