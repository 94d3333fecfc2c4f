/** One event of a streamed response, without its number. */
export interface ResponsesEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** How far an item has come. `incomplete`: the answer ended before it did. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** How one item of a response's output is written. It keeps nothing: the text is what has come of the item so far. */
export interface ItemForm {
  opening(): readonly ResponsesEvent[]
  /** A piece of the text. */
  delta(piece: string): readonly ResponsesEvent[]
  closing(status: ItemStatus, text: string): readonly ResponsesEvent[]
  /** The item as a whole response has it. */
  item(status: ItemStatus, text: string): object
}

/** The event that begins an item. */
export function itemAdded(index: number, item: object): ResponsesEvent {
  return { type: 'response.output_item.added', output_index: index, item }
}

/** The event that ends an item. */
export function itemDone(index: number, item: object): ResponsesEvent {
  return { type: 'response.output_item.done', output_index: index, item }
}
