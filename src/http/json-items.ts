import type { JsonSpan } from './json-scan.ts'
import { NESTING, skipSpace, stringEnd } from './json-syntax.ts'

/**
 * Where the items of the array whose bracket is at `start` stand, in bytes that were scanned; `undefined`: no array, or one
 * of more than `most` items, of which no more are looked at.
 */
export function arrayItems(bytes: Buffer, start: number, most: number): JsonSpan[] | undefined {
  if (bytes[start] !== NESTING.openArray) return undefined
  const items: JsonSpan[] = []
  let at = skipSpace(bytes, start + 1)
  while (bytes[at] !== NESTING.closeArray) {
    if (items.length === most) return undefined
    const end = valueEnd(bytes, at)
    items.push({ start: at, end })
    at = skipSpace(bytes, end)
    if (bytes[at] === 0x2c) at = skipSpace(bytes, at + 1)
  }
  return items
}

/** The offset behind the value at `at`. */
function valueEnd(bytes: Buffer, at: number): number {
  let depth = 0
  for (let i = at; ; ) {
    const byte = bytes[i] as number
    if (byte === 0x22) {
      i = stringEnd(bytes, i)
    } else if (byte === NESTING.openObject || byte === NESTING.openArray) {
      depth++
      i++
      continue
    } else if (byte === NESTING.closeObject || byte === NESTING.closeArray) {
      depth--
      i++
    } else {
      i++
      if (depth > 0 || !endsBareValue(bytes[i])) continue
    }
    if (depth === 0) return i
  }
}

/** Whether a number or a word has ended before this byte. */
function endsBareValue(byte: number | undefined): boolean {
  return (
    byte === undefined || byte <= 0x20 || byte === 0x2c || byte === NESTING.closeArray || byte === NESTING.closeObject
  )
}
