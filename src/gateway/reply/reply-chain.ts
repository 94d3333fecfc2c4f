import type { Clock } from '../../core/clock.ts'
import type { WireFormat } from '../../formats/format.ts'
import type { AnswerHandler } from './answer-handler.ts'
import { Decoding } from './decoding.ts'
import { Delivery, type Recipient } from './delivery.ts'
import type { Guard } from './guard.ts'
import { Observation, type Observed } from './observation.ts'
import { orderWatchOf } from './order-watch.ts'
import type { Reply } from './reply.ts'
import type { Observing } from './translation.ts'

export interface ReplyChainOptions {
  readonly recipient: Recipient
  readonly reply: Reply
  readonly guard: Guard
  /** How the answers of the route are written; `undefined`: nothing of them is read. */
  readonly format: WireFormat | undefined
  /** The route may answer with a stream. */
  readonly mayStream: boolean
  /** The request asked for one. */
  readonly wantsStream: boolean
  readonly clock: Clock
  /** Whether the order of a streamed answer is checked. */
  readonly checksOrder: boolean
}

/**
 * The handlers by which one upstream answer becomes one reply: decoding → guard → observation → delivery. It is put together once
 * it is known what was asked for, before an upstream is chosen; `end` gives what was observed, once.
 */
export class ReplyChain {
  readonly #decoding: Decoding
  readonly #guard: Guard
  readonly #observation: Observation
  readonly #delivery: Delivery

  constructor({ recipient, reply, guard, format, mayStream, wantsStream, clock, checksOrder }: ReplyChainOptions) {
    const form = mayStream ? format?.stream : undefined
    this.#guard = guard
    this.#decoding = new Decoding({ next: guard, mayDecode: (bytes) => recipient.mayDecode(bytes) })
    const order = checksOrder && format && form ? orderWatchOf(format, form) : undefined
    this.#observation = new Observation(format, form, clock, order)
    this.#delivery = new Delivery({
      recipient,
      observation: this.#observation,
      reply,
      form,
      wantsStream,
      pace: { onSlow: () => guard.hold(), onDrain: () => guard.release() },
    })
    this.#observation.handOnTo(this.#delivery)
  }

  /** What has been observed so far. */
  get seen(): Pick<Observation, 'model' | 'firstByteAt'> {
    return this.#observation
  }

  /**
   * The request is about to go to its upstream: the first link, for its dispatcher.
   * @param translate puts a link before what observes, where the upstream answers in another format
   */
  open(translate?: (next: Observing) => AnswerHandler): AnswerHandler {
    this.#guard.awaitAnswer(translate?.(this.#observation) ?? this.#observation)
    return this.#decoding
  }

  /** As of `Guarded`. */
  signOfLife(): boolean {
    return this.#delivery.signOfLife()
  }

  /** The upstream fell silent, or the client left. False: in the middle of the answer. */
  endIfComplete(): boolean {
    return this.#delivery.endIfComplete()
  }

  /** All that was seen so far. */
  observed(): Observed {
    return this.#observation.observed()
  }
}
