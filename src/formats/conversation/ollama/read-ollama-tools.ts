import type { JsonObject } from '../../json-facts.ts'
import type { Tool } from '../conversation.ts'
import {
  type DroppedNames,
  flagField,
  listField,
  objectAt,
  objectField,
  textField,
  toolNameField,
} from '../request-fields.ts'

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function'])
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict'])
const EMPTY_OBJECT: JsonObject = { type: 'object', properties: {} }

/** The functions among the tools of the request; other kinds, and another by the same name, are named as dropped. */
export function readOllamaTools(body: JsonObject, dropped: DroppedNames): readonly Tool[] {
  const tools = new Map<string, Tool>()
  for (const [index, value] of listField(body, 'tools').entries()) {
    const param = `tools[${index}]`
    const tool = objectAt(value, param)
    const type = textField(tool, 'type', `${param}.type`) || 'function'
    if (type !== 'function') {
      dropped.add(type, 'tools')
      continue
    }
    dropped.addOthers(tool, TOOL_FIELDS, 'tools')
    const read = functionOf(objectAt(tool['function'], `${param}.function`), `${param}.function`, dropped)
    if (tools.has(read.name)) dropped.add('duplicate', 'tools')
    else tools.set(read.name, read)
  }
  return [...tools.values()]
}

function functionOf(told: JsonObject, param: string, dropped: DroppedNames): Tool {
  dropped.addOthers(told, FUNCTION_FIELDS, 'tools.function')
  const name = toolNameField(told, 'name', `${param}.name`)
  const description = textField(told, 'description', `${param}.description`)
  const isStrict = flagField(told, 'strict', `${param}.strict`)
  return {
    name,
    ...(description !== undefined && { description }),
    parameters: objectField(told, 'parameters', `${param}.parameters`) ?? EMPTY_OBJECT,
    ...(isStrict !== undefined && { isStrict }),
  }
}
