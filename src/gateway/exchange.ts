import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Key } from '../access/key.ts'
import { PunkuError } from '../core/error.ts'
import { newRequestId } from '../core/id.ts'
import type { DialectName, Route, StreamFormat, StreamObserver, Usage } from '../dialects/dialect.ts'
import { DIALECTS } from '../dialects/dialects.ts'
import { routeLabel } from '../dialects/routes.ts'
import { clientIdentity } from '../http/client-identity.ts'
import type { HeaderView } from '../http/headers.ts'
import type { NewRequestRow } from '../store/schema.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'
import { Linger } from './linger.ts'
import type { LiveExchange } from './live-exchange.ts'
import { sendError } from './respond.ts'
import type { StreamWriter } from './stream-writer.ts'

/** How long a client has to take the last bytes of an exchange that failed; then its connection is destroyed. */
const LAST_BYTES_MS = 500

/** Bytes of JSON to a token, for estimates only. */
const BYTES_PER_TOKEN = 4

const NO_USAGE: Usage = { promptTokens: undefined, completionTokens: undefined, cachedTokens: undefined }

/** What an exchange needs of the gateway around it. */
export interface ExchangeSurroundings {
  readonly watch: IdleWatch
  /** How long a client may take nothing of a finished answer before its connection is destroyed, milliseconds. */
  readonly slowReaderMs: number
  /** Wall time, milliseconds since the epoch. */
  now(): number
  /** Monotonic milliseconds. */
  elapsed(): number
  /** Called once, when the response has been flushed or the client has gone. */
  finished(exchange: Exchange): void
}

/**
 * One request and its response, from the parsed head to the recorded row. Whatever happens (done, failed, cut, client
 * gone), it ends exactly once, tells the upstream to stop, and gives back what it holds.
 */
export class Exchange implements Watched {
  readonly id = newRequestId()
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly at: number
  readonly startedAt: number
  readonly #surroundings: ExchangeSurroundings

  /** The dialect errors are rendered in; settled by the route, guessed from the path before. */
  dialect: DialectName = 'openai'
  route: Route | undefined
  headers: HeaderView | undefined
  key: Key | undefined
  upstream: Upstream | undefined
  modelAsked: string | undefined
  /** Whether the request asked for a streamed answer. */
  wantsStream = false
  requestBytes = 0
  /** Extra flat header pairs for every answer of this exchange: CORS, `allow`. */
  extraHeaders: readonly string[] = []

  /** Set once the response is a stream: what an error that comes later must look like. */
  stream:
    | { readonly format: StreamFormat; readonly observer: StreamObserver; readonly writer: StreamWriter }
    | undefined
  status = 0
  error: PunkuError | undefined
  responseBytes = 0
  /** When it was handed to its upstream, monotonic milliseconds. */
  sentAt: number | undefined
  firstByteAt: number | undefined
  usage: Usage = NO_USAGE
  modelUsed: string | undefined

  dueAt = Number.POSITIVE_INFINITY
  watchPlace = -1
  livePlace = -1
  gatewayPlace = -1
  #isOver = false
  #onOver: ((reason: PunkuError | undefined) => void)[] = []
  #idleMs = 0

