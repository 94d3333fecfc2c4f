import { asList, asObject, type JsonObject, parseObject } from '../../json-facts.ts'

/** How a client of `/v1/responses` wants a call written that the model makes of a tool by another name or of another kind. */
export interface CallForm {
  readonly kind: 'function' | 'custom'
  /** The tool's own name. */
  readonly name: string
  /** The group of tools it stands in. Default: none. */
  readonly namespace?: string
}

/** The tools that are called in another form than a plain function, by the name that the conversation carries. */
export type CallForms = ReadonlyMap<string, CallForm>

/** Every tool is a plain function. */
export const PLAIN_CALLS: CallForms = new Map()

/** A tool of a request, and under which name it is carried. */
export interface NamedTool {
  readonly carriedName: string
  readonly form: CallForm
  readonly tool: JsonObject
}

/**
 * The name of a tool that stands in a group, for formats that have no groups. Codex flattens its own names so: underscores
 * around the joint count as part of it.
 */
export function carriedName(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${withoutLastUnderscores(namespace)}__${name.replace(/^_+/, '')}`
}

/** By index: a pattern would begin anew at each of many underscores before another character. */
function withoutLastUnderscores(text: string): string {
  let end = text.length
  while (text[end - 1] === '_') end--
  return text.slice(0, end)
}

/** The forms of the tools in the body of a request. Throws nothing: what is no tool has no form. */
export function callFormsOf(body: JsonObject): CallForms {
  const forms = new Map<string, CallForm>()
  const seen = new Set<string>()
  for (const { carriedName: name, form } of namedTools(asList(body['tools']))) {
    if (seen.has(name)) continue
    seen.add(name)
    if (form.kind === 'custom' || form.namespace !== undefined) forms.set(name, form)
  }
  return forms
}

/** The functions and custom tools with a name among these, those of groups too, in their order. */
export function namedTools(tools: readonly unknown[], namespace?: string): readonly NamedTool[] {
  return tools.flatMap((value) => {
    const tool = asObject(value) ?? {}
    const name = tool['name']
    if (typeof name !== 'string' || name === '') return []
    const kind = tool['type']
    if (kind === 'namespace' && namespace === undefined) return namedTools(asList(tool['tools']), name)
    if (kind !== 'function' && kind !== 'custom') return []
    const form: CallForm = { kind, name, ...(namespace !== undefined && { namespace }) }
    return [{ carriedName: carriedName(namespace, name), form, tool }]
  })
}

/** The arguments of the function that stands for a custom tool. */
export function customArguments(input: string): string {
  return JSON.stringify({ input })
}

/** What a custom tool is called with, of its function's arguments; the arguments as they are where the model gave no `input`. */
export function customInput(argumentsText: string): string {
  const input = parseObject(argumentsText)?.['input']
  return typeof input === 'string' ? input : argumentsText
}
