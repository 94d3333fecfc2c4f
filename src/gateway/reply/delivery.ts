import type { IncomingHttpHeaders } from 'node:http'
import { ByteCollector } from '../../core/byte-collector.ts'
import type { DialectName } from '../../core/dialect-name.ts'
import { PunkuError } from '../../core/error.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import type { StreamForm } from '../../formats/format.ts'
import { responseHeadersFor } from '../../http/headers.ts'
import { upstreamError } from '../../servers/failure.ts'
import type { AnswerHandler, UpstreamController } from './answer-handler.ts'
import type { Observation } from './observation.ts'
import type { Pace, Reply } from './reply.ts'
import { unusableAnswer } from './unusable-answer.ts'
import { deniedError, lateError, ownError, withShortWait } from './upstream-error.ts'
import { cleanWords } from './upstream-words.ts'

/** A whole answer up to this size is held until it is complete, so that a broken one can still become an error. */
const COLLECT_BYTES = 4 * 1_024 * 1_024

/** An answer that holds less is not counted: it costs no more than the rest of its exchange. */
const UNCOUNTED_BYTES = 16_384

/** Who is told how a delivery went. */
export interface Recipient {
  /** Nothing may be written any more. */
  readonly isOver: boolean
  /** The id of the upstream that answers; `undefined` while none was chosen. */
  readonly upstreamId: string | undefined
  /** In which its client reads errors. */
  readonly dialect: DialectName
  /** The upstream has begun to answer. */
  answerBegins(): void
  /** Whether so many bytes of the answer may be held, in all; then they count. */
  mayHold(bytes: number): boolean
  /** Whether a decoder may hold so many bytes beside that; then they count. */
  mayDecode(bytes: number): boolean
  /** All was sent. `error`: it was the model server's own error. */
  complete(error?: PunkuError): void
  fail(error: PunkuError): void
}

export interface DeliveryOptions {
  readonly recipient: Recipient
  /** What watches the answer before it comes here. */
  readonly observation: Observation
  readonly reply: Reply
  readonly pace: Pace
  /** How the route streams; `undefined`: never. */
  readonly form: StreamForm | undefined
  /** The request asked for a stream: it may be told "still here" before an answer comes. */
  readonly wantsStream: boolean
}

/**
 * `waiting` for the head; `collecting` a whole answer; `passing` one too large to hold; `streaming` frames; `refused`:
 * collecting what came in the place of a stream that had begun with signs of life; `denied`: collecting why the server
 * refuses the gateway.
 */
type Phase = 'waiting' | 'collecting' | 'passing' | 'streaming' | 'refused' | 'denied'

/**
 * The last link of the reply chain: writes one upstream answer to the client, bytes of a stream at once and unchanged, a
 * whole answer once it is complete, and says when it is over.
 */
export class Delivery implements AnswerHandler {
  readonly #options: DeliveryOptions
  #phase: Phase = 'waiting'
  #status = 0
  #headers: readonly string[] = []
  readonly #collected = new ByteCollector()

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /**
   * Tells the client "still here", between two frames; begins the stream where nothing was sent yet. False: signs of
   * life are not for this answer, now and later.
   */
  signOfLife(): boolean {
    const { form, wantsStream, reply, observation } = this.#options
    const canTell = this.#phase === 'waiting' || this.#phase === 'streaming'
    if (form?.keepAlive === undefined || !wantsStream || !canTell) return false
    if (reply.stream === undefined) this.#beginStream(200, form, ['content-type', form.contentType])
    const isBetween = observation.isBetweenFrames && observation.outcome === 'open'
    if (isBetween && !reply.isBehind) reply.write(Buffer.from(form.keepAlive))
    return true
  }

