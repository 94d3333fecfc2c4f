import { PunkuError } from '../core/error.ts'

/** The four brackets of RFC 8259, section 2, as bytes. */
export const NESTING = { openObject: 0x7b, closeObject: 0x7d, openArray: 0x5b, closeArray: 0x5d } as const

/** 1 for the bytes at which the walk through a string must stop: the quote, the backslash, control characters. */
const STOPS_STRING = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c ? 1 : 0,
)

/** 1 for the bytes that may follow a backslash, apart from `u`: `"` `\` `/` `b` `f` `n` `r` `t`. */
const IS_ESCAPE = tableOf('"\\/bfnrt')
const IS_HEX = tableOf('0123456789abcdefABCDEF')
const IS_DIGIT = tableOf('0123456789')

const LITERALS: Readonly<Record<number, Buffer>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
}

// No loop here reads beyond the end: V8 makes a place that once did ten times slower for good, for every later body.

/** The first offset from `at` on that holds no JSON white space (RFC 8259, section 2). */
export function skipSpace(bytes: Buffer, at: number): number {
  const end = bytes.length
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return i
  }
  return i
}

/**
 * The offset behind the string whose opening quote is at `at`.
 *
 * @throws PunkuError `invalid_json` for a string that does not end, a control character, an unknown escape.
 */
export function stringEnd(bytes: Buffer, at: number): number {
  let i = at + 1
  for (;;) {
    i = plainEnd(bytes, i)
    const byte = bytes[i]
    if (byte === 0x22) return i + 1
    if (byte === undefined) throw syntaxError(bytes, i, `the end of the string that starts at byte ${at}`)
    if (byte !== 0x5c) throw syntaxError(bytes, i, 'an escaped form of a control character inside a string')
    if (bytes[i + 1] === 0x75) {
      for (let digit = i + 2; digit < i + 6; digit++) {
        if (IS_HEX[bytes[digit] as number] !== 1) throw syntaxError(bytes, digit, 'four hexadecimal digits')
      }
      i += 6
    } else {
      if (IS_ESCAPE[bytes[i + 1] as number] !== 1) throw syntaxError(bytes, i + 1, 'an escape that JSON knows')
      i += 2
    }
  }
}

/** The offset of the next byte at which the walk through a string must stop, or of the end. */
function plainEnd(bytes: Buffer, at: number): number {
  const soon = Math.min(at + SHORT_BYTES, bytes.length)
  let i = at
  while (i < soon && STOPS_STRING[bytes[i] as number] === 0) i++
  return i === soon && i < bytes.length ? longPlainEnd(bytes, i) : i
}

/** As far as a string is walked byte by byte: most are shorter. */
const SHORT_BYTES = 128

/** The same for a long one, four bytes at a time: images come as strings of many megabytes. */
function longPlainEnd(bytes: Buffer, at: number): number {
  const { buffer, byteOffset, length: end } = bytes
  let i = at
  for (; ((byteOffset + i) & 3) !== 0; i++) if (i === end || STOPS_STRING[bytes[i] as number] === 1) return i
  const words = new Int32Array(buffer, byteOffset + i, (end - i) >> 2)
  let word = 0
  while (word < words.length && !holdsStop(words[word] as number)) word++
  i += word * 4
  while (i < end && STOPS_STRING[bytes[i] as number] === 0) i++
  return i
}

/**
 * Whether one of the four bytes of a word is a control character, a quote or a backslash: `(x - n) & ~x` has the highest
 * bit of a byte set where that byte is less than n, and nowhere if none is.
 */
function holdsStop(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  const found =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)
  return (found & 0x80808080) !== 0
}

/**
 * The offset behind the number whose minus or first digit is at `at` (RFC 8259, section 6).
 *
 * @throws PunkuError `invalid_json` for a leading zero, a missing digit.
 */
export function numberEnd(bytes: Buffer, at: number): number {
  let i = bytes[at] === 0x2d ? at + 1 : at
  i = bytes[i] === 0x30 ? i + 1 : digitsEnd(bytes, i)
  if (IS_DIGIT[bytes[i] as number] === 1) throw syntaxError(bytes, i, 'no digit after a leading zero')
  if (bytes[i] === 0x2e) i = digitsEnd(bytes, i + 1)
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const hasSign = bytes[i + 1] === 0x2b || bytes[i + 1] === 0x2d
    i = digitsEnd(bytes, hasSign ? i + 2 : i + 1)
  }
  return i
}

/**
 * The offset behind the `true`, `false` or `null` at `at`.
 *
 * @throws PunkuError `invalid_json` when something else stands there.
 */
export function literalEnd(bytes: Buffer, at: number): number {
  const literal = LITERALS[bytes[at] ?? -1]
  if (literal === undefined) throw syntaxError(bytes, at, 'a value')
  for (let i = 1; i < literal.length; i++) {
    if (bytes[at + i] !== literal[i]) throw syntaxError(bytes, at, 'a value')
  }
  return at + literal.length
}

/** The error for the byte at `at`. It names the byte by number only: the body is the caller's, and may be a prompt. */
export function syntaxError(bytes: Buffer, at: number, expected: string): PunkuError {
  const byte = bytes[at]
  const found = byte === undefined ? 'the body ends' : `there is byte 0x${byte.toString(16).padStart(2, '0')}`
  return new PunkuError('invalid_json', `The body is not valid JSON: at byte ${at} ${found}; expected ${expected}.`)
}

function digitsEnd(bytes: Buffer, at: number): number {
  if (IS_DIGIT[bytes[at] as number] !== 1) throw syntaxError(bytes, at, 'a digit')
  const end = bytes.length
  let i = at + 1
  while (i < end && IS_DIGIT[bytes[i] as number] === 1) i++
  return i
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}
