import type { JsonObject } from '../../json-facts.ts'
import type { CallPart } from '../conversation.ts'
import { listField, namedField, objectAt, objectField, textField, toolNameField, uncarried } from '../request-fields.ts'
import { customArguments } from '../responses/call-forms.ts'

/**
 * The calls in a request's messages, read in their order: the old `function_call` has no id and gets one, by which what the
 * function gave is told apart.
 */
export class MessageCalls {
  readonly #ids = new Set<string>()
  /** Of the last call of each function by the old field. */
  readonly #oldIds = new Map<string, string>()
  #made = 0

  /** The calls of an assistant's message. `param`: its path. Throws `invalid_request`. */
  read(message: JsonObject, param: string): readonly CallPart[] {
    const place = `${param}.tool_calls`
    const calls = listField(message, 'tool_calls', place).map((value, index) =>
      this.#call(objectAt(value, `${place}[${index}]`), `${place}[${index}]`),
    )
    const old = objectField(message, 'function_call', `${param}.function_call`)
    if (old === undefined) return calls
    const id = this.#newId()
    const call = functionCall(id, old, `${param}.function_call`)
    this.#oldIds.set(call.name, id)
    return [...calls, call]
  }

  /** The id of the call that a message of role `function` answers; one of its own where there is none. */
  idOf(name: string): string {
    return this.#oldIds.get(name) ?? this.#newId()
  }

  #call(call: JsonObject, param: string): CallPart {
    const id = namedField(call, 'id', `${param}.id`)
    this.#ids.add(id)
    const type = textField(call, 'type', `${param}.type`) ?? 'function'
    if (type === 'function')
      return functionCall(id, objectAt(call['function'], `${param}.function`), `${param}.function`)
    if (type === 'custom') return customCall(id, objectAt(call['custom'], `${param}.custom`), `${param}.custom`)
    throw uncarried('A call is of a kind that no model server takes. Send it as a "function".', `${param}.type`)
  }

  /** Nine letters and digits: the templates of Mistral's models take no others. */
  #newId(): string {
    for (;;) {
      const id = `call${String(this.#made++).padStart(5, '0')}`
      if (!this.#ids.has(id)) return id
    }
  }
}

function functionCall(id: string, called: JsonObject, param: string): CallPart {
  const name = toolNameField(called, 'name', `${param}.name`)
  return { kind: 'call', id, name, arguments: textField(called, 'arguments', `${param}.arguments`) || '{}' }
}

/** A tool that takes one text is carried as a function with one. */
function customCall(id: string, called: JsonObject, param: string): CallPart {
  const name = toolNameField(called, 'name', `${param}.name`)
  return { kind: 'call', id, name, arguments: customArguments(textField(called, 'input', `${param}.input`) ?? '') }
}
