import type { StreamForm, WireFormat } from '../../formats/format.ts'
import { FrameSplitter } from '../../formats/frames.ts'
import { MAX_WATCHED_LINE_BYTES } from '../../formats/line-watcher.ts'
import type { OrderCheck } from '../../formats/order/order-check.ts'
import { orderCheckOf } from '../../formats/order/orders.ts'

/** Ends the last frame of either framing, where its end is missing. */
const FRAME_END = Buffer.from('\n\n')

/**
 * Checks the frames of one streamed answer as their bytes pass: it costs about what parsing each frame costs. An answer
 * with a frame that is longer than is looked at is not checked from there on.
 */
export class OrderWatch {
  readonly #splitter: FrameSplitter
  #check: OrderCheck | undefined
  #bytesInFrame = 0
  #fault: string | undefined

  constructor({ framing }: StreamForm, check: OrderCheck) {
    this.#splitter = new FrameSplitter(framing)
    this.#check = check
  }

  /** The first fault so far, in words that hold nothing of the answer. */
  get fault(): string | undefined {
    return this.#fault
  }

  push(chunk: Uint8Array): void {
    if (this.#check === undefined) return
    this.#bytesInFrame += chunk.length
    // What is too long is passed over without a word, and all that follows would seem wrong.
    if (this.#bytesInFrame > MAX_WATCHED_LINE_BYTES) this.#check = undefined
    else this.#take(chunk)
  }

  /** The stream has ended, and was not cut off. */
  end(): void {
    this.#take(FRAME_END)
    this.#note(this.#check?.end())
  }

  #take(chunk: Uint8Array): void {
    if (this.#check === undefined) return
    for (const frame of this.#splitter.push(chunk)) {
      this.#bytesInFrame = 0
      if (frame.isTooLong) this.#check = undefined
      this.#note(this.#check?.push(frame))
    }
  }

  #note(fault: string | undefined): void {
    if (fault === undefined) return
    this.#fault ??= fault
    this.#check = undefined
  }
}

/** Begins one; `undefined`: of that format's streams no order is known. */
export function orderWatchOf(format: WireFormat, form: StreamForm): OrderWatch | undefined {
  const check = orderCheckOf(format.name)
  return check && new OrderWatch(form, check)
}
