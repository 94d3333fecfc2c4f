import { HeaderView } from '../http/headers.ts'
import { parseContentLength, parseFieldLines, tokenList } from '../http/message-syntax.ts'
import { broken } from './broken-request.ts'
import { parseRequestLine } from './request-line.ts'

/** A request line and fields. Immutable: one value may stand for many requests of a connection whose heads are the same bytes. */
export interface ArrivedHead {
  readonly method: string
  /** As it was sent. */
  readonly target: string
  readonly version: '1.0' | '1.1'
  /** Name, value, name, value … as they came, without the space around values. */
  readonly rawHeaders: readonly string[]
  readonly headers: HeaderView
  /**
   * How the body ends; `length` with `bodyLength` bytes. `unclear`: by a transfer coding that is not `chunked` alone, or
   * any in HTTP/1.0. What follows such a head is nobody's: whoever answers ends the connection.
   */
  readonly framing: 'none' | 'length' | 'chunked' | 'unclear'
  /** 0 where `framing` is not `length`. */
  readonly bodyLength: number
  /** Whether the connection may stay after this request, by version and `Connection` (RFC 9112 §9.3). */
  readonly staysOpen: boolean
  /** Whether it offers another protocol: `Upgrade` with `Connection: upgrade`. */
  readonly offersUpgrade: boolean
}

/** A tab around the coding is lawful and nobody's habit: some readers take the coding for another one then. */
const TAB_BY_CODING = /^transfer-encoding:[^\r]*\t/im

/**
 * Reads a head: latin1 text, each line with its CR LF, with the empty line cut off. Stricter than RFC 9112 where leniency
 * has let requests be smuggled: no folded lines, no space before a colon, one Content-Length at most.
 *
 * @throws BrokenRequest
 */
export function parseRequestHead(text: string): ArrivedHead {
  const { method, target, version, end } = parseRequestLine(text)
  const rawHeaders = parseFieldLines(text, end, broken)
  const headers = new HeaderView(rawHeaders)
  const { names, values } = headers
  let length: string | undefined
  let codings: string | undefined
  let options: string | undefined
  let hasUpgrade = false
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    // The length first: most names are told apart by it alone.
    if (name.length === 10 && name === 'connection') {
      options = joined(options, values[i] as string)
    } else if (name.length === 14 && name === 'content-length') {
      if (length !== undefined) throw broken('more than one Content-Length')
      length = values[i] as string
    } else if (name.length === 17 && name === 'transfer-encoding') {
      codings = joined(codings, values[i] as string)
    } else if (name.length === 7 && name === 'upgrade') hasUpgrade = true
  }
  if (codings !== undefined && text.includes('\t') && TAB_BY_CODING.test(text))
    throw broken('a tab in Transfer-Encoding')
  const isVersion10 = version === '1.0'
  const connection = options === undefined ? undefined : tokenList(options)
  const framing = framingOf(length, codings, isVersion10)
  return {
    method,
    target,
    version,
    rawHeaders,
    headers,
    framing,
    bodyLength: framing === 'length' ? bodyLength(length as string) : 0,
    staysOpen: staysOpen(connection, isVersion10),
    offersUpgrade: hasUpgrade && connection?.includes('upgrade') === true,
  }
}

/** Fields that some readers obey wherever they stand. */
const NO_TRAILERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'host',
])

/**
 * Refuses trailers in which a field would decide how the request is read (RFC 9110 §6.5.1), and what is no field at all.
 * @throws BrokenRequest
 */
export function checkTrailers(text: string): void {
  const fields = parseFieldLines(text, 0, broken)
  for (let i = 0; i < fields.length; i += 2) {
    if (NO_TRAILERS.has((fields[i] as string).toLowerCase())) throw broken('a trailer that decides how to read')
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}

/** RFC 9112 §6.3, rules 3 to 7, without their leniencies. */
function framingOf(
  length: string | undefined,
  codings: string | undefined,
  isVersion10: boolean,
): ArrivedHead['framing'] {
  if (codings === undefined) return length === undefined ? 'none' : 'length'
  if (length !== undefined) throw broken('both Content-Length and Transfer-Encoding')
  return codingFraming(codings, isVersion10)
}

function bodyLength(value: string): number {
  const length = parseContentLength(value)
  if (Number.isNaN(length)) throw broken('Content-Length is not a number')
  return length
}

/** A coding over the chunks, and none at all, are faults of the syntax. Any other coding is one that is not read here. */
function codingFraming(codings: string, isVersion10: boolean): 'chunked' | 'unclear' {
  if (codings === '') throw broken('empty Transfer-Encoding')
  const list = tokenList(codings)
  const chunkedAt = list.indexOf('chunked')
  if (chunkedAt !== -1 && chunkedAt < list.length - 1) throw broken('a transfer coding over the chunks')
  return chunkedAt === 0 && !isVersion10 ? 'chunked' : 'unclear'
}

function staysOpen(connection: readonly string[] | undefined, isVersion10: boolean): boolean {
  if (connection === undefined) return !isVersion10
  return !connection.includes('close') && (!isVersion10 || connection.includes('keep-alive'))
}
