import type { JsonObject } from '../../json-facts.ts'
import type { TextPart, ThinkingPart, Turn } from '../conversation.ts'
import {
  type DroppedNames,
  listField,
  namedField,
  objectAt,
  textField,
  toldToolNameField,
  toolNameField,
  uncarried,
  wrongType,
} from '../request-fields.ts'
import { TurnList } from '../turn-list.ts'
import { MessageCalls } from './message-calls.ts'
import { readParts, readPartTexts } from './read-parts.ts'

/** How a prompt is cached, and what a provider noted on an answer, mean nothing to another server. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(['role', 'content', 'cache_control'])
const TOOL_FIELDS: ReadonlySet<string> = new Set([...PLAIN_FIELDS, 'tool_call_id', 'name', 'tool_name'])
const FUNCTION_FIELDS: ReadonlySet<string> = new Set([...PLAIN_FIELDS, 'name'])
const ASSISTANT_FIELDS: ReadonlySet<string> = new Set([
  ...PLAIN_FIELDS,
  ...['refusal', 'reasoning_content', 'reasoning', 'tool_calls', 'function_call', 'audio', 'annotations'],
])

/** The turns of `messages`. Fields that cannot be carried are named in `dropped` as `messages.<name>`. Throws `invalid_request`. */
export function readMessages(body: JsonObject, dropped: DroppedNames): readonly Turn[] {
  const messages = listField(body, 'messages')
  if (messages.length === 0) throw wrongType('messages', 'a list of at least one message')
  const reader = new MessageReader(dropped)
  for (const [index, value] of messages.entries()) {
    reader.read(objectAt(value, `messages[${index}]`), `messages[${index}]`)
  }
  return reader.turns
}

class MessageReader {
  readonly #dropped: DroppedNames
  readonly #turns = new TurnList()
  readonly #calls = new MessageCalls()

  constructor(dropped: DroppedNames) {
    this.#dropped = dropped
  }

  get turns(): readonly Turn[] {
    return this.#turns.turns
  }

  /** One message. `param`: its path. */
  read(message: JsonObject, param: string): void {
    const place = `${param}.content`
    switch (message['role']) {
      case 'system':
      case 'developer': {
        this.#names(message, PLAIN_FIELDS)
        const texts = readPartTexts(message['content'], place, this.#dropped).map(({ text }) => text)
        if (texts.length > 0) this.#turns.add({ role: 'system', text: texts.join('\n\n') })
        break
      }
      case 'user':
        this.#names(message, PLAIN_FIELDS)
        this.#turns.add({ role: 'user', parts: readParts(message['content'], place, this.#dropped) })
        break
      case 'assistant':
        this.#names(message, ASSISTANT_FIELDS)
        this.#assistant(message, param)
        break
      case 'tool': {
        this.#names(message, TOOL_FIELDS)
        const id = namedField(message, 'tool_call_id', `${param}.tool_call_id`)
        const name =
          toldToolNameField(message, 'name', `${param}.name`) ??
          toldToolNameField(message, 'tool_name', `${param}.tool_name`)
        this.#turns.result(id, readParts(message['content'], place, this.#dropped), name)
        break
      }
      case 'function': {
        this.#names(message, FUNCTION_FIELDS)
        const name = toolNameField(message, 'name', `${param}.name`)
        this.#turns.result(this.#calls.idOf(name), readParts(message['content'], place, this.#dropped), name)
        break
      }
      default:
        throw wrongType(`${param}.role`, '"system", "developer", "user", "assistant", "tool" or "function"')
    }
  }

  #assistant(message: JsonObject, param: string): void {
    if ((message['audio'] ?? undefined) !== undefined) {
      throw uncarried('The gateway has no sound of earlier answers. Send what was said, as text.', `${param}.audio`)
    }
    const refusal = textField(message, 'refusal', `${param}.refusal`) ?? ''
    const refused: readonly TextPart[] = refusal === '' ? [] : [{ kind: 'text', text: refusal }]
    this.#turns.say([
      ...this.#thoughts(message, param),
      ...readPartTexts(message['content'], `${param}.content`, this.#dropped),
      ...refused,
      ...this.#calls.read(message, param),
    ])
    this.#turns.close()
  }

  /** Servers call them one or the other, and some give both. */
  #thoughts(message: JsonObject, param: string): readonly ThinkingPart[] {
    const content = textField(message, 'reasoning_content', `${param}.reasoning_content`) ?? ''
    const reasoning = textField(message, 'reasoning', `${param}.reasoning`) ?? ''
    const text = content || reasoning
    if (reasoning !== '' && reasoning !== text) this.#dropped.add('reasoning', 'messages')
    return text === '' ? [] : [{ kind: 'thinking', text }]
  }

  #names(message: JsonObject, known: ReadonlySet<string>): void {
    this.#dropped.addOthers(message, known, 'messages')
  }
}
