import type { JsonObject } from '../json-facts.ts'
import { must, textIn } from './order-fault.ts'
import { TextSum } from './text-sum.ts'

/** A text of an item that comes in deltas, and then once whole. */
export class OpenText {
  readonly #sum = new TextSum()
  #isTold = false

  /** It was told whole. */
  get isTold(): boolean {
    return this.#isTold
  }

  /**
   * A `delta`, or `done`; other events leave it as it is. Throws `OrderFault`.
   *
   * @param field which one of `done` is the whole text
   */
  take(what: string, event: JsonObject, field: string): void {
    if (what !== 'delta' && what !== 'done') return
    must(!this.#isTold, 'text behind its end')
    if (what === 'delta') {
      this.#sum.add(textIn(event, 'delta'))
    } else {
      must(this.#sum.isOf(textIn(event, field)), 'a text ends with another than its deltas')
      this.#isTold = true
    }
  }

  /** Whether its deltas make up this text. */
  isOf(text: string): boolean {
    return this.#sum.isOf(text)
  }
}
