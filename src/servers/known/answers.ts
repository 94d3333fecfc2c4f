import { asObject } from '../../formats/json-facts.ts'
import type { JsonAnswer } from '../json-answer.ts'

/** Longer texts are no names and no versions. */
const MAX_TEXT_LENGTH = 100

/** A short text in a field of a good answer. */
export function textAt(answer: JsonAnswer, field: string): string | undefined {
  const value = fieldAt(answer, field)
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH ? value : undefined
}

/** A list in a field of a good answer. */
export function listAt(answer: JsonAnswer, field: string): readonly unknown[] | undefined {
  const value = fieldAt(answer, field)
  return Array.isArray(value) ? value : undefined
}

/** The value of a field of an object that was answered with 200. */
export function fieldAt(answer: JsonAnswer, field: string): unknown {
  return answer.statusCode === 200 ? asObject(answer.json)?.[field] : undefined
}
