import { MAX_FIELDS, MAX_HEAD_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

/** A request without its body. `fields`: name, value, name, value …, names in lower case, in the order they came. */
export interface RequestHead {
  readonly method: string
  /** Path and query, in origin-form. */
  readonly target: string
  readonly fields: readonly string[]
}

/** A response without its body; `fields` as in a request. */
export interface ResponseHead {
  readonly status: number
  readonly fields: readonly string[]
}

/** RFC 9110 §5.6.2, in upper case for methods and lower case for names. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** RFC 9110 §5.5: nothing that could end a line. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/**
 * Visible ASCII. A space or a control character would start another part of the request line, or another line, and a `#`
 * is part of no request.
 */
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/
/** RFC 9110 §8.6; 15 digits are exact in a number. */
const CONTENT_LENGTH = /^\d{1,15}$/

/** Fields that never cross in a response: those of one connection (docs/protocol.md §5). */
export const UNCROSSED_RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
])

/** Fields that never cross in a request: the client's credentials and where it came from, besides. */
export const UNCROSSED_REQUEST_FIELDS: ReadonlySet<string> = new Set([
  ...UNCROSSED_RESPONSE_FIELDS,
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'cookie',
  'origin',
  'referer',
])

/** The bytes of a request's head. Throws `TypeError` for one that may not be sent. */
export function encodeRequestHead({ method, target, fields }: RequestHead): Buffer {
  if (!METHOD.test(method)) throw new TypeError('the method is no token in upper case')
  if (!TARGET.test(target)) throw new TypeError('the target is not in origin-form')
  const head = allocate(method.length + target.length + 4, fields, UNCROSSED_REQUEST_FIELDS)
  let at = writeText(head, 0, method)
  at = writeText(head, at, target)
  writeFields(head, at, fields)
  return head
}

/** The bytes of a response's head. Throws `TypeError` for one that may not be sent. */
export function encodeResponseHead({ status, fields }: ResponseHead): Buffer {
  if (!isFinalStatus(status)) throw new TypeError('the status is not one of a final response')
  const head = allocate(2, fields, UNCROSSED_RESPONSE_FIELDS)
  head.writeUInt16BE(status, 0)
  writeFields(head, 2, fields)
  return head
}

/** @throws ProtocolError for bytes that are no request head, or one that may not be sent. */
export function decodeRequestHead(head: Buffer): RequestHead {
  const reader = new TextReader(head)
  const method = reader.text()
  if (!METHOD.test(method)) throw new ProtocolError('the method is no token in upper case')
  const target = reader.text()
  if (!TARGET.test(target)) throw new ProtocolError('the target is not in origin-form')
  return { method, target, fields: reader.fields(UNCROSSED_REQUEST_FIELDS) }
}

/** @throws ProtocolError for bytes that are no response head, or one that may not be sent. */
export function decodeResponseHead(head: Buffer): ResponseHead {
  const reader = new TextReader(head)
  const status = reader.number()
  if (!isFinalStatus(status)) throw new ProtocolError('the status is not one of a final response')
  return { status, fields: reader.fields(UNCROSSED_RESPONSE_FIELDS) }
}

function isFinalStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599
}

/** Why fields may not cross; `undefined` when they may. */
function faultOf(fields: readonly string[], uncrossed: ReadonlySet<string>): string | undefined {
  let hasLength = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    if (!FIELD_NAME.test(name)) return 'a field name is no token in lower case'
    if (uncrossed.has(name)) return `the field '${name}' does not cross`
    if (!FIELD_VALUE.test(value)) return `the field '${name}' has a value that no header can have`
    if (name !== 'content-length') continue
    // Two, or one that others read as another number, would end the body somewhere else for them.
    if (hasLength || !CONTENT_LENGTH.test(value)) return 'the content-length is no number, or there are two'
    hasLength = true
  }
  return undefined
}

/** A buffer for a start of `startBytes` and the fields; ISO 8859-1, so that a text has as many bytes as characters. */
function allocate(startBytes: number, fields: readonly string[], uncrossed: ReadonlySet<string>): Buffer {
  if (fields.length % 2 !== 0 || fields.length > MAX_FIELDS * 2)
    throw new TypeError('too many fields, or one without a value')
  const fault = faultOf(fields, uncrossed)
  if (fault !== undefined) throw new TypeError(fault)
  let size = startBytes + 2
  for (const text of fields) size += text.length + 2
  if (size > MAX_HEAD_BYTES) throw new TypeError('the head is too large')
  return Buffer.allocUnsafe(size)
}

function writeFields(head: Buffer, start: number, fields: readonly string[]): void {
  let at = head.writeUInt16BE(fields.length / 2, start)
  for (const text of fields) at = writeText(head, at, text)
}

function writeText(head: Buffer, at: number, text: string): number {
  head.writeUInt16BE(text.length, at)
  head.write(text, at + 2, 'latin1')
  return at + 2 + text.length
}

class TextReader {
  readonly #head: Buffer
  #at = 0

  constructor(head: Buffer) {
    if (head.length > MAX_HEAD_BYTES) throw new ProtocolError('the head is too large')
    this.#head = head
  }

  number(): number {
    if (this.#at + 2 > this.#head.length) throw new ProtocolError('the head ends early')
    const value = this.#head.readUInt16BE(this.#at)
    this.#at += 2
    return value
  }

  text(): string {
    const length = this.number()
    const end = this.#at + length
    if (end > this.#head.length) throw new ProtocolError('the head ends early')
    const text = this.#head.toString('latin1', this.#at, end)
    this.#at = end
    return text
  }

  /** All fields; they are the last of a head. */
  fields(uncrossed: ReadonlySet<string>): string[] {
    const count = this.number()
    if (count > MAX_FIELDS) throw new ProtocolError('the head has too many fields')
    const fields: string[] = []
    for (let i = 0; i < count * 2; i++) fields.push(this.text())
    const fault = faultOf(fields, uncrossed)
    if (fault !== undefined) throw new ProtocolError(fault)
    if (this.#at !== this.#head.length) throw new ProtocolError('the head goes on after its fields')
    return fields
  }
}
