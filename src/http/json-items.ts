import type { JsonSpan } from './json-scan.ts'
import { NESTING, skipSpace, stringEnd } from './json-syntax.ts'

const QUOTE = 0x22
const COMMA = 0x2c

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
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1)
  }
  return items
}

/** The member of an object whose value stands at `value`, in bytes that were scanned: from the quote before its name. */
export function memberOf(bytes: Buffer, value: JsonSpan): JsonSpan {
  const colon = spaceStart(bytes, value.start) - 1
  const nameEnd = spaceStart(bytes, colon) - 1
  let start = nameEnd - 1
  while (bytes[start] !== QUOTE || isEscaped(bytes, start)) start--
  return { start, end: value.end }
}

/** Where what stands behind an item that ends at `end` begins, in the same list or object; `undefined`: it is the last. */
export function itemBehind(bytes: Buffer, end: number): number | undefined {
  const at = skipSpace(bytes, end)
  return bytes[at] === COMMA ? skipSpace(bytes, at + 1) : undefined
}

/** The end of what stands before an item that begins at `start`; where that is the first, `start`. */
export function itemEndBefore(bytes: Buffer, start: number): number {
  const at = spaceStart(bytes, start)
  return bytes[at - 1] === COMMA ? spaceStart(bytes, at - 1) : start
}

/** The first offset of the white space that ends before `at`. */
function spaceStart(bytes: Buffer, at: number): number {
  let start = at
  while (isSpace(bytes[start - 1])) start--
  return start
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let slashes = 0
  while (bytes[at - 1 - slashes] === 0x5c) slashes++
  return slashes % 2 === 1
}

/** The offset behind the value at `at`. */
function valueEnd(bytes: Buffer, at: number): number {
  let depth = 0
  for (let i = at; ; ) {
    const byte = bytes[i] as number
    if (byte === QUOTE) {
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
    byte === undefined || byte <= 0x20 || byte === COMMA || byte === NESTING.closeArray || byte === NESTING.closeObject
  )
}
