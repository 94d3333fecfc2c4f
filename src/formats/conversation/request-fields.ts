import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'

/** Names kept of what a request says in vain; those after them are one name. */
const MAX_DROPPED_NAMES = 64

/** The most characters of a tool's name: it is repeated in calls and results, and held against others. */
export const MAX_TOOL_NAME_LENGTH = 512

/** What names of fields and kinds look like. What does not is no name to show. */
const NAME = /^[A-Za-z][\w.-]{0,63}$/

/** The names of what a request says and nothing carries, each once, in their order. */
export class DroppedNames {
  readonly #names = new Set<string>()

  /** `group`: what the name stands in, `tools`. Default: the body itself. */
  add(name: unknown, group?: string): void {
    const shown = typeof name === 'string' && NAME.test(name) ? name : 'unknown'
    this.#names.add(this.#names.size < MAX_DROPPED_NAMES ? (group === undefined ? shown : `${group}.${shown}`) : 'more')
  }

  /** Adds the fields of an object that are not among the known ones; a null says nothing. */
  addOthers(object: JsonObject, known: ReadonlySet<string>, group?: string): void {
    for (const [name, value] of Object.entries(object)) if (value !== null && !known.has(name)) this.add(name, group)
  }

  get list(): readonly string[] {
    return [...this.#names]
  }
}

/** A request that cannot be carried. `param`: the field at fault. */
export function uncarried(message: string, param: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}

/** Says what a field has to be. */
export function wrongType(param: string, expected: string): PunkuError {
  return uncarried(
    `The field "${param}" of the request must be ${expected}. Correct it and send the request again.`,
    param,
  )
}

/** An absent field and a null are `undefined`; what is no text is refused. `param`: its path where that is longer. */
export function textField(object: JsonObject, name: string, param = name): string | undefined {
  const value = object[name] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw wrongType(param, 'a text')
  return value
}

/** A text that is not empty. */
export function namedField(object: JsonObject, name: string, param = name): string {
  const value = textField(object, name, param)
  if (value === undefined || value === '') throw wrongType(param, 'a text that is not empty')
  return value
}

/** A text that is not empty, nor longer than any name of a tool or of a group of them. */
export function toolNameField(object: JsonObject, name: string, param = name): string {
  const value = namedField(object, name, param)
  if (value.length > MAX_TOOL_NAME_LENGTH)
    throw wrongType(param, `a text of at most ${MAX_TOOL_NAME_LENGTH} characters`)
  return value
}

/** As `toolNameField`; what is absent, null or empty is `undefined`. */
export function toldToolNameField(object: JsonObject, name: string, param = name): string | undefined {
  return textField(object, name, param) ? toolNameField(object, name, param) : undefined
}

/** An absent field and a null are `undefined`; what is no boolean is refused. */
export function flagField(object: JsonObject, name: string, param = name): boolean | undefined {
  const value = object[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(param, 'true or false')
  return value
}

/** An absent field and a null are `undefined`; what is no number is refused. */
export function numberField(object: JsonObject, name: string, param = name): number | undefined {
  const value = object[name] ?? undefined
  if (value !== undefined && (typeof value !== 'number' || !Number.isFinite(value))) throw wrongType(param, 'a number')
  return value
}

/** A whole number from 1 up. */
export function countField(object: JsonObject, name: string, param = name): number | undefined {
  const value = numberField(object, name, param)
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
    throw wrongType(param, 'a whole number from 1 up')
  }
  return value
}

/** An absent field and a null are `undefined`; what is no object is refused. */
export function objectField(object: JsonObject, name: string, param = name): JsonObject | undefined {
  const value = object[name] ?? undefined
  return value === undefined ? undefined : objectAt(value, param)
}

/** The value as an object; refused when it is none. */
export function objectAt(value: unknown, param: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(param, 'an object')
  return value as JsonObject
}

/** Refuses tools in a format that has none: the model could call none, and its client waits for calls. */
export function refuseTools(body: JsonObject, insteadPath: string): void {
  if (listField(body, 'tools').length === 0) return
  throw uncarried(`This route has no tools. Send them to ${insteadPath}, or leave "tools" out.`, 'tools')
}

/** An absent field and a null are an empty list; what is no list is refused. */
export function listField(object: JsonObject, name: string, param = name): readonly unknown[] {
  const value = object[name] ?? []
  if (!Array.isArray(value)) throw wrongType(param, 'a list')
  return value
}
