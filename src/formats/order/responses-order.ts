import { errorOf } from '../answer-parts.ts'
import { asObject, type JsonObject } from '../json-facts.ts'
import { OpenItem } from './open-item.ts'
import { countIn, listIn, must, nameIn, objectIn, textIn } from './order-fault.ts'
import type { OrderRules } from './order-rules.ts'
import { valueSum } from './text-sum.ts'

const LAST: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/**
 * The events of `/v1/responses`: numbered without a gap; the response begins, then each item in the order of its index with
 * all its events between its beginning and its end, then the response again with those items. Of an item that is over a
 * number is kept.
 */
export class ResponsesOrder implements OrderRules {
  #next = 0
  #responseId: string | undefined
  #items = 0
  readonly #open = new Map<number, OpenItem>()
  /** By the index of an item that is over. */
  readonly #sums = new Map<number, number>()

  take(event: JsonObject, name: string): boolean {
    // Whoever fails in the middle has lost count.
    if (name === 'error' || event['type'] === 'error') return this.#fail(event, name)
    const type = nameIn(event, 'type')
    must(type === name, 'the event is called otherwise than its "type"')
    must(countIn(event, 'sequence_number') === this.#next, 'the event has not the next "sequence_number"')
    this.#next++
    must(this.#responseId !== undefined || type === 'response.created', 'response.created is not the first event')
    this.#go(type, event)
    return LAST.has(type)
  }

  #fail(event: JsonObject, name: string): boolean {
    must(name === event['type'], 'the event is called otherwise than its "type"')
    must(errorOf(event) === undefined, 'an error that lies deeper than its event')
    textIn(event, 'message')
    return true
  }

  #go(type: string, event: JsonObject): void {
    switch (type) {
      case 'response.created':
        this.#begin(objectIn(event, 'response'))
        break
      case 'response.queued':
      case 'response.in_progress':
        must(this.#items === 0, 'the response begins behind its items')
        this.#checkResponse(objectIn(event, 'response'))
        break
      case 'response.output_item.added':
        this.#add(countIn(event, 'output_index'), objectIn(event, 'item'))
        break
      case 'response.output_item.done':
        this.#close(countIn(event, 'output_index'), objectIn(event, 'item'))
        break
      default:
        if (LAST.has(type)) this.#end(type.slice('response.'.length), objectIn(event, 'response'))
        else if (event['item_id'] !== undefined) this.#itemAt(event).take(type, event)
    }
  }

  #begin(response: JsonObject): void {
    must(this.#responseId === undefined, 'a second response.created')
    this.#responseId = nameIn(response, 'id')
    this.#checkResponse(response)
  }

  #checkResponse(response: JsonObject): void {
    must(response['object'] === 'response', 'a response whose "object" is another')
    must(response['id'] === this.#responseId, 'the "id" of the response changes')
    must(['in_progress', 'queued'].includes(textIn(response, 'status')), 'a response that begins with another "status"')
    must(listIn(response, 'output').length === 0, 'a response that begins with output')
  }

  #add(index: number, item: JsonObject): void {
    must(index === this.#items, 'the item has not the next "output_index"')
    this.#items++
    this.#open.set(index, new OpenItem(item))
  }

  #close(index: number, item: JsonObject): void {
    const open = this.#open.get(index)
    must(open !== undefined, 'an item ends that is not open')
    open.close(item)
    this.#open.delete(index)
    this.#sums.set(index, valueSum(item))
  }

  #itemAt(event: JsonObject): OpenItem {
    const item = this.#open.get(countIn(event, 'output_index'))
    must(item !== undefined, 'an event outside of its item')
    must(item.id === event['item_id'], 'an event with the "item_id" of another item')
    return item
  }

  #end(status: string, response: JsonObject): void {
    must(response['id'] === this.#responseId, 'the "id" of the response changes')
    must(response['status'] === status, 'the response ends with another "status" than its event')
    const output = listIn(response, 'output')
    const hasFailed = status === 'failed'
    if (hasFailed) textIn(objectIn(response, 'error'), 'message')
    else must(this.#open.size === 0, 'the response ends before its items')
    if (status === 'incomplete') nameIn(objectIn(response, 'incomplete_details'), 'reason')
    must(hasFailed || output.length === this.#items, 'the output has not as many items as were told')
    for (const [index, item] of output.entries()) {
      must(asObject(item) !== undefined, 'an item of the output is no object')
      const sum = this.#sums.get(index)
      must(sum === undefined || sum === valueSum(item), 'an item of the output differs from what was told of it')
    }
  }
}
