import { asObject, type JsonObject } from '../../json-facts.ts'
import type { DroppedNames } from '../request-fields.ts'

/** By what name an item was known, how far it had come, and which part of an answer it was. Codex sends them. */
const COMMON = ['type', 'id', 'status', 'phase', 'caller']

const OUTPUT = new Set([...COMMON, 'call_id', 'output', 'name', 'namespace'])

/** What is known of items of each type that is read; of others nothing is carried, and their type is named. */
const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['message', new Set([...COMMON, 'role', 'content'])],
  ['reasoning', new Set([...COMMON, 'summary', 'content', 'encrypted_content'])],
  ['function_call', new Set([...COMMON, 'call_id', 'name', 'namespace', 'arguments'])],
  ['custom_tool_call', new Set([...COMMON, 'call_id', 'name', 'namespace', 'input'])],
  ['function_call_output', OUTPUT],
  ['custom_tool_call_output', OUTPUT],
])

/** Names in `dropped`, as `input.<type>.<field>`, what an item says and nothing carries. */
export function nameOtherItemFields(type: string, item: JsonObject, dropped: DroppedNames): void {
  const known = KNOWN.get(type)
  if (known === undefined) return
  dropped.addOthers(item, known, `input.${type}`)
  const caller = asObject(item['caller'])?.['type'] ?? 'direct'
  if (caller !== 'direct') dropped.add('caller', `input.${type}`)
}