  /** The upstream fell silent, or the client left, after all of a stream was said: that is its end. False: it was not. */
  endIfComplete(): boolean {
    if (this.#phase !== 'streaming') return false
    this.#options.observation.streamEnds()
    if (this.#options.observation.outcome === 'open') return false
    this.#endStream()
    return true
  }

  onRequestStart(): void {}

  onResponseStart(_controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void {
    const { recipient, observation, form, reply } = this.#options
    if (recipient.isOver) return
    recipient.answerBegins()
    this.#status = status
    const unusable = unusableAnswer(status, headers)
    if (unusable !== undefined) {
      if (unusable.code === 'upstream_denied') this.#phase = 'denied'
      else recipient.fail(unusable)
      return
    }
    const { isStream } = observation
    if (reply.stream !== undefined) {
      // Signs of life have already begun the stream; only more of the same stream can follow.
      this.#phase = isStream ? 'streaming' : 'refused'
    } else if (isStream && form !== undefined) {
      this.#beginStream(status, form, responseHeadersFor(status, headers))
      this.#phase = 'streaming'
    } else {
      this.#headers = responseHeadersFor(status, headers)
      if (reply.isHead) this.#headers = [...this.#headers, ...lengthOf(headers)]
      this.#phase = 'collecting'
    }
  }

  onResponseData(_controller: UpstreamController, chunk: Buffer): void {
    const { recipient } = this.#options
    if (recipient.isOver) return
    if (this.#phase === 'streaming' || this.#phase === 'passing') {
      this.#options.reply.write(chunk)
      return
    }
    this.#collected.add(chunk)
    const { length, heldBytes } = this.#collected
    const mayHold = heldBytes <= UNCOUNTED_BYTES || recipient.mayHold(heldBytes)
    if (length > COLLECT_BYTES || !mayHold) this.#stopCollecting()
  }

  onResponseEnd(): void {
    const { recipient, reply } = this.#options
    if (recipient.isOver) return
    if (this.#phase === 'streaming') {
      this.#options.observation.streamEnds()
      this.#endStream()
    } else if (this.#phase === 'refused') recipient.fail(this.#lateRefusal())
    else if (this.#phase === 'denied') recipient.fail(this.#denial())
    else if (this.#phase === 'passing') {
      reply.end()
      recipient.complete()
    } else this.#sendCollected()
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    const { recipient } = this.#options
    // A connection that breaks after the terminator has broken nothing.
    if (recipient.isOver || this.endIfComplete()) return
    const hasBegun = this.#phase !== 'waiting'
    recipient.fail(error instanceof UpstreamFailure ? upstreamError(error, hasBegun) : PunkuError.from(error))
  }

  #beginStream(status: number, form: StreamForm, headers: readonly string[]): void {
    const { observation, reply, pace } = this.#options
    observation.streamBegins()
    const isBetweenFrames = () => observation.isBetweenFrames
    reply.begin(status, this.#withUpstream(headers), pace, { form, isBetweenFrames })
  }

  #endStream(): void {
    const { recipient, observation, reply, form } = this.#options
    const { outcome } = observation
    if (outcome === 'open') {
      recipient.fail(cutShort())
      return
    }
    // Readers of an event stream drop a last event whose blank line is missing.
    if (form?.framing === 'events' && !observation.isBetweenFrames) reply.write(Buffer.from('\n\n'))
    reply.end()
    recipient.complete(
      outcome === 'failed'
        ? new PunkuError('upstream_failed', 'The model server reported an error inside the stream.', {
            said: cleanWords(observation.failure ?? ''),
          })
        : undefined,
    )
  }

  #stopCollecting(): void {
    const { recipient, reply, pace } = this.#options
    if (this.#phase === 'refused' || this.#phase === 'denied') {
      recipient.fail(this.#phase === 'refused' ? this.#lateRefusal() : this.#denial())
      return
    }
    this.#phase = 'passing'
    reply.begin(this.#status, this.#withUpstream(this.#headers), pace)
    for (const part of this.#collected.takeParts()) reply.write(part)
  }

  #sendCollected(): void {
    const { recipient, observation, reply } = this.#options
    const body = this.#collected.take()
    const error = ownError(this.#status, body)
    const headers = this.#withUpstream(withShortWait(this.#status, this.#headers))
    const answer = { status: this.#status, headers, body }
    if (error === undefined) {
      observation.readWhole(body)
      reply.answer(answer)
    } else reply.pass(recipient.dialect, error, answer)
    recipient.complete(error)
  }

  #withUpstream(headers: readonly string[]): readonly string[] {
    const { upstreamId } = this.#options.recipient
    return upstreamId === undefined ? headers : [...headers, 'x-punku-upstream', upstreamId]
  }

  #denial(): PunkuError {
    return deniedError(this.#status, this.#collected.take())
  }

  #lateRefusal(): PunkuError {
    return lateError(this.#status, this.#collected.take())
  }
}

/** The length that an answer to HEAD tells, of a body that does not follow. */
function lengthOf({ 'content-length': length }: IncomingHttpHeaders): readonly string[] {
  return length !== undefined && /^\d+$/.test(length) ? ['content-length', length] : []
}

const cutShort = () =>
  new PunkuError(
    'upstream_interrupted',
    'The answer ended before the model server said that it was complete. What came before is only a part.',
  )
