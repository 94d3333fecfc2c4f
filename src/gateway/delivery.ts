import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { PunkuError } from '../core/error.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import type { Route, StreamFormat } from '../dialects/dialect.ts'
import { DIALECTS } from '../dialects/dialects.ts'
import { responseHeadersFor } from '../http/headers.ts'
import { upstreamError } from '../upstreams/failure.ts'
import type { Exchange } from './exchange.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'
import { requestIdHeaders, sendWhole } from './respond.ts'
import { StreamWriter } from './stream-writer.ts'

/** A whole answer up to this size is held until it is complete, so that a broken one can still become an error. */
const COLLECT_BYTES = 4 * 1_024 * 1_024

export interface DeliveryLimits {
  /** The longest wait for the first byte of the upstream's answer, milliseconds. */
  readonly firstByteMs: number
  /** The longest silence inside an answer, milliseconds. */
  readonly streamIdleMs: number
  /** The longest time a client may take nothing while an answer waits for it, milliseconds. */
  readonly slowReaderMs: number
  /** Silence after which a streaming client is told "still here", milliseconds. */
  readonly keepAliveMs: number
}

/** `waiting` for the head; `collecting` a whole answer; `passing` one too large to hold; `streaming` frames. */
type Phase = 'waiting' | 'collecting' | 'passing' | 'streaming'

/**
 * Carries one upstream answer to the client: bytes of a stream at once and unchanged, a whole answer once it is
 * complete. Reads usage as it passes, holds the upstream back when the client is slow, and ends the exchange.
 */
export class Delivery implements Dispatcher.DispatchHandler, Watched {
  dueAt: number
  watchPlace = -1
  readonly #exchange: Exchange
  readonly #route: Route
  readonly #limits: DeliveryLimits
  readonly #watch: IdleWatch
  /** Set when keep-alives are legal: the request asked for a stream of a dialect that has them. */
  readonly #keepAlive: string | undefined
  readonly #elapsed: () => number
  #controller: Dispatcher.DispatchController | undefined
  #phase: Phase = 'waiting'
  #writer: StreamWriter | undefined
  #upstreamStatus = 0
  #headers: string[] = []
  #collected: Buffer[] = []
  #collectedBytes = 0
  #lastByteAt: number
  #pausedAt: number | undefined
  /** The upstream refused after the stream had begun: its answer is collected to be told inside the stream. */
  #isLateRefusal = false

