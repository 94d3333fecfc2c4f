import type { JsonObject } from '../../json-facts.ts'
import type { Tool, ToolChoice } from '../conversation.ts'
import {
  type DroppedNames,
  listField,
  namedField,
  objectAt,
  objectField,
  toolNameField,
  uncarried,
  wrongType,
} from '../request-fields.ts'

const CHOICES: ReadonlyMap<string, ToolChoice> = new Map([
  ['auto', 'auto'],
  ['none', 'none'],
  ['required', 'any'],
] as const)

/** The tools that may be called, and which of them must be. */
export interface ChosenTools {
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
}

/**
 * Reads `tool_choice`, else the old `function_call`. Where it allows only some of the tools, the others are not carried. A
 * choice of tools that are not carried is named in `dropped`. Throws `invalid_request`.
 */
export function readChosenTools(body: JsonObject, tools: readonly Tool[], dropped: DroppedNames): ChosenTools {
  const value = body['tool_choice'] ?? undefined
  const old = body['function_call'] ?? undefined
  if (value === undefined) return old === undefined ? { tools } : { tools, toolChoice: oldChoice(old, tools) }
  if (old !== undefined) dropped.add('function_call')
  const chosen = typeof value === 'string' ? { tools, toolChoice: wordChoice(value) } : choiceOf(value, tools, dropped)
  if (chosen.toolChoice !== 'any' || chosen.tools.length > 0) return chosen
  dropped.add('tool_choice')
  return { tools: [] }
}

function wordChoice(word: string): ToolChoice {
  const choice = CHOICES.get(word)
  if (choice === undefined) throw wrongType('tool_choice', '"auto", "none", "required" or an object')
  return choice
}

function oldChoice(value: unknown, tools: readonly Tool[]): ToolChoice {
  if (value === 'auto' || value === 'none') return value
  if (typeof value === 'string') throw wrongType('function_call', '"auto", "none" or an object')
  return nameAmong(
    tools,
    toolNameField(objectAt(value, 'function_call'), 'name', 'function_call.name'),
    'function_call',
  )
}

function choiceOf(value: unknown, tools: readonly Tool[], dropped: DroppedNames): ChosenTools {
  const choice = objectAt(value, 'tool_choice')
  const type = namedField(choice, 'type', 'tool_choice.type')
  if (type === 'function') return { tools, toolChoice: functionChoice(choice, tools, 'tool_choice') }
  if (type === 'allowed_tools') return allowedChoice(choice, tools, dropped)
  dropped.add(type, 'tool_choice')
  return { tools }
}

function allowedChoice(choice: JsonObject, tools: readonly Tool[], dropped: DroppedNames): ChosenTools {
  const place = 'tool_choice.allowed_tools'
  const allowed = objectField(choice, 'allowed_tools', place) ?? {}
  const toolChoice = CHOICES.get(namedField(allowed, 'mode', `${place}.mode`))
  if (toolChoice !== 'auto' && toolChoice !== 'any') throw wrongType(`${place}.mode`, '"auto" or "required"')
  const known = new Set(tools.map(({ name }) => name))
  const names = new Set<string>()
  for (const [index, value] of listField(allowed, 'tools', `${place}.tools`).entries()) {
    const param = `${place}.tools[${index}]`
    const tool = objectAt(value, param)
    const type = namedField(tool, 'type', `${param}.type`)
    if (type === 'function') names.add(functionName(tool, param))
    else dropped.add(type, 'tool_choice')
  }
  for (const name of names) if (!known.has(name)) throw notAmongTools(`${place}.tools`)
  return { tools: tools.filter(({ name }) => names.has(name)), toolChoice }
}

function functionChoice(choice: JsonObject, tools: readonly Tool[], param: string): ToolChoice {
  return nameAmong(tools, functionName(choice, param), param)
}

function functionName(choice: JsonObject, param: string): string {
  const place = `${param}.function`
  return toolNameField(objectAt(choice['function'], place), 'name', `${place}.name`)
}

function nameAmong(tools: readonly Tool[], name: string, param: string): ToolChoice {
  if (tools.some((tool) => tool.name === name)) return { name }
  throw notAmongTools(param)
}

function notAmongTools(param: string): Error {
  return uncarried('The request must call a tool that is not among its tools. Add the tool, or choose another.', param)
}
