import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Logger } from '../core/log.ts'
import { type FailureCode, UpstreamFailure } from '../core/upstream-failure.ts'
import type { ResetCode, ResetOrigin } from '../protocol/codes.ts'
import { UNCROSSED_RESPONSE_FIELDS } from '../protocol/head.ts'
import { routeLabel } from '../servers/route-table.ts'
import { respond } from '../tunnel/http/http-stream.ts'
import type { StreamReceiver, TunnelStream } from '../tunnel/stream.ts'
import { BodyFeed } from './body-feed.ts'
import { type AdmittedRequest, bodyTooLarge } from './house-rules.ts'
import type { ServerAccess } from './local-server.ts'
import { modelOf } from './route-facts.ts'

/** How an exchange with the model server ended. */
export interface ExchangeOutcome {
  readonly model: string | undefined
  /** `undefined` when the model server gave none. */
  readonly status: number | undefined
  /** The code of the RESET that ended it; `undefined` when it ended well, and all of its answer was sent to the gateway. */
  readonly error: string | undefined
}

export interface LocalExchangeOptions {
  readonly stream: TunnelStream
  readonly request: AdmittedRequest
  readonly server: ServerAccess
  /** Bodies of a known length up to this are collected and sent whole, bytes. */
  readonly collectBytes: number
  readonly log: Logger
  /** Called once, when the model server has nothing more to do for it. */
  readonly onIdle: () => void
  /** Called once, when its answer was sent whole, or will not be; not before `onIdle`. */
  readonly onOver: (outcome: ExchangeOutcome) => void
}

/**
 * One request of the gateway at the model server: what the stream brings goes there, and the answer goes back as it
 * comes. Redirects are answers like any other. Either end that leaves ends the other at once.
 */
export class LocalExchange implements StreamReceiver, Dispatcher.DispatchHandler {
  readonly #options: LocalExchangeOptions
  readonly #stream: TunnelStream
  #controller: Dispatcher.DispatchController | undefined
  /** The body as far as it has come, in one piece: a view of each message would keep all of it. */
  #collected: Buffer | undefined
  #feed: BodyFeed | undefined
  #receivedBytes = 0
  #model: string | undefined
  #status: number | undefined
  #isOver = false
  #isTold = false

  constructor(options: LocalExchangeOptions) {
    this.#options = options
    this.#stream = options.stream
    const { route, pathModel } = options.request
    this.#model = modelOf(route, pathModel, NO_BODY, undefined)
    this.#stream.expect(options.request.contentLength ?? 0)
  }

