import { METHODS } from 'node:http'
import { SPACE } from '../http/message-syntax.ts'
import { broken } from './broken-request.ts'

/** A request line, and where in the text the fields begin. */
export interface RequestLine {
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly end: number
}

/** Each by itself: a method that was cut out of a head is a string of its own, and slower to compare. */
const KNOWN_METHODS: ReadonlyMap<string, string> = new Map(METHODS.map((method) => [method, method]))
const LONGEST_METHOD = Math.max(...METHODS.map((method) => method.length))

/** Visible ASCII. Which of it may stand where is for whoever routes. */
const IS_TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f)

/** The host of a target in absolute form, or the whole of one in authority form (RFC 9112 §3.2.2, §3.2.3). */
const AUTHORITY = String.raw`[\w\-.!~*'()%;:&=+$,[\]]+`
const AUTHORITY_FORM = new RegExp(`^${AUTHORITY}$`)
const ABSOLUTE_FORM = new RegExp(`^[A-Za-z]+://(?:${AUTHORITY}@)?${AUTHORITY}(?:[/?]|$)`)

const VERSION_11 = ' HTTP/1.1\r\n'
const VERSION_10 = ' HTTP/1.0\r\n'

/**
 * Reads the line that a head begins with (RFC 9112 §3): a method that Node knows, one space, a target, one space, HTTP/1.0
 * or 1.1, CR LF. @throws BrokenRequest
 */
export function parseRequestLine(text: string): RequestLine {
  const methodEnd = text.indexOf(' ')
  const method = methodEnd === -1 ? undefined : KNOWN_METHODS.get(text.slice(0, methodEnd))
  if (method === undefined) throw broken('the method is none')
  const start = methodEnd + 1
  let at = start
  while (IS_TARGET[text.charCodeAt(at)] === 1) at++
  const target = text.slice(start, at)
  if (!hasForm(target, method)) throw broken('the target has none of the forms of a target')
  if (text.startsWith(VERSION_11, at)) return { method, target, version: '1.1', end: at + VERSION_11.length }
  if (text.startsWith(VERSION_10, at)) return { method, target, version: '1.0', end: at + VERSION_10.length }
  throw broken('the request line does not end in HTTP/1.0 or 1.1')
}

/** RFC 9112 §3.2: which form belongs to which method, but for `*`, which belongs to OPTIONS. */
function hasForm(target: string, method: string): boolean {
  if (method === 'CONNECT') return AUTHORITY_FORM.test(target)
  return target.charCodeAt(0) === 0x2f || target === '*' || ABSOLUTE_FORM.test(target)
}

/** Whether the first `length` of `bytes` may begin a request line: tells what is none at its first wrong byte. */
export function mayBeginRequestLine(bytes: Buffer, length: number): boolean {
  const known = Math.min(length, LONGEST_METHOD + 1)
  const end = bytes.subarray(0, known).indexOf(SPACE)
  if (end !== -1) return KNOWN_METHODS.has(bytes.toString('latin1', 0, end))
  const start = bytes.toString('latin1', 0, known)
  return METHODS.some((method) => method.startsWith(start))
}
