import { UpstreamFailure } from '../core/upstream-failure.ts'
import { IS_FIELD_TEXT, parseContentLength, parseFieldLines, tokenList } from '../http/message-syntax.ts'

/** Header or trailer fields: names in lower case, a list where a name came more than once. No prototype. */
export type FieldMap = Record<string, string | string[]>

/** A response's status line and fields, and what they say of the body and the connection. */
export interface ReceivedHead {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: FieldMap
  /** How the body ends; `length` with `bodyLength` bytes. Says nothing of HEAD, 204 and 304, which have none. */
  readonly framing: 'length' | 'chunked' | 'until-close'
  readonly bodyLength: number
  /** How long the connection may stay idle after this response; 0: not at all; `undefined`: the server named no limit. */
  readonly keepAliveMs: number | undefined
}

/** RFC 9112 §4. Servers that leave the reason out often leave its space out too. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([^\r\n]*))?\r\n/

/**
 * Reads a head: latin1 text, each line with its CR LF, with the empty line cut off. Stricter than
 * RFC 9112 where leniency has let responses be split or smuggled: no folded lines, no space before a colon, one
 * `Content-Length` at most, no coding but `chunked`.
 */
export function parseResponseHead(text: string): ReceivedHead {
  const match = STATUS_LINE.exec(text)
  if (match === null) throw invalid('the status line is not one of HTTP/1.0 or 1.1')
  const statusMessage = match[3] ?? ''
  for (let i = 0; i < statusMessage.length; i++) {
    if (IS_FIELD_TEXT[statusMessage.charCodeAt(i)] !== 1) throw invalid('control character in the status line')
  }
  const isVersion10 = match[1] === '0'
  const headers = parseFields(text, match[0].length)
  return {
    statusCode: Number(match[2]),
    statusMessage,
    headers,
    ...bodyFraming(headers, isVersion10),
    keepAliveMs: keepAlive(headers, isVersion10),
  }
}

/** Reads field lines from `start` on, each ended by CR LF, of the same kind of text as `parseResponseHead`. */
export function parseFields(text: string, start: number): FieldMap {
  const lines = parseFieldLines(text, start, invalid)
  const fields: FieldMap = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    addField(fields, (lines[i] as string).toLowerCase(), lines[i + 1] as string)
  }
  return fields
}

function addField(fields: FieldMap, name: string, value: string): void {
  const known = fields[name]
  if (known === undefined) fields[name] = value
  else if (typeof known === 'string') fields[name] = [known, value]
  else known.push(value)
}

/** RFC 9112 §6.3, without its leniencies. */
function bodyFraming(headers: FieldMap, isVersion10: boolean): Pick<ReceivedHead, 'framing' | 'bodyLength'> {
  const length = headers['content-length']
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    if (length !== undefined) throw invalid('both Content-Length and Transfer-Encoding')
    if (isVersion10) throw invalid('Transfer-Encoding in HTTP/1.0')
    if (typeof coding !== 'string' || coding.toLowerCase() !== 'chunked') throw invalid('unknown Transfer-Encoding')
    return { framing: 'chunked', bodyLength: 0 }
  }
  if (length === undefined) return { framing: 'until-close', bodyLength: 0 }
  if (typeof length !== 'string') throw invalid('more than one Content-Length')
  const bodyLength = parseContentLength(length)
  if (Number.isNaN(bodyLength)) throw invalid('Content-Length is not a number')
  return { framing: 'length', bodyLength }
}

/** RFC 9112 §9.3 and the `Keep-Alive: timeout=` of RFC 2068 §19.7.1. */
function keepAlive(headers: FieldMap, isVersion10: boolean): number | undefined {
  const connection = headers['connection']
  if (connection !== undefined || isVersion10) {
    const options = tokenList((connection ?? '').toString())
    if (options.includes('close') || (isVersion10 && !options.includes('keep-alive'))) return 0
  }
  const limits = headers['keep-alive']
  if (limits === undefined) return undefined
  const timeout = /(?:^|[ \t,;])timeout=(\d{1,6})/i.exec(limits.toString())
  return timeout === null ? undefined : Number(timeout[1]) * 1_000
}

function invalid(why: string): UpstreamFailure {
  return new UpstreamFailure('invalid', `invalid response: ${why}`)
}
