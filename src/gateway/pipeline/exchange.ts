import type { DialectName } from '../../core/dialect-name.ts'
import { PunkuError } from '../../core/error.ts'
import { newRequestId } from '../../core/id.ts'
import type { MemoryShare } from '../../core/memory-budget.ts'
import { dialectOf } from '../../dialects/dialects.ts'
import type { FormatName } from '../../formats/format.ts'
import type { HeaderView } from '../../http/headers.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import { routeLabel } from '../../servers/route-table.ts'
import type { Key } from '../access/key.ts'
import type { KeyedExchange, KeyedExchanges } from '../access/keyed-exchanges.ts'
import type { Lease } from '../admission/lease.ts'
import { rowOf } from '../metering/exchange-row.ts'
import type { Answer } from '../reply/answer.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import type { Recipient } from '../reply/delivery.ts'
import { Guard, type Guarded } from '../reply/guard.ts'
import { NOTHING_OBSERVED, type Observed } from '../reply/observation.ts'
import { Reply } from '../reply/reply.ts'
import { ReplyChain } from '../reply/reply-chain.ts'
import type { Observing } from '../reply/translation.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { pathAsSent } from './arrival.ts'
import type { Ask } from './ask.ts'
import type { ExchangeSurroundings } from './exchange-surroundings.ts'
import type { ExchangeView } from './exchange-view.ts'

/** For rows only; one value, since nobody reads its stack. */
const KILLED = new PunkuError('gateway_killed', 'The gateway ended in the middle of the answer.')

/** How an exchange ended. Only what has ended has a row. */
export interface ExchangeEnding {
  readonly error: PunkuError | undefined
  readonly observed: Observed
}

/**
 * The life of one request, from its parsed head to its recorded row. The pipeline hands it each value once, in this
 * order: `routed`, `identified`, `asked`, `leased`, `sent`. Whatever happens (done, failed, cut, client gone), it ends
 * exactly once: the upstream is told to stop, what was observed is taken, the lease is settled with it, the key forgets
 * the exchange; the row is made of all that when the client has its last byte.
 */
export class Exchange implements KeyedExchange, Recipient, Guarded {
  readonly id = newRequestId()
  readonly request: ServerRequest
  readonly headers: HeaderView
  readonly reply: Reply
  readonly #surroundings: ExchangeSurroundings
  readonly #guard: Guard
  readonly #at: number
  readonly #startedAt: number
  /** Without a key in it; `undefined`: as it was sent. */
  #path: string | undefined
  #route: ServedRoute | undefined
  #meantDialect: DialectName | undefined
  #key: Key | undefined
  #keyed: KeyedExchanges | undefined
  /** Of its ask only what is told of it: the body must not be kept while it is answered. */
  #modelAsked: string | undefined
  #conversation: string | undefined
  #wantsStream = false
  #leftOut: string | undefined
  #translated: FormatName | undefined
  #chain: ReplyChain | undefined
  #lease: Lease | undefined
  #sentAt: number | undefined
  #isAboutGateway = false
  #requestBytes = 0
  #bodyShare: MemoryShare | undefined
  #answerShare: MemoryShare | undefined
  #orgPlace: Disposable | undefined
  #decoderShare: MemoryShare | undefined
  #ending: ExchangeEnding | undefined
  #gatewayPlace = -1
  #keyPlace = -1

