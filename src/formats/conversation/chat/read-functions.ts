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

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function', 'cache_control'])
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict'])
const EMPTY_OBJECT: JsonObject = { type: 'object', properties: {} }

/**
 * The functions of `tools` and of the old `functions`, each name once. Tools of other types are named in `dropped` as
 * `tools.<type>`. Throws `invalid_request`.
 */
export function readFunctions(body: JsonObject, dropped: DroppedNames): readonly Tool[] {
  const tools = new Map<string, Tool>()
  const add = (tool: Tool): void => {
    if (tools.has(tool.name)) dropped.add('duplicate', 'tools')
    else tools.set(tool.name, tool)
  }
  for (const [index, value] of listField(body, 'tools').entries()) {
    const param = `tools[${index}]`
    const tool = objectAt(value, param)
    const type = textField(tool, 'type', `${param}.type`) ?? 'function'
    if (type === 'function') {
      dropped.addOthers(tool, TOOL_FIELDS, 'tools')
      add(functionOf(objectAt(tool['function'], `${param}.function`), `${param}.function`, dropped))
    } else dropped.add(type, 'tools')
  }
  for (const [index, value] of listField(body, 'functions').entries()) {
    add(functionOf(objectAt(value, `functions[${index}]`), `functions[${index}]`, dropped))
  }
  return [...tools.values()]
}

function functionOf(value: JsonObject, param: string, dropped: DroppedNames): Tool {
  dropped.addOthers(value, FUNCTION_FIELDS, 'tools.function')
  const description = textField(value, 'description', `${param}.description`)
  const isStrict = flagField(value, 'strict', `${param}.strict`)
  return {
    name: toolNameField(value, 'name', `${param}.name`),
    ...(description !== undefined && { description }),
    parameters: objectField(value, 'parameters', `${param}.parameters`) ?? EMPTY_OBJECT,
    ...(isStrict !== undefined && { isStrict }),
  }
}