  onData(chunk: Buffer): void {
    this.#receivedBytes += chunk.length
    const { contentLength = Number.POSITIVE_INFINITY, maxBodyBytes, route } = this.#options.request
    if (this.#receivedBytes > maxBodyBytes) {
      this.#fail('too_large', 'agent', bodyTooLarge(maxBodyBytes).message)
    } else if (this.#receivedBytes > contentLength) {
      this.#failLength()
    } else if (this.#isOver) {
      // The model server has answered without the rest of the body: nobody wants it, but the stream must get to its end.
      this.#stream.consumed(chunk.length)
    } else if (contentLength <= this.#options.collectBytes && route.isRawUpload !== true) {
      this.#collected ??= Buffer.allocUnsafe(contentLength)
      chunk.copy(this.#collected, this.#receivedBytes - chunk.length)
      this.#stream.consumed(chunk.length)
    } else {
      this.#startedFeed().add(chunk)
    }
  }

  onEnd(): void {
    const { contentLength, route, pathModel, headers } = this.#options.request
    if (contentLength !== undefined && contentLength !== this.#receivedBytes) {
      this.#failLength()
    } else if (this.#isOver) {
      // Nobody waits for the rest of the body any more.
      return
    } else if (this.#feed !== undefined) {
      this.#feed.finish()
    } else {
      const body = this.#collected ?? NO_BODY
      this.#collected = undefined
      this.#model = modelOf(route, pathModel, body, fieldOf(headers, 'content-type'))
      this.#dispatch(body.length === 0 ? null : body)
    }
  }

  onReset({ code }: { readonly code: ResetCode }): void {
    this.#settle(code)
  }

  onDrain(): void {
    this.#controller?.resume()
  }

  onSent(): void {
    this.#tell(undefined)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(CANCELLED)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#isOver) return
    this.#status = status
    try {
      respond(this.#stream, { status, fields: crossingFields(headers) }, false)
    } catch {
      // More fields than a head can carry, or a status that is none of a final response.
      this.#fail('invalid', 'upstream', FAILURE_TEXTS.invalid)
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isOver && !this.#stream.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#leaveServer()
    this.#stream.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return
    if (!(error instanceof UpstreamFailure)) {
      this.#failInternally(error)
      return
    }
    // What the model server has said before is told first.
    const origin = error.code === 'exhausted' ? 'agent' : 'upstream'
    this.#stream.fail(RESET_OF[error.code], origin, FAILURE_TEXTS[error.code])
    this.#settle(RESET_OF[error.code])
  }

  #startedFeed(): BodyFeed {
    if (this.#feed !== undefined) return this.#feed
    this.#feed = new BodyFeed((bytes) => this.#stream.consumed(bytes))
    this.#dispatch(this.#feed)
    return this.#feed
  }

  #dispatch(body: Buffer | BodyFeed | null): void {
    const { request, server } = this.#options
    const headers = [...request.headers]
    const { credential } = server
    if (credential !== undefined) {
      const value = credential.value.reveal()
      headers.push(credential.header, credential.header === 'authorization' ? `Bearer ${value}` : value)
    }
    if (body instanceof BodyFeed && request.contentLength !== undefined) {
      headers.push('content-length', String(request.contentLength))
    }
    const { method } = request.route
    try {
      server.dispatcher.dispatch(
        { origin: server.origin, path: server.basePath + request.path, method, headers, body },
        this,
      )
    } catch (thrown) {
      this.#failInternally(thrown)
    }
  }

  #failLength(): void {
    this.#fail('denied', 'agent', "The request's body is not as long as its Content-Length says.")
  }

  #failInternally(cause: unknown): void {
    this.#options.log.error({ err: cause, route: routeLabel(this.#options.request.route) }, 'agent.exchange_failed')
    this.#fail('internal', 'agent', "The agent failed on this request. The agent's log has the cause.")
  }

  #fail(code: ResetCode, origin: ResetOrigin, text: string): void {
    this.#stream.reset(code, origin, text)
    this.#settle(code)
  }

  #settle(error: ResetCode): void {
    this.#leaveServer()
    this.#tell(error)
  }

  /** Nothing is left to do for the model server: what it may still be at work on ends here. */
  #leaveServer(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#collected = undefined
    this.#controller?.abort(CANCELLED)
    this.#feed?.destroy()
    this.#options.onIdle()
  }

  /** What was written may wait for a client that reads slowly, and that may leave before it has gone out. */
  #tell(error: ResetCode | undefined): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#options.onOver({ model: this.#model, status: this.#status, error })
  }
}

const NO_BODY = Buffer.alloc(0)

/** What a request that is over is ended with; one value, since nobody reads its stack. */
const CANCELLED = new UpstreamFailure('aborted', 'the stream is over')

const RESET_OF: Readonly<Record<FailureCode, ResetCode>> = {
  refused: 'refused',
  unreachable: 'unreachable',
  exhausted: 'busy',
  reset: 'broken',
  interrupted: 'interrupted',
  invalid: 'invalid',
  aborted: 'cancelled',
}

/** The failures themselves name addresses; these go to the gateway, and from there perhaps to its clients. */
const FAILURE_TEXTS: Readonly<Record<FailureCode, string>> = {
  refused: 'The model server refused the connection: it is not running, or listens elsewhere.',
  unreachable: 'The model server cannot be reached from the agent.',
  exhausted: 'The agent has as many files and connections open as its system allows it.',
  reset: 'The model server closed the connection before it answered.',
  interrupted: 'The model server closed the connection in the middle of its answer.',
  invalid: 'The model server answered with something that is not valid HTTP.',
  aborted: 'The request was cancelled before the answer was complete.',
}

/** The response's fields without those of this one connection (docs/protocol.md §5). */
function crossingFields(headers: IncomingHttpHeaders): string[] {
  const ofConnection = String(headers.connection ?? '')
    .toLowerCase()
    .split(/[\t ]*,[\t ]*/)
  const fields: string[] = []
  for (const name of Object.keys(headers)) {
    if (UNCROSSED_RESPONSE_FIELDS.has(name) || ofConnection.includes(name)) continue
    const value = headers[name]
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) fields.push(name, one)
  }
  return fields
}

function fieldOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.indexOf(name)
  return at === -1 ? undefined : headers[at + 1]
}