  constructor(request: ServerRequest, surroundings: ExchangeSurroundings) {
    const { watch, limits, clock } = surroundings
    this.request = request
    this.headers = request.headers
    this.reply = new Reply(request.reply, this.id)
    this.#surroundings = surroundings
    this.#guard = new Guard(this, watch, limits)
    this.#at = clock.now()
    this.#startedAt = clock.elapsed()
    this.reply.onClosed(() => this.#closed())
  }

  /** Its place in the gateway's roster; -1: in none. */
  get gatewayPlace(): number {
    return this.#gatewayPlace
  }

  /** As of `KeyedExchange`. */
  get keyPlace(): number {
    return this.#keyPlace
  }

  /** For the gateway's roster. */
  placeInGateway(at: number): void {
    this.#gatewayPlace = at
  }

  /** As of `KeyedExchange`. */
  placeUnderKey(at: number): void {
    this.#keyPlace = at
  }

  /** Since it arrived, milliseconds. */
  get ageMs(): number {
    return this.#surroundings.clock.elapsed() - this.#startedAt
  }

  /** Whether it is known whose it is. */
  get hasKey(): boolean {
    return this.#key !== undefined
  }

  /** True once the outcome is settled: nothing more may be written. */
  get isOver(): boolean {
    return this.#ending !== undefined
  }

  /** As of `Recipient`. */
  get upstreamId(): string | undefined {
    return this.#lease?.upstream.id
  }

  /** Whether it asked how the gateway is, and was told: that is no use of it, and leaves no row. */
  get isAboutGateway(): boolean {
    return this.#isAboutGateway
  }

  /** The wire format that its client speaks; `undefined`: its route has none, or is not known. */
  get format(): FormatName | undefined {
    return this.#route?.format
  }

  /** How it ended; `undefined`: it goes on. */
  get ending(): ExchangeEnding | undefined {
    return this.#ending
  }

  /** Its path is known, without a key in it: what is refused is refused in that path's dialect. */
  aimedAt(path: string): void {
    this.#path = path
  }

  /** Its path is no route, but a slip in one of this dialect. */
  meant(dialect: DialectName): void {
    this.#meantDialect = dialect
  }

  /** Its route is known. */
  routed(route: ServedRoute): void {
    this.#route = route
  }

  /** Its key is known. `keyed`: where it is entered until it is over, so that the end of its key ends it. */
  identified(key: Key, keyed?: KeyedExchanges): void {
    this.#key = key
    this.#keyed = keyed
    keyed?.add(key.id, this)
  }

  /** It has a place among the connections of its org, which it gives back once its client has the last byte. */
  occupies(place: Disposable): void {
    if (this.reply.isClosed) place[Symbol.dispose]()
    else this.#orgPlace = place
  }

  /** Its body is counted in that share, which it gives back once its upstream answers, or it is over. */
  holds(share: MemoryShare): void {
    if (!this.isOver) this.#bodyShare = share
  }

  /** As of `Recipient`: the body was sent, and is kept no longer. */
  answerBegins(): void {
    this.#bodyShare?.release()
  }

  /** As of `Recipient`. */
  mayHold(bytes: number): boolean {
    this.#answerShare ??= this.#surroundings.answers.open(this.#key?.orgId ?? '')
    return this.#answerShare.hold(bytes) === undefined
  }

  /** As of `Recipient`. */
  mayDecode(bytes: number): boolean {
    this.#decoderShare ??= this.#surroundings.answers.open(this.#key?.orgId ?? '')
    return this.#decoderShare.hold(bytes) === undefined
  }

  /** The body is waited for, piece by piece. */
  awaitBody(): void {
    this.#guard.awaitBody()
  }

  /** A piece of the request body has come, or gone on to the upstream. */
  received(bytes: number): void {
    this.#requestBytes += bytes
    this.#guard.touch()
  }

  /** The model it asks for is known, and nothing more yet. */
  asksFor(model: string | undefined): void {
    this.#modelAsked = model
  }

  /** What is not sent of its body: its client is told so, and so is the row. */
  leavesOut(names: readonly string[]): void {
    if (names.length === 0) return
    this.#leftOut = names.join(' ')
    this.reply.alsoSend('x-punku-left-out', this.#leftOut)
  }

  /** It is put to its upstream in the format of another route, and so is the answer back: its client and its row are told. */
  translatedTo({ format }: ServedRoute): void {
    if (format === undefined) return
    this.#translated = format
    this.reply.alsoSend('x-punku-translated', format)
  }

  /** What was asked for is known: from now on the client gets signs of life, if it may. */
  asked(ask: Ask): void {
    if (this.isOver) return
    const { format, route, wantsStream } = ask
    this.#modelAsked = ask.models[0]?.asked
    this.#conversation = ask.conversation
    this.#wantsStream = wantsStream
    this.#chain = new ReplyChain({
      recipient: this,
      reply: this.reply,
      guard: this.#guard,
      format,
      mayStream: route.streams !== undefined,
      wantsStream,
      clock: this.#surroundings.clock,
      checksOrder: this.#surroundings.checksOrder,
    })
    this.#guard.awaitLease(wantsStream && route.streams !== undefined)
  }

  /** It has its upstream. From here on the lease is the exchange's to give back; one that is over gives it back at once. */
  leased(lease: Lease): void {
    if (this.isOver) lease[Symbol.dispose]()
    else this.#lease = lease
  }

  /**
   * It goes to its upstream: the handler for what comes of it. `undefined`: nothing was asked for, or it is over.
   * @param translate as of `ReplyChain.open`
   */
  sent(translate?: (next: Observing) => AnswerHandler): AnswerHandler | undefined {
    if (this.isOver) return undefined
    this.#sentAt = this.#surroundings.clock.elapsed()
    return this.#chain?.open(translate)
  }

  /** Ends it with an answer of the gateway's own. */
  answer(answer: Answer): void {
    if (this.isOver) return
    this.reply.answer(answer)
    this.#end(undefined)
  }

  /** Ends it with an answer on how the gateway is. */
  answerAboutGateway(answer: Answer): void {
    this.#isAboutGateway = true
    this.answer(answer)
  }

