import { asObject, type JsonObject } from '../../json-facts.ts'
import type { DroppedNames } from '../request-fields.ts'

/** How a prompt is cached, and what a server noted on its answer, mean nothing to another one. */
const COMMON = ['type', 'cache_control', 'citations', 'caller']

/** What is known of blocks of each type; of others nothing is carried, and their type is named. */
const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['text', new Set([...COMMON, 'text'])],
  ['image', new Set([...COMMON, 'source'])],
  ['document', new Set([...COMMON, 'source', 'title', 'context'])],
  ['search_result', new Set([...COMMON, 'source', 'title', 'content'])],
  ['tool_use', new Set([...COMMON, 'id', 'name', 'input'])],
  ['tool_result', new Set([...COMMON, 'tool_use_id', 'content', 'is_error'])],
  ['thinking', new Set([...COMMON, 'thinking', 'signature'])],
])

/**
 * Names in `dropped`, as of `group`, what a block says and nothing carries: that the answer is to cite it, that a program
 * called the tool, and what is not known.
 */
export function nameOtherFields(type: string, fields: JsonObject, dropped: DroppedNames, group: string): void {
  const known = KNOWN.get(type)
  if (known === undefined) return
  dropped.addOthers(fields, known, group)
  if (asObject(fields['citations'])?.['enabled'] === true) dropped.add('citations', group)
  const caller = asObject(fields['caller'])?.['type'] ?? 'direct'
  if (caller !== 'direct') dropped.add('caller', group)
}
