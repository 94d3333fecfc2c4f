import type { HeaderView } from '../../http/headers.ts'
import { isOriginAllowed } from '../../http/origin.ts'
import { CREDENTIAL_HEADERS } from '../access/credential.ts'
import type { Answer } from '../reply/answer.ts'
import { headerList } from './header-list.ts'

/** Which pages may call. */
export interface OriginRules {
  /** Web origins that may call from a browser, and patterns of them. */
  readonly origins: readonly string[]
  /** Whether pages of every other origin may, too, with a key in a header. */
  readonly anyOriginWithKey: boolean
}

const EXPOSED_HEADERS =
  'x-request-id, request-id, retry-after, x-should-retry, x-punku-upstream, x-punku-left-out, x-punku-translated, ' +
  'x-punku-defaults'

const PREFLIGHT_SECONDS = '600'

/** Those that some route takes. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'DELETE']

/** What is echoed of a preflight: so many names of headers, each so long. */
const MAX_ASKED_HEADERS = 64
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/i

/**
 * The flat header pairs that let a page read the answer, whatever it is; none for who is no page. `undefined`: a page that
 * the owner has not let in, which must not use a visitor's network.
 */
export function corsHeaders(headers: HeaderView, rules: OriginRules): readonly string[] | undefined {
  const origin = headers.get('origin')
  if (origin === undefined) return []
  const mayCall =
    isOriginAllowed(origin, headers.get('host'), rules.origins) || (rules.anyOriginWithKey && bringsKey(headers))
  if (!mayCall) return undefined
  return ['access-control-allow-origin', origin, 'vary', 'origin', 'access-control-expose-headers', EXPOSED_HEADERS]
}

/** The answer to a browser's preflight, which carries no key; `undefined` when the request is none. */
export function preflightAnswer(headers: HeaderView): Answer | undefined {
  const method = headers.get('access-control-request-method')
  if (headers.get('origin') === undefined || method === undefined) return undefined
  const answer = [
    ...['access-control-allow-methods', allowedMethods(method).join(', ')],
    ...['access-control-max-age', PREFLIGHT_SECONDS],
    ...['vary', 'access-control-request-method, access-control-request-headers'],
  ]
  const asked = askedHeaders(headers)
  if (asked.length > 0) answer.push('access-control-allow-headers', asked.join(', '))
  // Asked by a page of the web before it calls a machine at home.
  if (headers.get('access-control-request-private-network') === 'true') {
    answer.push('access-control-allow-private-network', 'true')
  }
  return { status: 204, headers: answer, body: '' }
}

/** Those that some route takes, and the one that was asked for: whether that is taken here is told by the answer to it. */
function allowedMethods(asked: string): readonly string[] {
  const isNew = /^[A-Z]{1,16}$/.test(asked) && !METHODS.includes(asked)
  return isNew ? [...METHODS, asked] : METHODS
}

/** Whether a key stands in a header, or a preflight asks whether one may: no page can make a browser send one unasked. */
function bringsKey(headers: HeaderView): boolean {
  if (headers.get('access-control-request-method') !== undefined) {
    return askedHeaders(headers).some((name) => CREDENTIAL_HEADERS.has(name.toLowerCase()))
  }
  return headers.names.some((name, at) => CREDENTIAL_HEADERS.has(name) && headers.values[at] !== '')
}

function askedHeaders(headers: HeaderView): readonly string[] {
  const names = headerList(headers.get('access-control-request-headers') ?? '')
  return names.filter((name) => HEADER_NAME.test(name)).slice(0, MAX_ASKED_HEADERS)
}