  /** As of `Recipient`: all was sent. */
  complete(error?: PunkuError): void {
    if (!this.isOver) this.#end(error, false)
  }

  /** Ends it with an error, in the form that its reply still allows. */
  fail(error: PunkuError): void {
    if (this.isOver) return
    this.reply.refuse(this.dialect, error)
    this.#end(error)
  }

  /** For the end of its key. */
  cut(error: PunkuError): void {
    this.fail(error)
  }

  /** As of `Guarded`. */
  timedOut(error: PunkuError, isUpstream: boolean): void {
    if (isUpstream && this.#chain?.endIfComplete()) return
    this.fail(error)
  }

  /** As of `Guarded`. */
  signOfLife(): boolean {
    return this.#chain?.signOfLife() ?? false
  }

  /** As of `Guarded`. */
  abandon(): void {
    this.request.connection.destroy()
  }

  /** The exchange as it stands. */
  view(): ExchangeView {
    const { firstByteAt, model } = this.#chain?.seen ?? {}
    const sentAt = this.#sentAt
    return {
      id: this.id,
      at: this.#at,
      key: this.#key,
      upstream: this.upstreamId,
      dialect: this.dialect,
      route: this.#routeText(),
      model: model ?? this.#modelAsked,
      isStreamed: this.#wantsStream || this.reply.stream !== undefined,
      phase: sentAt === undefined ? 'arriving' : firstByteAt === undefined ? 'waiting' : 'answering',
      sentMs: sentAt === undefined ? undefined : sentAt - this.#startedAt,
      ttfbMs: firstByteAt === undefined ? undefined : firstByteAt - this.#startedAt,
      ageMs: this.ageMs,
      responseBytes: this.reply.bytes,
    }
  }

  /** Its row, once it is over and its client has the last byte. */
  row(): NewRequestRow {
    const { error, observed = NOTHING_OBSERVED } = this.#ending ?? {}
    return this.#rowWith(observed, error, this.reply.status)
  }

  /** The row that stands for it if the gateway is killed now. */
  rowIfKilled(): NewRequestRow {
    const { status } = this.reply
    return this.#rowWith(this.#chain?.observed() ?? NOTHING_OBSERVED, KILLED, status === 0 ? KILLED.status : status)
  }

  #rowWith(observed: Observed, error: PunkuError | undefined, status: number): NewRequestRow {
    return rowOf({
      id: this.id,
      at: this.#at,
      startedAt: this.#startedAt,
      endedAt: this.#surroundings.clock.elapsed(),
      sentAt: this.#sentAt,
      headers: this.headers,
      key: this.#key,
      upstreamId: this.upstreamId,
      dialect: this.dialect,
      route: this.#routeText(),
      modelAsked: this.#modelAsked,
      conversation: this.#conversation,
      leftOut: this.#leftOut,
      translated: this.#translated,
      observed,
      status,
      error,
      requestBytes: this.#requestBytes,
      responseBytes: this.reply.bytes,
    })
  }

  /** As of `Recipient`: the one in which errors are told, and under which it is recorded. */
  get dialect(): DialectName {
    const route = this.#route
    // The list of models is a route of two dialects: whoever asks decides, as for its answer.
    if (route !== undefined && route.listing !== 'models' && route.listing !== 'model') return route.dialect
    if (this.#meantDialect !== undefined) return this.#meantDialect
    const path = this.#path ?? pathAsSent(this.request).replace(/^\/k\/[^/]*(?=\/)/, '')
    const hasAnthropicVersion = this.headers.get('anthropic-version') !== undefined
    return dialectOf(path, hasAnthropicVersion, route === undefined ? this.headers.get('user-agent') : undefined)
  }

  #routeText(): string {
    return this.#route === undefined ? '-' : routeLabel(this.#route)
  }

  /** @param hasFailed its client is told so, and has less time to read it. Default: when there is an error. */
  #end(error: PunkuError | undefined, hasFailed = error !== undefined): void {
    const observed = this.#chain?.observed() ?? NOTHING_OBSERVED
    this.#ending = { error, observed }
    this.#bodyShare?.release()
    this.#answerShare?.release()
    this.#decoderShare?.release()
    this.#guard.over(hasFailed)
    this.#lease?.settle({ usage: observed.usage, error })
    if (this.#key !== undefined) this.#keyed?.remove(this.#key.id, this)
    if (this.reply.isClosed) this.#guard.gone()
  }

  #closed(): void {
    // Who leaves with the last frame of a stream has all of it, though its model server has not ended it.
    if (!this.isOver && !this.reply.isBehind) this.#chain?.endIfComplete()
    if (!this.isOver) this.fail(new PunkuError('client_closed', 'The client closed the connection.'))
    this.#guard.gone()
    this.#orgPlace?.[Symbol.dispose]()
    this.#surroundings.finished(this)
  }
}
