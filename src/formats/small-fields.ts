import { type JsonObject, parseObject } from './json-facts.ts'
import { utf8Text, utf8TextOf } from './text.ts'

/** What is longer is what an answer is about, and never what it says of itself. */
const LARGE_BYTES = 4_096

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b

/** 1 for what opens an object or an array, -1 for what closes one. */
const NESTS = new Int8Array(256)
NESTS[0x5b] = NESTS[OPEN_OBJECT] = 1
NESTS[0x5d] = NESTS[0x7d] = -1

/**
 * A JSON object's top-level fields, but for values of more than 4 KiB, which are stepped over: vectors and pictures of
 * megabytes would take the loop for longer than all else that is done with them. `undefined`: it is none. What is wrong
 * inside a large value is not seen.
 */
export function smallFields(body: Uint8Array): JsonObject | undefined {
  return parseObject(body.length <= LARGE_BYTES ? utf8Text(body) : withoutLargeValues(body))
}

/** The text of the object with only its small fields; an empty one where it is no object. */
function withoutLargeValues(body: Uint8Array): string {
  const begin = body.indexOf(OPEN_OBJECT)
  if (begin === -1) return ''
  const fields: string[] = []
  let rest = body.length
  for (let at = begin + 1; at < body.length; ) {
    const end = fieldEnd(body, at)
    if (end - at <= LARGE_BYTES) fields.push(utf8TextOf(body, at, end))
    rest = end
    if (body[end] !== COMMA) break
    at = end + 1
  }
  const before = utf8TextOf(body, 0, Math.min(begin, LARGE_BYTES))
  const after = utf8TextOf(body, rest, Math.min(body.length, rest + LARGE_BYTES))
  return `${before}{${fields.join(',')}${after}`
}

/** Where the field at `at` ends: at a comma, or what closes the object. */
function fieldEnd(body: Uint8Array, at: number): number {
  let depth = 0
  for (let i = at; i < body.length; i++) {
    const byte = body[i] as number
    if (byte === QUOTE) i = stringEnd(body, i)
    else if (byte === COMMA) {
      if (depth === 0) return i
    } else {
      depth += NESTS[byte] as number
      if (depth < 0) return i
    }
  }
  return body.length
}

/** The place of the quote that ends the string whose first quote is at `start`. */
function stringEnd(body: Uint8Array, start: number): number {
  for (let end = body.indexOf(QUOTE, start + 1); end !== -1; end = body.indexOf(QUOTE, end + 1)) {
    let slashes = 0
    while (body[end - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
  }
  return body.length
}
