import type { JsonObject } from '../json-facts.ts'
import type { Running, ToolTurn } from './conversation.ts'

/** A text or thought of a turn, or anything else that stands in it. */
interface TurnPart {
  readonly kind: string
  readonly text?: string
}

/** Without the fields that are not there. */
export function definedFields(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** The texts of the parts of one kind, a blank line between two. */
export function joinedText(parts: readonly TurnPart[], kind: 'text' | 'thinking'): string {
  return parts.flatMap((part) => (part.kind === kind && part.text !== undefined ? [part.text] : [])).join('\n\n')
}

/** What a tool gave, as text, for formats in which that it failed has no other place. */
export function resultText({ parts, isError }: ToolTurn): string {
  const text = joinedText(parts, 'text')
  return isError && !/^error/i.test(text) ? `Error: ${text}` : text
}

/** The names beside which it says that they were dropped. */
export function namesDropped(told: readonly (readonly [name: string, isDropped: boolean])[]): readonly string[] {
  return told.flatMap(([name, isDropped]) => (isDropped ? [name] : []))
}

/** What is dropped of how a model is run, for servers that run theirs as they were started. */
export function runningDropped(running: Running = {}): readonly string[] {
  return [
    ...namesDropped([
      ['num_ctx', running.contextLength !== undefined],
      ['keep_alive', running.keepAlive !== undefined],
      // What no such server does anyway is not missed.
      ['truncate', running.truncates === true],
      ['shift', running.shifts === true],
    ]),
    ...Object.keys(running.options ?? {}).map((name) => `options.${name}`),
  ]
}
