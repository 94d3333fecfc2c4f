import type { Readable } from 'node:stream'
import { parseObject } from '../../formats/json-facts.ts'
import { withDefaults } from '../../formats/model-defaults.ts'
import { requestHeadersFor } from '../../http/headers.ts'
import type { ModelRule } from '../models/model-rule-set.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Ask } from './ask.ts'
import { type LeftOut, withoutLeftOut } from './left-out.ts'

/** What is sent to an upstream for an ask. Its body is the ask's own bytes, but for what is left out of them. */
export interface Order {
  readonly method: Ask['route']['method']
  /** Path and query, in origin-form. */
  readonly target: string
  /** Flat name and value pairs. */
  readonly headers: string[]
  readonly body: Buffer | Readable | null
}

interface FilledOrder {
  readonly order: Order
  readonly filled: readonly string[]
}

/** The same with what its body leaves open as the defaults of its model say, and the names of these. */
export function filledOrder(order: Order, { route: { format } }: Ask, { defaults }: ModelRule): FilledOrder {
  const { body } = order
  if (defaults === undefined || format === undefined || !Buffer.isBuffer(body)) return { order, filled: [] }
  const fields = parseObject(body.toString())
  const filled = fields && withDefaults(format, fields, defaults)
  if (filled === undefined) return { order, filled: [] }
  return { order: { ...order, body: Buffer.from(JSON.stringify(filled.body)) }, filled: filled.filled }
}

/** What a body that was read as JSON must not be said to be, as `curl -d` says of every body. */
const FORM_TYPE = /^(?:application\/x-www-form-urlencoded|multipart\/)/i

/**
 * The order of an ask for an upstream: headers from an allow-list, the upstream's own credential in place of the
 * caller's.
 */
export function orderOf(
  { route, path, query, headers, body }: Ask,
  { way }: Upstream,
  leftOut: readonly LeftOut[] = [],
): Order {
  const { base, credential } = way
  const outgoing = requestHeadersFor(headers)
  if (route.body === undefined || route.body === 'json') sayJson(outgoing)
  if (credential !== undefined) {
    const value = credential.reveal()
    outgoing.push(credential.header, credential.header === 'authorization' ? `Bearer ${value}` : value)
  }
  const isWhole = Buffer.isBuffer(body)
  const length = isWhole ? undefined : headers.get('content-length')
  if (length !== undefined) outgoing.push('content-length', length)
  return {
    method: route.method,
    target: base.basePath + path + (query === '' ? '' : `?${query}`),
    headers: outgoing,
    body: isWhole ? wholeBody(body, leftOut) : body,
  }
}

/** A server that reads forms too would find other fields than those that were looked at. */
function sayJson(headers: string[]): void {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === 'content-type') + 1
  if (at > 0 && FORM_TYPE.test(headers[at] as string)) headers[at] = 'application/json'
}

function wholeBody(body: Buffer, leftOut: readonly LeftOut[]): Buffer | null {
  if (body.length === 0) return null
  return leftOut.length === 0 ? body : withoutLeftOut(body, leftOut)
}
