import { asObject, type JsonObject } from '../json-facts.ts'
import { OpenText } from './open-text.ts'
import { countIn, listIn, must, nameIn, objectIn, textIn } from './order-fault.ts'

/** In which list of its item a part stands, and the field of its events that says where. */
interface PartPlace {
  readonly list: 'content' | 'summary'
  readonly index: 'content_index' | 'summary_index'
}

/** Where a text stands: in a part of which type, and how `.done` names it. */
interface Place extends PartPlace {
  readonly type: string
  readonly field: string
}

const CONTENT: PartPlace = { list: 'content', index: 'content_index' }
const SUMMARY: PartPlace = { list: 'summary', index: 'summary_index' }

const TEXTS: ReadonlyMap<string, Place> = new Map([
  ['response.output_text', { ...CONTENT, type: 'output_text', field: 'text' }],
  ['response.refusal', { ...CONTENT, type: 'refusal', field: 'refusal' }],
  ['response.reasoning_text', { ...CONTENT, type: 'reasoning_text', field: 'text' }],
  ['response.reasoning_summary_text', { ...SUMMARY, type: 'summary_text', field: 'text' }],
])

/** The events that begin and end a part. */
const PARTS: ReadonlyMap<string, PartPlace> = new Map([
  ['response.content_part', CONTENT],
  ['response.reasoning_summary_part', SUMMARY],
])

/** The text that a part of a type holds. */
const PART_FIELDS: ReadonlyMap<string, string> = new Map([...TEXTS.values()].map(({ type, field }) => [type, field]))

/** Calls by their type, whose text is a field of the item itself. */
const CALLS: ReadonlyMap<string, { readonly events: string; readonly field: string }> = new Map([
  ['function_call', { events: 'response.function_call_arguments', field: 'arguments' }],
  ['custom_tool_call', { events: 'response.custom_tool_call_input', field: 'input' }],
])
const CALL_EVENTS: ReadonlySet<string> = new Set([...CALLS.values()].map(({ events }) => events))

interface OpenPart {
  readonly type: string
  readonly text: OpenText
  isOver: boolean
}

/** An item of a response between its beginning and its end. It keeps what its texts sum up to. */
export class OpenItem {
  readonly id: string
  readonly #type: string
  readonly #callId: unknown
  readonly #parts = { content: [] as OpenPart[], summary: [] as OpenPart[] }
  /** Of a call. */
  readonly #text = new OpenText()

  /** Throws `OrderFault` where no item begins so. */
  constructor(item: JsonObject) {
    this.id = nameIn(item, 'id')
    this.#type = nameIn(item, 'type')
    this.#callId = item['call_id']
    if (this.#type === 'message') must(item['role'] === 'assistant', 'a message of another role than the assistant')
    const list = this.#list
    if (list !== undefined) must(listIn(item, list).length === 0, 'an item begins with parts')
    const call = CALLS.get(this.#type)
    if (call === undefined) return
    nameIn(item, 'call_id')
    nameIn(item, 'name')
    must(item[call.field] === '', `a call begins with "${call.field}"`)
  }

  /** The events of an item but those that begin and end it. Of types that are not known nothing is held. Throws `OrderFault`. */
  take(type: string, event: JsonObject): void {
    const dot = type.lastIndexOf('.')
    const [about, what] = [type.slice(0, dot), type.slice(dot + 1)]
    const text = TEXTS.get(about)
    const part = PARTS.get(about)
    const call = CALLS.get(this.#type)
    if (part !== undefined) this.#takePart(part, what, event)
    else if (text !== undefined) this.#textAt(text, event).take(what, event, text.field)
    else if (call?.events === about) this.#text.take(what, event, call.field)
    else must(!CALL_EVENTS.has(about), 'arguments of an item that is no such call')
  }

  /** Holds the whole item to what was told of it. Throws `OrderFault`. */
  close(item: JsonObject): void {
    must(item['id'] === this.id, 'an item ends with another "id"')
    must(item['type'] === this.#type, 'an item ends with another "type"')
    must(item['call_id'] === this.#callId, 'a call ends with another "call_id"')
    const call = CALLS.get(this.#type)
    if (call !== undefined) {
      must(this.#text.isTold, 'a call ends before its text does')
      must(this.#text.isOf(textIn(item, call.field)), 'a call ends with another text than its deltas')
    }
    const list = this.#list
    if (list !== undefined) this.#checkParts(this.#parts[list], listIn(item, list))
    if (item['content'] !== undefined && list === 'summary')
      this.#checkParts(this.#parts.content, listIn(item, 'content'))
  }

  #checkParts(told: readonly OpenPart[], whole: readonly unknown[]): void {
    must(whole.length === told.length, 'an item ends with other parts than were told')
    for (const [index, part] of told.entries()) {
      must(part.isOver, 'an item ends before its parts')
      checkPart(part, asObject(whole[index]))
    }
  }

  get #list(): 'content' | 'summary' | undefined {
    if (this.#type === 'message') return 'content'
    return this.#type === 'reasoning' ? 'summary' : undefined
  }

  #takePart({ list, index }: PartPlace, what: string, event: JsonObject): void {
    const at = countIn(event, index)
    const part = objectIn(event, 'part')
    const parts = this.#parts[list]
    if (what === 'added') {
      must(at === parts.length, `a part has not the next "${index}"`)
      must(parts.at(-1)?.isOver ?? true, 'a part begins inside another')
      const type = nameIn(part, 'type')
      const field = PART_FIELDS.get(type)
      if (field !== undefined) must(part[field] === '', 'a part begins with text')
      parts.push({ type, text: new OpenText(), isOver: false })
    } else if (what === 'done') {
      const open = parts[at]
      must(open?.isOver === false, 'a part ends that is not open')
      must(open.text.isTold || PART_FIELDS.get(open.type) === undefined, 'a part ends before its text does')
      checkPart(open, part)
      open.isOver = true
    }
  }

  #textAt({ list, index, type }: Place, event: JsonObject): OpenText {
    const part = this.#parts[list][countIn(event, index)]
    must(part?.isOver === false, 'text outside of its part')
    must(part.type === type, 'text of another kind than its part')
    return part.text
  }
}

function checkPart(told: OpenPart, whole: JsonObject | undefined): void {
  must(whole?.['type'] === told.type, 'a part ends with another "type"')
  const field = PART_FIELDS.get(told.type)
  if (field !== undefined) must(told.text.isOf(textIn(whole, field)), 'a part ends with another text than its deltas')
}
