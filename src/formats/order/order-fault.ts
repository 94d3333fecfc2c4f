import { asCount, asObject, type JsonObject } from '../json-facts.ts'

/** What is wrong with a stream, in words that hold nothing of the answer. */
export class OrderFault extends Error {}

/** Throws `OrderFault` unless it is so. */
export function must(isSo: boolean, fault: string): asserts isSo {
  if (!isSo) throw new OrderFault(fault)
}

/** The field as an object. Throws `OrderFault` where it is none. */
export function objectIn(holder: JsonObject, field: string): JsonObject {
  const value = asObject(holder[field])
  must(value !== undefined, `"${field}" is no object`)
  return value
}

/** The field as a list. Throws `OrderFault` where it is none. */
export function listIn(holder: JsonObject, field: string): readonly unknown[] {
  const value = holder[field]
  must(Array.isArray(value), `"${field}" is no list`)
  return value
}

/** The field as a text, which may be empty. Throws `OrderFault` where it is none. */
export function textIn(holder: JsonObject, field: string): string {
  const value = holder[field]
  must(typeof value === 'string', `"${field}" is no text`)
  return value
}

/** The field as a text. Throws `OrderFault` where it is none or empty. */
export function nameIn(holder: JsonObject, field: string): string {
  const value = textIn(holder, field)
  must(value !== '', `"${field}" is empty`)
  return value
}

/** The field as a whole number from 0 up. Throws `OrderFault` where it is none. */
export function countIn(holder: JsonObject, field: string): number {
  const value = asCount(holder[field])
  must(value !== undefined, `"${field}" is no count`)
  return value
}
