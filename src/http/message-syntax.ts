/** What is wrong with the bytes of a message: a head or trailers beyond the limit, chunk extensions beyond it, or anything else. */
export type SyntaxFault = 'head_too_large' | 'chunk_extensions' | 'syntax'

/** Makes the error that is thrown of a fault, in the words of whoever reads the message. */
export type FaultMaker = (why: string, fault: SyntaxFault) => Error

export const CR = 0x0d
export const LF = 0x0a
export const SPACE = 0x20
export const TAB = 0x09
const COLON = 0x3a

/** RFC 9110 §5.6.2: the characters of a token, by code. */
export const IS_TOKEN = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  IS_TOKEN[character.charCodeAt(0)] = 1
}

/** RFC 9110 §5.5: visible characters, obs-text, space and tab. Every control character may mean a smuggled line. */
export const IS_FIELD_TEXT = new Uint8Array(256).fill(1, 0x20)
IS_FIELD_TEXT[TAB] = 1
IS_FIELD_TEXT[0x7f] = 0

/**
 * Reads field lines of latin1 text from `start` to its end, each ended by CR LF: name, value, name, value … as they came,
 * values without the space around them. Refuses what RFC 9112 lets a reader repair: folded lines, a space before the
 * colon, a CR or LF alone.
 */
export function parseFieldLines(text: string, start: number, fault: FaultMaker): string[] {
  const fields: string[] = []
  let at = start
  while (at < text.length) {
    let colon = at
    while (IS_TOKEN[text.charCodeAt(colon)] === 1) colon++
    // Also refuses a folded line (it begins with a space) and a space before the colon.
    if (colon === at || text.charCodeAt(colon) !== COLON) throw fault('a field name is not a token', 'syntax')
    let end = colon + 1
    while (IS_FIELD_TEXT[text.charCodeAt(end)] === 1) end++
    if (text.charCodeAt(end) !== CR || text.charCodeAt(end + 1) !== LF) {
      throw fault('control character in a field value', 'syntax')
    }
    const next = end + 2
    let begin = colon + 1
    while (begin < end && isBlank(text.charCodeAt(begin))) begin++
    while (end > begin && isBlank(text.charCodeAt(end - 1))) end--
    fields.push(text.slice(at, colon), text.slice(begin, end))
    at = next
  }
  return fields
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** The value of a Content-Length (RFC 9110 §8.6): digits alone, of a safe integer; `NaN` for anything else. */
export function parseContentLength(value: string): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  return Number.isSafeInteger(length) ? length : Number.NaN
}

/** The members of a list (RFC 9110 §5.6.1) of tokens, in lower case: of `Connection`, `Transfer-Encoding` and their kin. */
export function tokenList(value: string): string[] {
  const lower = value.toLowerCase()
  return lower.includes(',') ? lower.split(/[\t ]*,[\t ]*/) : [lower]
}

/** The value of a hexadecimal digit; -1: it is none. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Whether a response of that status ends with its head, whatever that says (RFC 9112 §6.3, rule 1). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}