  constructor(req: IncomingMessage, res: ServerResponse, surroundings: ExchangeSurroundings) {
    this.req = req
    this.res = res
    this.#surroundings = surroundings
    this.at = surroundings.now()
    this.startedAt = surroundings.elapsed()
    res.once('close', () => this.#closed())
  }

  /** True once the outcome is settled: nothing more may be written. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Registers what must happen when the exchange is over: cancel upstream, give back a slot. Runs once, in order. */
  onOver(run: (reason: PunkuError | undefined) => void): void {
    this.#onOver.push(run)
  }

  /** Starts the limit on the time between two pieces of the request body. */
  startReceiving(idleMs: number): void {
    this.#idleMs = idleMs
    this.dueAt = this.#surroundings.watch.now + idleMs
    this.#surroundings.watch.add(this)
  }

  /** A piece of the request body has come. */
  received(bytes: number): void {
    this.requestBytes += bytes
    this.dueAt = this.#surroundings.watch.now + this.#idleMs
  }

  /** The request body is whole: its limit ends. */
  stopReceiving(): void {
    this.dueAt = Number.POSITIVE_INFINITY
    this.#surroundings.watch.remove(this)
  }

  /** The answer is complete and has been handed to the socket. */
  complete(): void {
    if (this.#isOver) return
    this.#over(undefined)
  }

  /**
   * Ends the exchange with an error, in the form its response still allows: a whole answer, the dialect's error inside
   * a stream that has begun, or else a cut connection, so that nothing broken ever looks complete.
   */
  fail(error: PunkuError): void {
    if (this.#isOver) return
    this.error = error
    const { res } = this
    if (res.destroyed || error.code === 'client_closed') {
      this.status = error.status
    } else if (!res.headersSent) {
      this.status = error.status
      this.responseBytes += sendError(res, DIALECTS[this.dialect], error, this.id, this.extraHeaders)
    } else if (this.stream !== undefined && error.code !== 'client_stalled') {
      const { format, observer, writer } = this.stream
      const tail = DIALECTS[this.dialect].renderStreamError(error, this.id, format, observer.isBetweenFrames)
      const bytes = Buffer.from(tail)
      this.responseBytes += bytes.length
      writer.write(bytes)
      writer.end()
    } else {
      res.destroy()
    }
    this.#over(error)
  }

  /** For the key's end: as `fail`. */
  cut(error: PunkuError): void {
    this.fail(error)
  }

  /** For the watch: a body that stopped half way, or a client that does not take its last bytes. */
  onDue(): void {
    if (!this.#isOver) {
      this.fail(
        new PunkuError('request_timeout', 'The request body stopped arriving before it was whole. Send it again.'),
      )
      return
    }
    this.#surroundings.watch.remove(this)
    this.req.socket.destroy()
  }

  /** The exchange as it stands. */
  live(): LiveExchange {
    const { startedAt, sentAt, firstByteAt } = this
    return {
      id: this.id,
      at: this.at,
      key: this.key,
      upstream: this.upstream?.id,
      dialect: this.dialect,
      route: this.#routeText(),
      model: this.modelUsed ?? this.modelAsked,
      isStreamed: this.wantsStream || this.stream !== undefined,
      phase: sentAt === undefined ? 'arriving' : firstByteAt === undefined ? 'waiting' : 'answering',
      sentMs: sentAt === undefined ? undefined : sentAt - startedAt,
      ttfbMs: firstByteAt === undefined ? undefined : firstByteAt - startedAt,
      ageMs: this.#surroundings.elapsed() - startedAt,
      responseBytes: this.responseBytes,
    }
  }

  /** The exchange as its row. */
  row(): NewRequestRow {
    const isEstimated = this.#isEstimated()
    const usage = this.usage
    const client = this.headers === undefined ? undefined : clientIdentity(this.headers)
    return {
      id: this.id,
      at: this.at,
      org_id: this.key?.orgId ?? null,
      key_id: this.key?.id ?? null,
      person_id: this.key?.personId ?? null,
      upstream: this.upstream?.id ?? null,
      dialect: this.dialect,
      route: this.#routeText(),
      model_asked: this.modelAsked ?? null,
      model_used: this.modelUsed ?? null,
      status: this.status,
      error_code: this.error?.code ?? null,
      is_streamed: this.stream === undefined ? 0 : 1,
      sent_ms: this.sentAt === undefined ? null : this.sentAt - this.startedAt,
      load_ms: this.usage.loadMs ?? null,
      ttfb_ms: this.firstByteAt === undefined ? null : this.firstByteAt - this.startedAt,
      duration_ms: this.#surroundings.elapsed() - this.startedAt,
      prompt_tokens: usage.promptTokens ?? (isEstimated ? Math.ceil(this.requestBytes / BYTES_PER_TOKEN) : null),
      completion_tokens: usage.completionTokens ?? (isEstimated ? (this.stream?.observer.contentFrames ?? null) : null),
      cached_tokens: usage.cachedTokens ?? null,
      is_estimated: isEstimated ? 1 : 0,
      request_bytes: this.requestBytes,
      response_bytes: this.responseBytes,
      client_name: client?.name ?? null,
      client_version: client?.version ?? null,
      session_id: client?.sessionId ?? null,
    }
  }

  #routeText(): string {
    return this.route === undefined ? '-' : routeLabel(this.route)
  }

  /** A stream that told no usage of its own: its content frames stand for tokens, its request's bytes for the prompt. */
  #isEstimated(): boolean {
    const { stream, usage } = this
    if (stream === undefined || stream.observer.contentFrames === 0) return false
    return usage.promptTokens === undefined || usage.completionTokens === undefined
  }

  #over(reason: PunkuError | undefined): void {
    this.#isOver = true
    for (const run of this.#onOver) run(reason)
    this.#onOver = []
    if (this.res.closed) return
    const { watch, slowReaderMs } = this.#surroundings
    this.dueAt = watch.now + (reason === undefined ? slowReaderMs : LAST_BYTES_MS)
    watch.add(this)
  }

  #closed(): void {
    const { watch } = this.#surroundings
    if (!this.#isOver) this.fail(new PunkuError('client_closed', 'The client closed the connection.'))
    watch.remove(this)
    if (!this.req.complete && !this.req.socket.destroyed) new Linger(this.req, watch)
    this.#surroundings.finished(this)
  }
}
