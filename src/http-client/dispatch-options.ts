import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { errors } from './dispatcher-base.ts'

/**
 * Visits each field of dispatch options, in the shapes undici allows: a flat list, an iterable of pairs, or an object.
 * @throws undici's `InvalidArgumentError` for a list with a name and no value.
 */
export function forEachField(
  headers: Dispatcher.DispatchOptions['headers'],
  visit: (name: string, value: string) => void,
): void {
  if (headers === undefined || headers === null) return
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even')
    for (let i = 0; i < headers.length; i += 2) visitField(visit, String(headers[i]), headers[i + 1])
    return
  }
  if (Symbol.iterator in headers) {
    for (const [name, value] of headers) visitField(visit, name, value)
    return
  }
  for (const name of Object.keys(headers)) visitField(visit, name, headers[name])
}

function visitField(
  visit: (name: string, value: string) => void,
  name: string,
  value: number | string | string[] | undefined,
): void {
  if (value === undefined) return
  if (Array.isArray(value)) for (const one of value) visit(name, String(one))
  else visit(name, String(value))
}

/**
 * The body of dispatch options, whole or as a stream. One that is `Readable` itself stays the caller's.
 * @throws undici's `NotSupportedError` for a form that is not taken.
 */
export function bodySource(body: unknown): Buffer | Readable | undefined {
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
