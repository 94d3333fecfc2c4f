import type { JsonObject } from '../../json-facts.ts'
import type { Tool, ToolChoice } from '../conversation.ts'
import {
  type DroppedNames,
  flagField,
  listField,
  namedField,
  objectAt,
  objectField,
  textField,
  toldToolNameField,
  toolNameField,
  uncarried,
  wrongType,
} from '../request-fields.ts'
import { carriedName, type NamedTool, namedTools } from './call-forms.ts'

const FUNCTION_FIELDS = new Set(['type', 'name', 'description', 'parameters', 'strict'])
const CUSTOM_FIELDS = new Set(['type', 'name', 'description', 'format'])
const NAMESPACE_FIELDS = new Set(['type', 'name', 'tools'])
const EMPTY_OBJECT: JsonObject = { type: 'object', properties: {} }
const CHOICES: ReadonlyMap<unknown, ToolChoice> = new Map([
  ['auto', 'auto'],
  ['none', 'none'],
  ['required', 'any'],
] as const)

/** The tools of the request that a model can call, those of groups under the names they are carried by. */
export function readTools(body: JsonObject, dropped: DroppedNames): readonly Tool[] {
  const tools = listField(body, 'tools')
  for (const [index, tool] of tools.entries()) checkTool(objectAt(tool, `tools[${index}]`), `tools[${index}]`, dropped)
  const seen = new Set<string>()
  return namedTools(tools).flatMap((named) => {
    if (seen.has(named.carriedName)) dropped.add('duplicate', 'tools')
    if (seen.has(named.carriedName)) return []
    seen.add(named.carriedName)
    return [toolOf(named)]
  })
}

function checkTool(tool: JsonObject, param: string, dropped: DroppedNames, isMember = false): void {
  const type = namedField(tool, 'type', `${param}.type`)
  if (type === 'namespace' && !isMember) {
    toolNameField(tool, 'name', `${param}.name`)
    dropped.addOthers(tool, NAMESPACE_FIELDS, 'tools.namespace')
    for (const [index, value] of listField(tool, 'tools', `${param}.tools`).entries()) {
      const place = `${param}.tools[${index}]`
      checkTool(objectAt(value, place), place, dropped, true)
    }
  } else if (type === 'function') {
    toolNameField(tool, 'name', `${param}.name`)
    textField(tool, 'description', `${param}.description`)
    objectField(tool, 'parameters', `${param}.parameters`)
    flagField(tool, 'strict', `${param}.strict`)
    dropped.addOthers(tool, FUNCTION_FIELDS, 'tools.function')
  } else if (type === 'custom') {
    toolNameField(tool, 'name', `${param}.name`)
    textField(tool, 'description', `${param}.description`)
    const format = objectField(tool, 'format', `${param}.format`)
    if (format !== undefined && format['type'] !== 'text') dropped.add('format', 'tools.custom')
    dropped.addOthers(tool, CUSTOM_FIELDS, 'tools.custom')
  } else dropped.add(type, 'tools')
}

/** Of a tool that is checked. */
function toolOf({ carriedName: name, form, tool }: NamedTool): Tool {
  const description = textField(tool, 'description')
  const isStrict = flagField(tool, 'strict')
  return {
    name,
    ...(description !== undefined && { description }),
    parameters: form.kind === 'custom' ? customParameters(tool) : (objectField(tool, 'parameters') ?? EMPTY_OBJECT),
    ...(isStrict !== undefined && form.kind === 'function' && { isStrict }),
  }
}

/** One text. A grammar is told to the model, and nothing holds it to that. */
function customParameters(tool: JsonObject): JsonObject {
  const { syntax, definition } = objectField(tool, 'format') ?? {}
  const isGrammar = typeof syntax === 'string' && typeof definition === 'string'
  const input = isGrammar
    ? { type: 'string', description: `It must match this grammar (${syntax}):\n${definition}` }
    : { type: 'string' }
  return { type: 'object', properties: { input }, required: ['input'], additionalProperties: false }
}

/** Which tool the model must call. One of the provider's own tools, and a choice among no tools, cannot be carried. */
export function readToolChoice(
  body: JsonObject,
  tools: readonly Tool[],
  dropped: DroppedNames,
): ToolChoice | undefined {
  const value = body['tool_choice'] ?? undefined
  if (value === undefined) return undefined
  const choice =
    typeof value === 'string' ? CHOICES.get(value) : choiceOf(objectAt(value, 'tool_choice'), tools, dropped)
  if (choice === undefined && typeof value === 'string') {
    throw wrongType('tool_choice', '"auto", "none", "required" or an object')
  }
  if (choice !== 'any' || tools.length > 0) return choice
  dropped.add('tool_choice')
  return undefined
}

function choiceOf(choice: JsonObject, tools: readonly Tool[], dropped: DroppedNames): ToolChoice | undefined {
  const type = namedField(choice, 'type', 'tool_choice.type')
  if (type !== 'function' && type !== 'custom') {
    dropped.add(type, 'tool_choice')
    return undefined
  }
  const wanted = toolNameField(choice, 'name', 'tool_choice.name')
  const name = carriedName(toldToolNameField(choice, 'namespace', 'tool_choice.namespace'), wanted)
  if (tools.some((tool) => tool.name === name)) return { name }
  const end = carriedName('', wanted)
  const [member, ...others] = tools.filter((tool) => tool.name.endsWith(end))
  if (member !== undefined && others.length === 0) return { name: member.name }
  throw uncarried(
    'The request must call a tool that is not among its tools. Add the tool, or choose another.',
    'tool_choice',
  )
}
