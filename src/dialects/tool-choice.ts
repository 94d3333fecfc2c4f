import { asList, asObject, type JsonObject } from '../formats/json-facts.ts'

/** A tool that a choice refers to, as far as it says. */
export interface ToolReference {
  /** Its type where that is a tool of its own, as in `web_search_preview`; `undefined` for a client's function. */
  readonly type: string | undefined
  readonly name: string | undefined
}

/** Types that say what kind of choice it is, or that a tool goes by its name. */
const NO_TOOLS = new Set<unknown>(['function', 'custom', 'tool', 'auto', 'any', 'none', 'required'])
const WORDS = new Set(['auto', 'any', 'none', 'required'])

/**
 * A request's `tool_choice`, in the form of any dialect, once some tools are gone from the request: the same value where
 * it refers to none of them. `undefined`: the choice is gone with them, and the model is free to choose, which is what
 * all dialects take its absence for. Of `allowed_tools` the others stay allowed; where none does, no tool is.
 */
export function choiceWithout(choice: unknown, isGone: (tool: ToolReference) => boolean): unknown {
  if (typeof choice === 'string') {
    return !WORDS.has(choice) && isGone({ type: undefined, name: choice }) ? undefined : choice
  }
  const form = asObject(choice)
  if (form === undefined) return choice
  if (form['type'] === 'allowed_tools') return allowedWithout(form, isGone)
  if (!isGone(referenceIn(form))) return choice
  // Anthropic's switch for parallel calls stands in the choice, and is about all tools.
  const { disable_parallel_tool_use: isSerial } = form
  return isSerial === true ? { type: 'auto', disable_parallel_tool_use: isSerial } : undefined
}

/** OpenAI's: the chat's has its list one level deeper than that of Responses. */
function allowedWithout(form: JsonObject, isGone: (tool: ToolReference) => boolean): unknown {
  const inner = asObject(form['allowed_tools'])
  const tools = asList((inner ?? form)['tools'])
  const left = tools.filter((tool) => !isGone(referenceIn(asObject(tool) ?? {})))
  if (left.length === tools.length) return form
  if (left.length === 0) return 'none'
  return inner === undefined ? { ...form, tools: left } : { ...form, allowed_tools: { ...inner, tools: left } }
}

function referenceIn(form: JsonObject): ToolReference {
  const { type } = form
  const name = form['name'] ?? asObject(form['function'])?.['name'] ?? asObject(form['custom'])?.['name']
  return {
    type: typeof type === 'string' && !NO_TOOLS.has(type) ? type : undefined,
    name: typeof name === 'string' ? name : undefined,
  }
}
