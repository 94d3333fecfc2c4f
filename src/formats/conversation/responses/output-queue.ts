import { JsonObjectEnd } from '../json-object-end.ts'
import { TextPile } from '../text-pile.ts'
import type { ItemForm, ItemStatus, ResponsesEvent } from './item-form.ts'

/** One item that has begun. */
interface Item {
  readonly form: ItemForm
  readonly text: TextPile
  /** Where its text ends by itself; `undefined`: where the next item begins. */
  readonly end: JsonObjectEnd | undefined
  isSealed: boolean
}

/** Names an item of a queue. */
export type ItemKey = symbol

/**
 * The items of one response in the order they began, strictly one after another: only the first that is not over is open,
 * and what comes of the others is kept until it is their turn. So calls whose arguments come mixed lose nothing, and calls
 * that come one by one are told as they come.
 */
export class OutputQueue {
  readonly #write: (event: ResponsesEvent) => void
  readonly #closed: object[] = []
  /** From the open one on. */
  readonly #items = new Map<ItemKey, Item>()

  constructor(write: (event: ResponsesEvent) => void) {
    this.#write = write
  }

  /** How many items have begun. */
  get count(): number {
    return this.#closed.length + this.#items.size
  }

  /** Begins the next item. `endsWithObject`: it is over with the object that its text is, else where another item begins. */
  begin(form: ItemForm, endsWithObject: boolean): ItemKey {
    const key: ItemKey = Symbol()
    const end = endsWithObject ? new JsonObjectEnd() : undefined
    this.#items.set(key, { form, text: new TextPile(), end, isSealed: false })
    if (this.#items.size === 1) this.#emit(form.opening())
    this.#advance()
    return key
  }

  /** What comes of an item that is closed already is passed over: an object was complete before it. */
  add(key: ItemKey, piece: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    item.text.add(piece)
    item.end?.push(piece)
    if (this.#first() !== key) return
    this.#emit(item.form.delta(piece))
    this.#advance()
  }

  /** Nothing more comes of an item: it is over with what it has. */
  seal(key: ItemKey): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    item.isSealed = true
    this.#advance()
  }

  /** Closes all that is left. `status`: of those that were not over. */
  end(status: ItemStatus): void {
    for (const [key, item] of this.#items) this.#close(key, item, isComplete(item) ? 'completed' : status)
  }

  /** The output as it stands: what is closed, and what is open as far as it came. */
  get output(): readonly object[] {
    const [open] = this.#items.values()
    return open === undefined ? this.#closed : [...this.#closed, open.form.item('incomplete', `${open.text}`)]
  }

  #first(): ItemKey | undefined {
    return this.#items.keys().next().value
  }

  /** Closes the open item as long as it is over and another waits. */
  #advance(): void {
    for (const [key, item] of this.#items) {
      if (this.#items.size < 2 || !(item.end === undefined || isComplete(item))) return
      this.#close(key, item, 'completed')
    }
  }

  #close(key: ItemKey, { form, text }: Item, status: ItemStatus): void {
    this.#emit(form.closing(status, `${text}`))
    this.#closed.push(form.item(status, `${text}`))
    this.#items.delete(key)
    const [next] = this.#items.values()
    if (next === undefined) return
    this.#emit(next.form.opening())
    if (next.text.length > 0) this.#emit(next.form.delta(`${next.text}`))
  }

  #emit(events: readonly ResponsesEvent[]): void {
    for (const event of events) this.#write(event)
  }
}

function isComplete({ end, isSealed }: Item): boolean {
  return isSealed || end?.isReached === true
}
