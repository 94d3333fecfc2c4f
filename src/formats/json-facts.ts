/** A parsed JSON object of an upstream. Nothing about its fields is taken for granted. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Longer than any model name; what an upstream says of itself goes into rows. */
const MAX_TEXT_LENGTH = 512

/** The text as a JSON object; `undefined` when it is no JSON, or JSON but no object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The value if it is an object. An array is none. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

/** The value if it is a count: a whole number from 0 up. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** More than any prompt or answer has. Counts are added up over years, and what a server says must not break the sums of others. */
const MOST_TOKENS = 1e9

/** The value if it is a count of tokens that can be. */
export function asTokens(value: unknown): number | undefined {
  const count = asCount(value)
  return count !== undefined && count <= MOST_TOKENS ? count : undefined
}

/** The value if it is a short text that is not empty. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH ? value : undefined
}

/** The value if it is an array, else an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The sum of the counts that are there; `undefined` when none is. */
export function sumOf(...counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
