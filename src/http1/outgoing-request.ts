import { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'

/** A request ready for the wire. */
export interface OutgoingRequest {
  readonly isHead: boolean
  /** Request line and fields with the empty line, latin1. */
  readonly head: string
  /** The whole body; `undefined`: none, or a stream. */
  readonly body: Buffer | undefined
  readonly stream: StreamedBody | undefined
  /** The request itself asked for the connection to end after it. */
  readonly isClosing: boolean
}

/** A request body that comes piece by piece. */
export interface StreamedBody {
  readonly source: Readable
  /** How many bytes it must have; `undefined`: nobody knows, it goes chunked. */
  readonly length: number | undefined
  /** The stream was made here, and ends with its request; else it stays the caller's. */
  readonly isOwned: boolean
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** No space and no control character: one of either would start another part of the request line, or another line. */
const TARGET = /^\/[\x21-\x7e\x80-\xff]*$/
/** RFC 9110 §5.5. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Fields that speak about this connection and its framing, which are ours to decide. */
const REFUSED_FIELDS = new Set(['transfer-encoding', 'keep-alive', 'proxy-connection', 'upgrade', 'expect', 'trailer'])
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'QUERY'])

/**
 * Renders what undici calls dispatch options for a connection to `authority`, which is the `Host` unless the caller
 * names one.
 * @throws undici's `InvalidArgumentError` or `NotSupportedError` for what cannot be sent as one plain request.
 */
export function renderRequest(options: Dispatcher.DispatchOptions, authority: string): OutgoingRequest {
  const { method, path } = options
  if (typeof path !== 'string' || !TARGET.test(path)) throw new errors.InvalidArgumentError('invalid request path')
  if (typeof method !== 'string' || !TOKEN.test(method)) throw new errors.InvalidArgumentError('invalid request method')
  if (
    method === 'CONNECT' ||
    (options.upgrade !== undefined && options.upgrade !== null && options.upgrade !== false)
  ) {
    throw new errors.NotSupportedError('this dispatcher does not upgrade connections')
  }
  if (options.query) throw new errors.NotSupportedError('put the query into the path')

  const fields = new FieldLines()
  addFields(fields, options.headers)
  const host = fields.host ?? authority
  const isClosing = fields.isClosing || options.reset === true
  const connection = isClosing ? 'close' : 'keep-alive'
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n${fields.lines}`

  const isHead = method === 'HEAD'
  const source = bodySource(options.body)
  if (source instanceof Readable) {
    const length = fields.contentLength
    const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`
    const stream = { source, length, isOwned: source !== options.body }
    return { isHead, isClosing, head: `${start}${framing}\r\n\r\n`, body: undefined, stream }
  }
  const length = source?.length ?? 0
  if (fields.contentLength !== undefined && fields.contentLength !== length) {
    throw new errors.RequestContentLengthMismatchError()
  }
  // A method that is expected to carry a body says so when it carries none (RFC 9110 §8.6).
  const framing = length > 0 || METHODS_WITH_BODY.has(method) ? `content-length: ${length}\r\n` : ''
  const body = length > 0 ? source : undefined
  return { isHead, isClosing, head: `${start}${framing}\r\n`, body, stream: undefined }
}

/** Collects validated field lines, and takes out those that the connection itself writes. */
class FieldLines {
  lines = ''
  host: string | undefined
  contentLength: number | undefined
  isClosing = false

  add(name: string, value: string): void {
    if (!TOKEN.test(name)) throw new errors.InvalidArgumentError('invalid header name')
    if (!FIELD_VALUE.test(value)) throw new errors.InvalidArgumentError(`invalid ${name} header`)
    const lower = name.toLowerCase()
    if (lower === 'host') {
      if (this.host !== undefined) throw new errors.InvalidArgumentError('more than one host header')
      this.host = value
    } else if (lower === 'content-length') {
      const length = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (!Number.isSafeInteger(length) || (this.contentLength ?? length) !== length) {
        throw new errors.InvalidArgumentError('invalid content-length header')
      }
      this.contentLength = length
    } else if (lower === 'connection') {
      const option = value.toLowerCase()
      if (option !== 'close' && option !== 'keep-alive') {
        throw new errors.InvalidArgumentError('invalid connection header')
      }
      this.isClosing ||= option === 'close'
    } else if (REFUSED_FIELDS.has(lower)) {
      throw new errors.InvalidArgumentError(`invalid ${lower} header`)
    } else {
      this.lines += `${name}: ${value}\r\n`
    }
  }
}

/** Takes the shapes undici allows: a flat list, an iterable of pairs, or an object. */
function addFields(fields: FieldLines, headers: Dispatcher.DispatchOptions['headers']): void {
  if (headers === undefined || headers === null) return
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even')
    for (let i = 0; i < headers.length; i += 2) addField(fields, String(headers[i]), headers[i + 1])
    return
  }
  if (Symbol.iterator in headers) {
    for (const [name, value] of headers) addField(fields, name, value)
    return
  }
  for (const name of Object.keys(headers)) addField(fields, name, headers[name])
}

function addField(fields: FieldLines, name: string, value: number | string | string[] | undefined): void {
  if (value === undefined) return
  if (Array.isArray(value)) for (const one of value) fields.add(name, String(one))
  else fields.add(name, String(value))
}

function bodySource(body: unknown): Buffer | Readable | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof Readable) return body
  // undici's fetch gives its bodies as asynchronous generators.
  if (typeof body === 'object' && Symbol.asyncIterator in body) {
    return Readable.from(body as AsyncIterable<unknown>, { objectMode: false })
  }
  throw new errors.NotSupportedError('the body must be a string, bytes or a readable stream')
}
