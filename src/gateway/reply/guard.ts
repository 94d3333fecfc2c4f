import type { IncomingHttpHeaders } from 'node:http'
import { PunkuError } from '../../core/error.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'

/** All limits are on silence: none is on the time an answer takes. Milliseconds. */
export interface GuardLimits {
  /** The longest pause between two pieces of a request body. */
  readonly bodyIdleMs: number
  /** The longest wait for the first byte of the upstream's answer. */
  readonly firstByteMs: number
  /** The longest silence inside an answer. */
  readonly streamIdleMs: number
  /** The longest time a client may take nothing while an answer waits for it, also at its end. */
  readonly slowReaderMs: number
  /** Silence after which a streaming client is told "still here". */
  readonly keepAliveMs: number
}

/** How long a client has to take the last bytes of an exchange that failed; then its connection is destroyed. */
const LAST_BYTES_MS = 500

/** Whom a guard guards: one exchange. */
export interface Guarded {
  /** A limit has passed. `isUpstream`: it is the upstream that was silent, which matters not after all was said. */
  timedOut(error: PunkuError, isUpstream: boolean): void
  /** It is time to tell the client "still here", if that may be told now. False: it may never be. */
  signOfLife(): boolean
  /** The client has not taken its last bytes. */
  abandon(): void
}

/**
 * What is waited for: `nothing` in particular, the request `body`, an upstream (`lease`), the `head` of its answer, more
 * of the `answer`, or that the client takes its `last` bytes.
 */
type Phase = 'nothing' | 'body' | 'lease' | 'head' | 'answer' | 'last'

/**
 * Stands around one exchange from its arrival to its last byte: nothing is waited for longer than its limit, and a
 * client that asked for a stream gets signs of life all the while, also before an upstream is chosen. A link of the reply
 * chain; it leaves the watch by `over` and `gone`.
 */
export class Guard implements AnswerHandler, Watched {
  dueAt = Number.POSITIVE_INFINITY
  watchPlace = -1
  readonly #guarded: Guarded
  readonly #watch: IdleWatch
  readonly #limits: GuardLimits
  #next: AnswerHandler | undefined
  #controller: UpstreamController | undefined
  #phase: Phase = 'nothing'
  #lastAt = 0
  /** When the client fell behind; `undefined`: it keeps up. */
  #pausedAt: number | undefined
  #hasSigns = false

  constructor(guarded: Guarded, watch: IdleWatch, limits: GuardLimits) {
    this.#guarded = guarded
    this.#watch = watch
    this.#limits = limits
  }

  /** The body is waited for. */
  awaitBody(): void {
    this.#enter('body')
  }

  /** A piece of the request body has come, or gone on to the upstream. */
  touch(): void {
    if (this.#phase === 'last') return
    this.#lastAt = this.#watch.now
    this.dueAt = this.#nextDue()
  }

  /** The request is whole and an upstream is waited for. `hasSigns`: the client may be told "still here". */
  awaitLease(hasSigns: boolean): void {
    this.#hasSigns = hasSigns
    this.#enter('lease')
  }

  /** The request goes to its upstream; what comes of it is handed on to `next`. */
  awaitAnswer(next: AnswerHandler): void {
    this.#next = next
    this.#enter('head')
  }

  /** The client fell behind: the upstream is held back. */
  hold(): void {
    if (this.#pausedAt !== undefined) return
    this.#controller?.pause()
    this.#pausedAt = this.#watch.now
    this.dueAt = this.#nextDue()
  }

  /** It has caught up. */
  release(): void {
    this.#pausedAt = undefined
    this.touch()
    this.#controller?.resume()
  }

  /** The exchange has ended: its upstream is told to stop, and the client has a while to take the rest. */
  over(hasFailed: boolean): void {
    this.#next = undefined
    this.#pausedAt = undefined
    // Also after a good end: a server may have said all and still hold its connection open.
    this.#controller?.abort(CANCELLED)
    this.#phase = 'last'
    this.dueAt = this.#watch.now + (hasFailed ? LAST_BYTES_MS : this.#limits.slowReaderMs)
    this.#watch.add(this)
  }

  /** The client has all of it, or is gone. */
  gone(): void {
    this.#watch.remove(this)
  }

  onRequestStart(controller: UpstreamController): void {
    this.#controller = controller
    if (this.#next === undefined) controller.abort(CANCELLED)
    else this.#next.onRequestStart(controller)
  }

  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#next === undefined) return
    this.#phase = 'answer'
    this.touch()
    this.#next.onResponseStart(controller, status, headers)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    if (this.#next === undefined) return
    this.touch()
    this.#next.onResponseData(controller, chunk)
  }

  onResponseEnd(controller: UpstreamController, trailers: IncomingHttpHeaders): void {
    this.#next?.onResponseEnd(controller, trailers)
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    this.#next?.onResponseError(controller, error)
  }

  /** For the watch. */
  onDue(now: number): void {
    if (this.#phase === 'last') {
      this.#watch.remove(this)
      this.#guarded.abandon()
      return
    }
    if (this.#pausedAt !== undefined) {
      this.#guarded.timedOut(stalled(), false)
      return
    }
    const limitAt = this.#lastAt + this.#limitMs()
    if (now >= limitAt) {
      this.#guarded.timedOut(this.#limitError(), this.#phase !== 'body')
      return
    }
    this.#hasSigns = this.#guarded.signOfLife()
    this.dueAt = this.#hasSigns ? Math.min(now + this.#limits.keepAliveMs, limitAt) : limitAt
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.touch()
    this.#watch.add(this)
  }

  #nextDue(): number {
    const { slowReaderMs, keepAliveMs } = this.#limits
    if (this.#pausedAt !== undefined) return this.#pausedAt + slowReaderMs
    const limitMs = this.#limitMs()
    return this.#lastAt + (this.#hasSigns ? Math.min(limitMs, keepAliveMs) : limitMs)
  }

  #limitMs(): number {
    const { bodyIdleMs, firstByteMs, streamIdleMs } = this.#limits
    switch (this.#phase) {
      case 'body':
        return bodyIdleMs
      case 'head':
        return firstByteMs
      case 'answer':
        return streamIdleMs
      default:
        // Whoever gives leases limits how long one is waited for.
        return Number.POSITIVE_INFINITY
    }
  }

  #limitError(): PunkuError {
    return this.#phase === 'body' ? bodyStopped() : this.#phase === 'head' ? noFirstByte() : wentSilent()
  }
}

/** What a cancelled upstream request is ended with; one value, since nobody reads its stack. */
const CANCELLED = new PunkuError('client_closed', 'The exchange is over.')

const bodyStopped = () =>
  new PunkuError('request_timeout', 'The request body stopped arriving before it was whole. Send it again.')

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

const stalled = () =>
  new PunkuError(
    'client_stalled',
    'The client took nothing of its answer for longer than is allowed (timeouts.slowReader).',
  )
