import type { JsonObject } from '../../json-facts.ts'
import type { Tool, ToolChoice } from '../conversation.ts'
import type { DroppedNames } from '../request-fields.ts'
import { neededToolName, refusedField, toldBoolean, toldList, toldObject, toldText } from './told.ts'

/** What is carried of a tool, and what means nothing to another server: how its text is cached and how its calls flow. */
const TOOL_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'cache_control',
  'eager_input_streaming',
])

const CHOICE_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'disable_parallel_tool_use'])

/**
 * The tools that the client runs. Those that Anthropic runs or knows by a type of its own (`web_search_…`, `bash_…`) are
 * named in `dropped` as `tools.<name>`. Throws `invalid_request`.
 */
export function readAnthropicTools(value: unknown, dropped: DroppedNames): readonly Tool[] {
  return (toldList(value, 'tools') ?? []).flatMap((entry, index) => {
    const param = `tools.${index}`
    const tool = toldObject(entry, param) ?? {}
    const type = toldText(tool['type'], `${param}.type`) ?? 'custom'
    if (type === 'custom') return [readTool(tool, param, dropped)]
    // A set of tools has no name.
    dropped.add(toldText(tool['name'], `${param}.name`) ?? type, 'tools')
    return []
  })
}

function readTool(tool: JsonObject, param: string, dropped: DroppedNames): Tool {
  const parameters = toldObject(tool['input_schema'], `${param}.input_schema`)
  if (parameters === undefined) throw refusedField(`${param}.input_schema`, 'must be a JSON Schema.')
  const description = toldText(tool['description'], `${param}.description`)
  const isStrict = toldBoolean(tool['strict'], `${param}.strict`)
  dropped.addOthers(tool, TOOL_FIELDS, 'tools')
  return {
    name: neededToolName(tool['name'], `${param}.name`),
    parameters,
    ...(description === undefined ? {} : { description }),
    ...(isStrict === undefined ? {} : { isStrict }),
  }
}

/** What `tool_choice` says: which tool, and whether several at once. */
export interface ChoiceOfTools {
  readonly toolChoice?: ToolChoice
  readonly mayCallSeveral?: boolean
}

/** Reads `tool_choice`. Throws `invalid_request` where it asks for a call of a tool that is not among `tools`. */
export function readAnthropicToolChoice(value: unknown, tools: readonly Tool[], dropped: DroppedNames): ChoiceOfTools {
  const choice = toldObject(value, 'tool_choice')
  if (choice === undefined) return {}
  dropped.addOthers(choice, CHOICE_FIELDS, 'tool_choice')
  const isSingle = toldBoolean(choice['disable_parallel_tool_use'], 'tool_choice.disable_parallel_tool_use')
  return {
    toolChoice: choiceOf(choice, tools),
    ...(isSingle === undefined ? {} : { mayCallSeveral: !isSingle }),
  }
}

function choiceOf(choice: JsonObject, tools: readonly Tool[]): ToolChoice {
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return choice['type']
    case 'any':
      if (tools.length === 0)
        throw refusedField('tool_choice', 'asks for a call, and none of "tools" can be called here.')
      return 'any'
    case 'tool': {
      const name = neededToolName(choice['name'], 'tool_choice.name')
      if (!tools.some((tool) => tool.name === name)) {
        throw refusedField('tool_choice.name', 'must name one of "tools" that the client runs itself.')
      }
      return { name }
    }
    default:
      throw refusedField('tool_choice.type', 'must be "auto", "any", "tool" or "none".')
  }
}
