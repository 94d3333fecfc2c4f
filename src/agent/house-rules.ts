import { PunkuError } from '../core/error.ts'
import { formatSize } from '../core/units.ts'
import type { Route } from '../dialects/dialect.ts'
import { HeaderView, refuseUnsafeHeaders, requestHeadersFor } from '../http/headers.ts'
import { filterQuery, parseTarget, REFUSED_PARAMETERS } from '../http/target.ts'
import type { RequestHead } from '../protocol/head.ts'
import { findRoute, routeLabel } from '../servers/route-table.ts'

/**
 * Routes of the class `manage` that pass all the same. Gateways tell LM Studio apart by this one; it changes nothing and
 * shows no more than the list of models.
 */
const HARMLESS: ReadonlySet<string> = new Set(['GET /api/v0/models'])

/** What the owner of the model server lets any gateway do. */
export interface HouseRules {
  /** Whether routes that pull, make and delete models pass. Default: no. */
  readonly allowManage?: boolean
  /** The largest request body, bytes, but for a model's own weights, which have no limit. Default 64 MiB. */
  readonly bodyBytes?: number
}

/** A request as the model server may see it: nothing in it is the gateway's word alone. */
export interface AdmittedRequest {
  readonly route: Route
  /** The model that the path names, as it is spelled there. */
  readonly pathModel: string | undefined
  /** Path and query, to be put behind the server's own base path. Starts with `/`. */
  readonly path: string
  /** Name, value, name, value …; without `host` and `content-length`. */
  readonly headers: string[]
  /** The body's length where the gateway told it. */
  readonly contentLength: number | undefined
  /** The longest body this request may have; 0: none, `Infinity`: any. */
  readonly maxBodyBytes: number
}

const DEFAULT_BODY_BYTES = 64 * 1_024 * 1_024

/**
 * Holds a gateway's request against the agent's own rules. The agent trusts no gateway: whoever holds one may have been
 * broken into, and must not reach more of this machine than its model server's plain routes.
 *
 * @throws PunkuError `route_not_found`, `method_not_allowed` or `route_not_allowed` by the table of routes;
 * `invalid_request` or `ambiguous_request` for a target, query or header that two readers could take in two ways;
 * `request_too_large` where the length says so.
 */
export function admitRequest(head: RequestHead, rules: HouseRules): AdmittedRequest {
  const target = parseTarget(head.target)
  // A gateway sends none but canonical ones: in any other the two would mean different things.
  if (head.target.split('?', 1)[0] !== target.path) throw notCanonical()
  const found = findRoute(head.method, target.path)
  if (found === undefined) throw noSuchRoute()
  if ('allowed' in found) throw methodNotAllowed(found.allowed)
  const { route, params } = found
  refuseClass(route, rules)
  const query = filterQuery(target.query, route.query ?? [], REFUSED_PARAMETERS)
  const fields = new HeaderView(head.fields)
  refuseUnsafeHeaders(fields)
  const contentLength = lengthOf(fields)
  const maxBodyBytes = longestBody(route, rules)
  if ((contentLength ?? 0) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes)
  return {
    route,
    pathModel: params.model,
    path: query === '' ? target.path : `${target.path}?${query}`,
    headers: requestHeadersFor(fields),
    contentLength,
    maxBodyBytes,
  }
}

/** The refusal of a body that is longer than `maxBodyBytes`. */
export function bodyTooLarge(maxBodyBytes: number): PunkuError {
  return new PunkuError(
    'request_too_large',
    maxBodyBytes === 0
      ? 'The agent takes no body on this route.'
      : `The agent takes bodies of at most ${formatSize(maxBodyBytes)}. Send less, or have the agent's owner raise the limit.`,
  )
}

function refuseClass(route: Route, rules: HouseRules): void {
  if (route.class === 'inference' || route.class === 'metadata') return
  if (route.class === 'manage' && (rules.allowManage === true || HARMLESS.has(routeLabel(route)))) return
  throw new PunkuError(
    'route_not_allowed',
    route.class === 'manage'
      ? "The agent does not let this route through: it changes the model server. The agent's owner can allow it with --allow-manage."
      : "The agent never lets this route through: it acts on its owner's machine or account.",
  )
}

function longestBody(route: Route, rules: HouseRules): number {
  if (route.body === 'none') return 0
  return route.isRawUpload === true ? Number.POSITIVE_INFINITY : (rules.bodyBytes ?? DEFAULT_BODY_BYTES)
}

function lengthOf(fields: HeaderView): number | undefined {
  const text = fields.get('content-length')
  if (text === undefined) return undefined
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(length)) throw new PunkuError('invalid_request', 'The Content-Length is not a number.')
  return length
}

const notCanonical = () => new PunkuError('invalid_request', 'The agent takes a path in its one canonical form only.')

const noSuchRoute = () =>
  new PunkuError(
    'route_not_found',
    'The agent lets only the routes of the Ollama, OpenAI and Anthropic APIs through, by their exact paths.',
  )

const methodNotAllowed = (allowed: readonly string[]) =>
  new PunkuError('method_not_allowed', `The agent lets only ${allowed.join(' and ')} through on this route.`)
