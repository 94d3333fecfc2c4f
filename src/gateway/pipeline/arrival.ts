import { PunkuError } from '../../core/error.ts'
import { type HeaderView, refuseUnsafeHeaders } from '../../http/headers.ts'
import { refuseForeignHost } from '../../http/origin.ts'
import { parseTarget } from '../../http/target.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import { unaliasedPath } from '../../servers/path-alias.ts'
import { modelNameAt } from '../../servers/route-table.ts'
import { headerList } from './header-list.ts'
import { noProxyFor } from './refusals.ts'

/** What an arriving request is held to. */
export interface ArrivalRules {
  /** The most header lines. */
  readonly headerCount: number
  /** Host names, beside addresses and localhost, under which clients may call. */
  readonly hosts: readonly string[]
  /** Whether a key may stand in the path, as `/k/<key>/…`. */
  readonly keyInPath: boolean
}

/** Where a request goes, before it is known what is there. */
export interface ArrivalTarget {
  /** In canonical form, as the table of routes has it, without a key in it. */
  readonly path: string
  /** Without `?`. */
  readonly query: string
  /** The key that stood before the path; `undefined`: none did. */
  readonly pathKey: string | undefined
}

/** The target up to its query, unchecked. */
export function pathAsSent({ target }: Pick<ServerRequest, 'target'>): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Whether a path is asked by what watches over the gateway: by whatever name, and in HTTP/1.0 by none. */
function isProbePath(path: string): boolean {
  return PROBES.has(path)
}

/**
 * Refuses what no surface takes, whatever is asked for: too many lines, a body whose end could be seen in two places,
 * headers that two servers could read in two ways, and another host. Throws PunkuError.
 */
export function refuseUnclearHead(request: ServerRequest, rules: ArrivalRules): void {
  const { headers, version, target } = request
  // Before its host is found to be a stranger's, which would say nothing of why.
  if (isWholeUrl(target)) throw noProxyFor()
  const isProbe = isProbePath(pathAsSent(request))
  refuseLongHead(headers, rules)
  if (request.head.framing === 'unclear') {
    throw new PunkuError(
      'invalid_request',
      'The request frames its body by a transfer coding that is not read here. Send Content-Length, or HTTP/1.1 with chunked alone.',
    )
  }
  const host = headers.get('host')
  if (host === undefined && !(isProbe && version === '1.0')) {
    throw new PunkuError('invalid_request', 'The request has no Host header, which HTTP/1.1 requires.')
  }
  refuseUnsafeHeaders(headers)
  if (!isProbe) refuseForeignHost(host, rules.hosts)
}

/** Whether the target is a URL, as a proxy is asked for one. */
function isWholeUrl(url = ''): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url)
}

/** The same, for who answers otherwise than by an exchange; `undefined`: the head is clear. */
export function headFault(request: ServerRequest, rules: ArrivalRules): PunkuError | undefined {
  try {
    refuseUnclearHead(request, rules)
    return undefined
  } catch (thrown) {
    return PunkuError.from(thrown)
  }
}

function refuseLongHead(headers: HeaderView, { headerCount }: ArrivalRules): void {
  if (headers.names.length <= headerCount) return
  throw new PunkuError(
    'headers_too_large',
    `The request has more than ${headerCount} header lines (limits.headerCount).`,
  )
}

/** What browsers fetch to show or run it (Fetch Metadata): a program's own requests are `empty`, and none of these. */
const PAGE_PARTS: ReadonlySet<string> = new Set([
  ...['document', 'iframe', 'frame', 'fencedframe', 'embed', 'object', 'script', 'style', 'xslt', 'manifest'],
  ...['worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'report', 'webidentity'],
])

/** Refuses a browser that would make a page, or a part of one, of a model's answer. Throws PunkuError. */
export function refuseNavigation(headers: HeaderView): void {
  const use = headers.get('sec-fetch-dest')
  if (use === undefined || !PAGE_PARTS.has(use.toLowerCase())) return
  throw new PunkuError(
    'origin_not_allowed',
    'This address is for programs, and a browser asked for it as a page or a part of one. The dashboard is at /ui/.',
  )
}

/**
 * Whether a client would have a WebSocket. Any other protocol that it offers is passed over, and its request answered as it
 * came: an offer that is not taken up is no error (RFC 9110, section 7.8).
 */
export function asksForWebSocket({ method, headers, head }: ServerRequest): boolean {
  if (!head.offersUpgrade || method !== 'GET') return false
  return headerList(headers.all('upgrade').join().toLowerCase()).includes('websocket')
}

/** Reads the target. Throws PunkuError for one not in its one spelling, and for a key in the path where none may be. */
export function readTarget(target: string, { keyInPath }: ArrivalRules): ArrivalTarget {
  const { path, query } = parseTarget(target, nameAt)
  if (!path.startsWith(KEY_PREFIX)) return { path: unaliasedPath(path), query, pathKey: undefined }
  const end = keyEnd(path)
  const pathKey = path.slice(KEY_PREFIX.length, end === -1 ? undefined : end)
  if (!keyInPath) {
    throw new PunkuError(
      'key_malformed',
      'Keys in the path are switched off here. Send the key as "Authorization: Bearer …", or have the owner set gateway.keyInPath.',
    )
  }
  return { path: end === -1 ? '/' : unaliasedPath(path.slice(end)), query, pathKey }
}

/** What stands before a key in the path. */
const KEY_PREFIX = '/k/'

/** Where the key in a path ends; -1: with the path. */
function keyEnd(path: string): number {
  return path.indexOf('/', KEY_PREFIX.length)
}

function nameAt(path: string): number {
  const start = path.startsWith(KEY_PREFIX) ? keyEnd(path) : 0
  if (start === -1) return -1
  const aimed = unaliasedPath(path.slice(start))
  const at = modelNameAt(aimed)
  return at === -1 ? -1 : path.length - aimed.length + at
}

/** Whether a body follows the head. */
export function hasBody(headers: HeaderView): boolean {
  const length = headers.get('content-length')
  return length === undefined ? headers.get('transfer-encoding') !== undefined : length !== '0'
}
