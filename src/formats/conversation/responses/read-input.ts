import { asObject, type JsonObject } from '../../json-facts.ts'
import type { Turn } from '../conversation.ts'
import {
  type DroppedNames,
  listField,
  namedField,
  objectAt,
  textField,
  toldToolNameField,
  toolNameField,
  wrongType,
} from '../request-fields.ts'
import { TurnList } from '../turn-list.ts'
import { carriedName, customArguments } from './call-forms.ts'
import { nameOtherItemFields } from './item-fields.ts'
import { readContent, readTexts } from './read-content.ts'

/** The turns of a request: its instructions, then what its `input` tells. */
export function readInput(body: JsonObject, dropped: DroppedNames): readonly Turn[] {
  const reader = new InputReader(dropped)
  reader.instruct(textField(body, 'instructions') ?? '')
  const { input } = body
  if (typeof input === 'string') reader.read({ role: 'user', content: input }, 'input')
  else if (!Array.isArray(input)) throw wrongType('input', 'a text or a list of items')
  else for (const [index, item] of input.entries()) reader.read(objectAt(item, `input[${index}]`), `input[${index}]`)
  return reader.end()
}

class InputReader {
  readonly #dropped: DroppedNames
  readonly #turns = new TurnList()
  /** The calls that nothing carries: what they gave is not carried either. */
  readonly #droppedCalls = new Set<unknown>()

  constructor(dropped: DroppedNames) {
    this.#dropped = dropped
  }

  instruct(text: string): void {
    if (text !== '') this.#drops(this.#turns.add({ role: 'system', text }))
  }

  /** One item. `param`: its path. */
  read(item: JsonObject, param: string): void {
    const type = typeOf(item, param)
    nameOtherItemFields(type, item, this.#dropped)
    switch (type) {
      case 'message':
        this.#message(item, param)
        break
      case 'reasoning':
        this.#reasoning(item, param)
        break
      case 'function_call':
        this.#call(item, param, textField(item, 'arguments', `${param}.arguments`) || '{}')
        break
      case 'custom_tool_call':
        this.#call(item, param, customArguments(textField(item, 'input', `${param}.input`) ?? ''))
        break
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#output(item, param)
        break
      default:
        this.#droppedCalls.add(item['call_id'])
        this.#dropped.add(item['type'] ?? 'item_reference', 'input')
    }
  }

  end(): readonly Turn[] {
    this.#drops(this.#turns.end())
    return this.#turns.turns
  }

  #message(item: JsonObject, param: string): void {
    const place = `${param}.content`
    switch (item['role']) {
      case 'user': {
        const parts = readContent(item['content'], place, this.#dropped)
        this.#drops(this.#turns.add({ role: 'user', parts }))
        break
      }
      case 'assistant':
        this.#turns.say(readTexts(item['content'], place, this.#dropped).filter(({ text }) => text !== ''))
        break
      case 'system':
      case 'developer': {
        const texts = readTexts(item['content'], place, this.#dropped).map(({ text }) => text)
        this.instruct(texts.filter((text) => text !== '').join('\n\n'))
        break
      }
      default:
        throw wrongType(`${param}.role`, '"user", "assistant", "system" or "developer"')
    }
  }

  /** The thoughts themselves where they are told, else their summary. Nobody but their provider can read encrypted ones. */
  #reasoning(item: JsonObject, param: string): void {
    if (textField(item, 'encrypted_content', `${param}.encrypted_content`)) {
      this.#dropped.add('encrypted_content', 'input.reasoning')
    }
    const text = textsOf(item, 'content', param) || textsOf(item, 'summary', param)
    if (text !== '') this.#turns.think(text)
  }

  #call(item: JsonObject, param: string, argumentsText: string): void {
    const id = namedField(item, 'call_id', `${param}.call_id`)
    const namespace = toldToolNameField(item, 'namespace', `${param}.namespace`)
    const name = carriedName(namespace, toolNameField(item, 'name', `${param}.name`))
    this.#turns.say([{ kind: 'call', id, name, arguments: argumentsText }])
  }

  #output(item: JsonObject, param: string): void {
    const id = namedField(item, 'call_id', `${param}.call_id`)
    if (this.#droppedCalls.has(id)) this.#dropped.add(item['type'], 'input')
    else this.#turns.result(id, readContent(item['output'], `${param}.output`, this.#dropped))
  }

  #drops(hadThoughts: boolean): void {
    if (hadThoughts) this.#dropped.add('reasoning', 'input')
  }
}

/** A message may leave its type out, and so may a reference. */
function typeOf(item: JsonObject, param: string): string {
  const type = textField(item, 'type', `${param}.type`)
  if (type !== undefined) return type
  if (item['role'] !== undefined) return 'message'
  if (typeof item['id'] === 'string') return 'item_reference'
  throw wrongType(`${param}.type`, 'a text')
}

function textsOf(item: JsonObject, name: string, param: string): string {
  const texts = listField(item, name, `${param}.${name}`).map((part) => asObject(part)?.['text'])
  return texts.filter((text) => typeof text === 'string' && text !== '').join('\n\n')
}