  constructor(exchange: Exchange, route: Route, limits: DeliveryLimits, watch: IdleWatch, elapsed: () => number) {
    this.#exchange = exchange
    this.#route = route
    this.#limits = limits
    this.#watch = watch
    this.#elapsed = elapsed
    const format = exchange.wantsStream ? route.stream?.format : undefined
    this.#keepAlive = format === undefined ? undefined : DIALECTS[route.dialect].keepAlive(format)
    this.#lastByteAt = watch.now
    this.dueAt = this.#nextDue()
    watch.add(this)
    exchange.onOver(() => this.#over())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#exchange.isOver) controller.abort(CANCELLED)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    const exchange = this.#exchange
    if (exchange.isOver) return
    this.#upstreamStatus = status
    this.#gotByte()
    const refusal = refusalOf(status, headers)
    if (refusal !== undefined) {
      exchange.fail(refusal)
      return
    }
    const format = streamFormatOf(this.#route, status, headers)
    if (exchange.stream !== undefined) {
      // Keep-alives have already begun the stream; only more of the same stream can follow.
      this.#isLateRefusal = format !== exchange.stream.format
      this.#phase = this.#isLateRefusal ? 'collecting' : 'streaming'
      return
    }
    exchange.status = status
    this.#headers = requestIdHeaders(exchange.id)
    for (const text of responseHeadersFor(headers)) this.#headers.push(text)
    for (const text of exchange.extraHeaders) this.#headers.push(text)
    if (exchange.upstream !== undefined) this.#headers.push('x-punku-upstream', exchange.upstream.id)
    if (format === undefined) {
      this.#phase = 'collecting'
    } else {
      this.#beginStream(format, this.#headers)
      this.#phase = 'streaming'
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const exchange = this.#exchange
    if (exchange.isOver) return
    this.#gotByte()
    exchange.firstByteAt ??= this.#elapsed()
    if (this.#phase === 'streaming') {
      exchange.stream?.observer.push(chunk)
      this.#write(chunk)
    } else if (this.#phase === 'passing') {
      this.#write(chunk)
    } else {
      this.#collected.push(chunk)
      this.#collectedBytes += chunk.length
      if (this.#collectedBytes > COLLECT_BYTES) this.#stopCollecting()
    }
  }

  onResponseEnd(): void {
    const exchange = this.#exchange
    if (exchange.isOver) return
    exchange.firstByteAt ??= this.#elapsed()
    if (this.#phase === 'streaming') this.#endStream()
    else if (this.#isLateRefusal) exchange.fail(this.#lateRefusal())
    else if (this.#phase === 'passing') {
      this.#writer?.end()
      exchange.complete()
    } else this.#sendCollected()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const exchange = this.#exchange
    if (exchange.isOver) return
    // A connection that breaks after the terminator has broken nothing.
    if (this.#phase === 'streaming' && exchange.stream?.observer.outcome !== 'open') this.#endStream()
    else exchange.fail(error instanceof UpstreamFailure ? upstreamError(error) : PunkuError.from(error))
  }

  /** A piece of a streamed request body is on its way: the wait for an answer begins anew. */
  progressed(): void {
    this.#gotByte()
  }

  /** For the watch: the upstream or the client has been silent for too long, or it is time for a keep-alive. */
  onDue(now: number): void {
    const { res } = this.#exchange
    if (this.#pausedAt !== undefined) {
      if (now - this.#pausedAt >= this.#limits.slowReaderMs) this.#exchange.fail(STALLED())
      else this.dueAt = this.#pausedAt + this.#limits.slowReaderMs
      return
    }
    const isWaiting = this.#phase === 'waiting'
    const limitAt = this.#lastByteAt + (isWaiting ? this.#limits.firstByteMs : this.#limits.streamIdleMs)
    const { stream } = this.#exchange
    if (now >= limitAt) {
      if (stream !== undefined && stream.observer.outcome !== 'open') this.#endStream()
      else this.#exchange.fail(isWaiting ? noFirstByte() : wentSilent())
      return
    }
    if (this.#keepAlive === undefined || (this.#phase !== 'waiting' && this.#phase !== 'streaming')) {
      this.dueAt = limitAt
      return
    }
    this.dueAt = Math.min(now + this.#limits.keepAliveMs, limitAt)
    if (stream === undefined) this.#beginStreamEarly()
    const observer = this.#exchange.stream?.observer
    if (observer?.isBetweenFrames !== true || observer.outcome !== 'open' || res.writableNeedDrain) return
    this.#write(Buffer.from(this.#keepAlive))
  }

  #write(chunk: Buffer): void {
    this.#exchange.responseBytes += chunk.length
    this.#writer?.write(chunk)
  }

  /** The client reads slower than the model writes: nothing more is taken until it has caught up. */
  #hold(): void {
    if (this.#pausedAt !== undefined) return
    this.#controller?.pause()
    this.#pausedAt = this.#watch.now
    this.dueAt = this.#pausedAt + this.#limits.slowReaderMs
    this.#exchange.res.once('drain', () => {
      this.#pausedAt = undefined
      this.#gotByte()
      this.#controller?.resume()
    })
  }

  #beginStream(format: StreamFormat, headers: string[]): void {
    const { res } = this.#exchange
    headers.push('cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no')
    res.writeHead(this.#exchange.status, headers)
    this.#writer = new StreamWriter(res, () => this.#hold())
    this.#exchange.stream = { format, observer: DIALECTS[this.#route.dialect].observe(format), writer: this.#writer }
    // The head waits for the first frame of the same turn, to leave in one packet, but never longer.
    setImmediate(() => {
      if (!res.destroyed && this.#exchange.responseBytes === 0) res.flushHeaders()
    })
  }

  #beginStreamEarly(): void {
    const format = this.#route.stream?.format
    if (format === undefined) return
    this.#exchange.status = 200
    const headers = requestIdHeaders(this.#exchange.id)
    headers.push('content-type', 'text/event-stream')
    for (const text of this.#exchange.extraHeaders) headers.push(text)
    if (this.#exchange.upstream !== undefined) headers.push('x-punku-upstream', this.#exchange.upstream.id)
    this.#beginStream(format, headers)
  }

  #endStream(): void {
    const exchange = this.#exchange
    const { stream } = exchange
    if (stream === undefined || stream.observer.outcome === 'open') {
      exchange.fail(cutShort())
      return
    }
    if (stream.observer.outcome === 'failed') {
      exchange.error = new PunkuError('upstream_failed', 'The model server reported an error inside the stream.')
    }
    stream.writer.end()
    exchange.complete()
  }

  #stopCollecting(): void {
    if (this.#isLateRefusal) {
      this.#exchange.fail(this.#lateRefusal())
      return
    }
    this.#phase = 'passing'
    this.#exchange.res.writeHead(this.#upstreamStatus, this.#headers)
    this.#writer = new StreamWriter(this.#exchange.res, () => this.#hold())
    const held = this.#collected
    this.#collected = []
    for (const chunk of held) this.#write(chunk)
  }

  #sendCollected(): void {
    const exchange = this.#exchange
    const body = this.#collected.length === 1 ? (this.#collected[0] as Buffer) : Buffer.concat(this.#collected)
    if (this.#upstreamStatus >= 500) {
      exchange.error = new PunkuError('upstream_failed', 'The model server answered with an error of its own.')
    } else if (this.#upstreamStatus >= 400) {
      exchange.error = new PunkuError('upstream_rejected', 'The model server refused the request.')
    } else if (this.#route.class === 'inference') {
      const facts = DIALECTS[this.#route.dialect].readAnswer(this.#route, body)
      exchange.usage = facts.usage
      exchange.modelUsed = facts.model
    }
    exchange.responseBytes += sendWhole(exchange.res, this.#upstreamStatus, this.#headers, body)
    exchange.complete()
  }

  #lateRefusal(): PunkuError {
    return new PunkuError(
      'upstream_failed',
      `The model server answered with status ${this.#upstreamStatus} instead of a stream. Its log has the reason; ask again once it is solved.`,
      { detail: { upstreamStatus: this.#upstreamStatus } },
    )
  }

  #gotByte(): void {
    this.#lastByteAt = this.#watch.now
    this.dueAt = this.#nextDue()
  }

  #nextDue(): number {
    const idleMs = this.#phase === 'waiting' ? this.#limits.firstByteMs : this.#limits.streamIdleMs
    return this.#lastByteAt + (this.#keepAlive === undefined ? idleMs : Math.min(idleMs, this.#limits.keepAliveMs))
  }

  #over(): void {
    this.#watch.remove(this)
    this.#collected = []
    const { stream } = this.#exchange
    if (stream !== undefined) {
      this.#exchange.usage = stream.observer.usage
      this.#exchange.modelUsed = stream.observer.model
    }
    // Also after a good end: a server may have said all and still hold its connection open.
    this.#controller?.abort(CANCELLED)
  }
}

/** What a cancelled upstream request is ended with; one value, since nobody reads its stack. */
const CANCELLED = new PunkuError('client_closed', 'The exchange is over.')

/** A format if the answer is a stream of the kind the route can have. */
function streamFormatOf(route: Route, status: number, headers: IncomingHttpHeaders): StreamFormat | undefined {
  if (status !== 200 || route.stream === undefined) return undefined
  const type = headers['content-type'] ?? ''
  const isNdjson = route.stream.format === 'ollama-done' || route.stream.format === 'ollama-status'
  return type.startsWith(isNdjson ? 'application/x-ndjson' : 'text/event-stream') ? route.stream.format : undefined
}

/** Answers that are no answer to the caller: refusals meant for the gateway, redirects, pages. */
function refusalOf(status: number, headers: IncomingHttpHeaders): PunkuError | undefined {
  if (status === 401 || status === 403) {
    return new PunkuError(
      'upstream_denied',
      'The model server refused the gateway itself. Its owner must give the gateway a credential for it (upstreams[].keyFile), or allow the gateway.',
      { detail: { upstreamStatus: status } },
    )
  }
  if (status >= 300 && status < 400 && status !== 304) {
    return new PunkuError(
      'upstream_invalid',
      'The model server answered with a redirect, which is never followed. Its owner must give the gateway the final address.',
      { detail: { upstreamStatus: status } },
    )
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return new PunkuError(
      'upstream_invalid',
      'The model server compressed its answer although it was asked not to, so it cannot be watched. Its owner must switch compression off there.',
    )
  }
  if (status < 300 && (headers['content-type'] ?? '').startsWith('text/html')) {
    return new PunkuError(
      'upstream_invalid',
      'The model server answered with a web page, so it is not the model server. Its owner must check the upstream address.',
    )
  }
  return undefined
}

const noFirstByte = () =>
  new PunkuError(
    'upstream_timeout',
    'The model server sent nothing within the time allowed for the first byte (timeouts.firstByte). The model may be too large for it, or it hangs.',
  )

const wentSilent = () =>
  new PunkuError(
    'upstream_timeout',
    'The model server fell silent in the middle of its answer for longer than is allowed (timeouts.streamIdle).',
  )

const cutShort = () =>
  new PunkuError(
    'upstream_interrupted',
    'The answer ended before the model server said that it was complete. What came before is only a part.',
  )

const STALLED = () =>
  new PunkuError(
    'client_stalled',
    'The client took nothing of its answer for longer than is allowed (timeouts.slowReader).',
  )
