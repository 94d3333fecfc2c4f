import { PunkuError } from '../../../core/error.ts'
import { asObject, type JsonObject } from '../../json-facts.ts'
import { MAX_TOOL_NAME_LENGTH } from '../request-fields.ts'

/** A refusal of what a request tells: `must` ends the sentence that begins with the field's name. */
export function refusedField(param: string, must: string): PunkuError {
  return new PunkuError('invalid_request', `"${param}" ${must}`, { param })
}

/** Whether the field says anything; null is as good as absent. */
export function isTold(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The object that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldObject(value: unknown, param: string): JsonObject | undefined {
  if (!isTold(value)) return undefined
  const object = asObject(value)
  if (object === undefined) throw refusedField(param, 'must be an object.')
  return object
}

/** The array that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldList(value: unknown, param: string): readonly unknown[] | undefined {
  if (!isTold(value)) return undefined
  if (!Array.isArray(value)) throw refusedField(param, 'must be an array.')
  return value
}

/** The text that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldText(value: unknown, param: string): string | undefined {
  if (!isTold(value)) return undefined
  if (typeof value !== 'string') throw refusedField(param, 'must be text.')
  return value
}

/** The text that the field must hold, and not an empty one. Throws `invalid_request`. */
export function neededText(value: unknown, param: string): string {
  if (typeof value !== 'string' || value === '') throw refusedField(param, 'must be text, and not empty.')
  return value
}

/** The name of a tool: text, not empty, and no longer than any name is. Throws `invalid_request`. */
export function neededToolName(value: unknown, param: string): string {
  const name = neededText(value, param)
  if (name.length > MAX_TOOL_NAME_LENGTH) {
    throw refusedField(param, `must be of at most ${MAX_TOOL_NAME_LENGTH} characters.`)
  }
  return name
}

/** The truth value that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldBoolean(value: unknown, param: string): boolean | undefined {
  if (!isTold(value)) return undefined
  if (typeof value !== 'boolean') throw refusedField(param, 'must be true or false.')
  return value
}

/** The number that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldNumber(value: unknown, param: string): number | undefined {
  if (!isTold(value)) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refusedField(param, 'must be a number.')
  return value
}

/** The whole number from `least` up that the field holds; `undefined` where it says nothing. Throws `invalid_request`. */
export function toldCount(value: unknown, param: string, least: number): number | undefined {
  const count = toldNumber(value, param)
  if (count === undefined) return undefined
  if (!Number.isSafeInteger(count) || count < least)
    throw refusedField(param, `must be a whole number from ${least} up.`)
  return count
}
