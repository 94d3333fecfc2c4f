import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { bodySource, forEachField } from './dispatch-options.ts'
import { errors } from './dispatcher-base.ts'

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
  forEachField(options.headers, (name, value) => fields.add(name, value))
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
