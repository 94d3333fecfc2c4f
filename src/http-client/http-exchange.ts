import type { Dispatcher } from 'undici'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import type { FieldMap, ReceivedHead } from './response-head.ts'

/** What an exchange needs of the connection it is on. */
export interface ExchangeCarrier {
  /** Stops reading. What has been read already, one socket read at most, is still told. */
  pause(): void
  resume(): void
  /** Ends the connection at once, and with it the work on the other side. Tells the exchange nothing. */
  cancel(): void
}

/**
 * One request and its response: the controller that undici's handlers are given, and the one way to the handler. It
 * settles once, by `end`, `fail` or `abort`, and calls the handler no more after that. What the handler throws aborts.
 */
export class HttpExchange implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler
  #carrier: ExchangeCarrier | undefined
  #isSettled = false
  #isPaused = false
  #isAborted = false
  #reason: Error | null = null
  #headers: FieldMap | undefined

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  get aborted(): boolean {
    return this.#isAborted
  }

  get paused(): boolean {
    return this.#isPaused
  }

  get reason(): Error | null {
    return this.#reason
  }

  /** Names and values as undici's `fetch` reads them; `null` before the response. Made anew by each call. */
  get rawHeaders(): Buffer[] | null {
    return this.#headers === undefined ? null : rawFields(this.#headers)
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  pause(): void {
    if (this.#isPaused || this.#isSettled) return
    this.#isPaused = true
    this.#carrier?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#carrier?.resume()
  }

  abort(reason?: Error): void {
    if (this.#isSettled) return
    this.#isAborted = true
    const error = reason ?? new UpstreamFailure('aborted', 'the request was cancelled')
    this.#reason = error
    this.#carrier?.cancel()
    this.fail(error)
  }

  /** The connection that now carries it. */
  attach(carrier: ExchangeCarrier): void {
    this.#carrier = carrier
    if (this.#isPaused) carrier.pause()
  }

  start(): void {
    try {
      this.#handler.onRequestStart?.(this, {})
    } catch (thrown) {
      this.abort(thrown as Error)
    }
  }

  head(head: Pick<ReceivedHead, 'statusCode' | 'statusMessage' | 'headers'>): void {
    this.#headers = head.headers
    try {
      this.#handler.onResponseStart?.(this, head.statusCode, head.headers, head.statusMessage)
    } catch (thrown) {
      this.abort(thrown as Error)
    }
  }

  data(chunk: Buffer): void {
    try {
      this.#handler.onResponseData?.(this, chunk)
    } catch (thrown) {
      this.abort(thrown as Error)
    }
  }

  end(trailers: FieldMap): void {
    if (this.#isSettled) return
    this.#settle()
    try {
      this.#handler.onResponseEnd?.(this, trailers)
    } catch (thrown) {
      this.#handler.onResponseError?.(this, thrown as Error)
    }
  }

  fail(error: Error): void {
    if (this.#isSettled) return
    this.#settle()
    this.#handler.onResponseError?.(this, error)
  }

  #settle(): void {
    this.#isSettled = true
    this.#carrier = undefined
  }
}

function rawFields(headers: FieldMap): Buffer[] {
  const raw: Buffer[] = []
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) {
      raw.push(Buffer.from(name, 'latin1'), Buffer.from(one, 'latin1'))
    }
  }
  return raw
}
