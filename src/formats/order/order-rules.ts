import type { Frame } from '../frames.ts'
import { type JsonObject, parseObject } from '../json-facts.ts'
import type { OrderCheck } from './order-check.ts'
import { must, OrderFault } from './order-fault.ts'

/** What holds in the streams of one format. It keeps the state of one stream, and sizes and sums of its texts at most. */
export interface OrderRules {
  /**
   * Takes the next frame. Throws `OrderFault`.
   *
   * @param name what the event is called; empty where it has no name
   * @returns whether it was the last one
   */
  take(frame: JsonObject, name: string): boolean
  /** For formats whose last event is no JSON. */
  readonly closing?: {
    readonly data: string
    /** Throws `OrderFault` where it may not stand here. */
    take(): void
  }
}

/** Holds the frames of one stream to the rules of its format, until the first fault. */
export class RuledOrder implements OrderCheck {
  readonly #rules: OrderRules
  #count = 0
  #isOver = false
  #isFaulty = false

  constructor(rules: OrderRules) {
    this.#rules = rules
  }

  push(frame: Frame): string | undefined {
    this.#count++
    return this.#fault(`frame ${this.#count}: `, () => this.#take(frame))
  }

  end(): string | undefined {
    return this.#fault('', () => must(this.#isOver, 'the stream ends without its last frame'))
  }

  #take({ event, data }: Frame): void {
    must(!this.#isOver, 'it comes behind the last one')
    const { closing } = this.#rules
    if (closing !== undefined && data === closing.data) {
      closing.take()
      this.#isOver = true
      return
    }
    const frame = parseObject(data)
    must(frame !== undefined, 'it is no JSON object')
    this.#isOver = this.#rules.take(frame, event)
  }

  #fault(place: string, check: () => void): string | undefined {
    if (this.#isFaulty) return undefined
    try {
      check()
      return undefined
    } catch (error) {
      if (!(error instanceof OrderFault)) throw error
      this.#isFaulty = true
      return `${place}${error.message}`
    }
  }
}
