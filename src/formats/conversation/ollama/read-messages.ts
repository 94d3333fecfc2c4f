import { asList, asObject, type JsonObject } from '../../json-facts.ts'
import type { CallPart, ImagePart, TextPart, Turn } from '../conversation.ts'
import {
  type DroppedNames,
  listField,
  objectAt,
  objectField,
  textField,
  toldToolNameField,
  toolNameField,
  uncarried,
  wrongType,
} from '../request-fields.ts'
import { OpenCalls } from './open-calls.ts'
import { readImages } from './read-images.ts'

const CALL_FIELDS: ReadonlySet<string> = new Set(['id', 'type', 'function'])
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['index', 'name', 'description', 'arguments'])

/** What a message of each role may say. */
const FIELDS: Readonly<Record<Turn['role'], ReadonlySet<string>>> = {
  system: new Set(['role', 'content']),
  user: new Set(['role', 'content', 'images']),
  assistant: new Set(['role', 'content', 'thinking', 'tool_calls']),
  tool: new Set(['role', 'content', 'images', 'tool_name', 'tool_call_id']),
}

/**
 * The turns of `messages`. What a message says that has no place in its role is named as dropped. Arguments of calls are
 * objects, whose numbers were read with the body: a whole number beyond 2 to the 53rd is rounded, and only another reading of
 * the body would keep it.
 */
export function readOllamaMessages(messages: readonly unknown[], dropped: DroppedNames): readonly Turn[] {
  const reader = new MessageReader(idsIn(messages), dropped)
  return messages.map((message, index) => reader.read(objectAt(message, `messages[${index}]`), `messages[${index}]`))
}

class MessageReader {
  readonly #calls: OpenCalls
  readonly #dropped: DroppedNames
  #isAfterAssistant = false

  constructor(takenIds: ReadonlySet<string>, dropped: DroppedNames) {
    this.#calls = new OpenCalls(takenIds)
    this.#dropped = dropped
  }

  read(message: JsonObject, param: string): Turn {
    const role = roleOf(message, param)
    this.#drop(message, role, param)
    const text = textField(message, 'content', `${param}.content`) ?? ''
    const wasAfterAssistant = this.#isAfterAssistant
    this.#isAfterAssistant = role === 'assistant'
    switch (role) {
      case 'system':
        return { role, text }
      case 'user':
        return { role, parts: saidParts(message, text, param) }
      case 'tool':
        return this.#readResult(message, text, param)
      case 'assistant': {
        const calls = listField(message, 'tool_calls', `${param}.tool_calls`)
        if (calls.length > 0 && !wasAfterAssistant) this.#calls.forget()
        const thinking = textField(message, 'thinking', `${param}.thinking`) ?? ''
        return {
          role,
          parts: [
            ...(thinking === '' ? [] : [{ kind: 'thinking', text: thinking } as const]),
            ...(text === '' ? [] : [{ kind: 'text', text } as const]),
            ...calls.map((call, index) => this.#readCall(call, `${param}.tool_calls[${index}]`)),
          ],
        }
      }
    }
  }

  #drop(message: JsonObject, role: Turn['role'], param: string): void {
    const known = FIELDS[role]
    if (!known.has('images') && isSaid(message['images'])) {
      throw uncarried(
        'A picture can stand only in what a user or a tool says. Move it there, or leave it out.',
        `${param}.images`,
      )
    }
    for (const [name, value] of Object.entries(message)) {
      if (!known.has(name) && isSaid(value)) this.#dropped.add(name, 'messages')
    }
  }

  #readCall(value: unknown, param: string): CallPart {
    const call = objectAt(value, param)
    const place = `${param}.function`
    const told = objectField(call, 'function', place) ?? {}
    this.#dropped.addOthers(call, CALL_FIELDS, 'messages.tool_calls')
    this.#dropped.addOthers(told, FUNCTION_FIELDS, 'messages.tool_calls.function')
    const part: CallPart = {
      kind: 'call',
      id: textField(call, 'id', `${param}.id`) || this.#calls.makeId(),
      name: toolNameField(told, 'name', `${place}.name`),
      arguments: JSON.stringify(objectField(told, 'arguments', `${place}.arguments`) ?? {}),
    }
    this.#calls.add(part)
    return part
  }

  #readResult(message: JsonObject, text: string, param: string): Turn {
    const id = textField(message, 'tool_call_id', `${param}.tool_call_id`) || undefined
    const name = toldToolNameField(message, 'tool_name', `${param}.tool_name`)
    const call = this.#calls.take(id, name)
    return {
      role: 'tool',
      callId: id ?? call?.id ?? this.#calls.makeId(),
      name: call?.name ?? name,
      isError: false,
      parts: saidParts(message, text, param),
    }
  }
}

/** Ollama puts pictures before the text. */
function saidParts(message: JsonObject, text: string, param: string): readonly (TextPart | ImagePart)[] {
  const images = readImages(message, `${param}.images`)
  return text === '' && images.length > 0 ? images : [...images, { kind: 'text', text }]
}

function roleOf(message: JsonObject, param: string): Turn['role'] {
  const { role } = message
  if (role === 'system' || role === 'user' || role === 'assistant' || role === 'tool') return role
  throw wrongType(`${param}.role`, '"system", "user", "assistant" or "tool"')
}

/** Clients send fields that say nothing, too. */
function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
}

function idsIn(messages: readonly unknown[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const message of messages) {
    const told = asObject(message) ?? {}
    const calls = asList(told['tool_calls']).map((call) => asObject(call)?.['id'])
    for (const id of [told['tool_call_id'], ...calls]) if (typeof id === 'string') ids.add(id)
  }
  return ids
}
