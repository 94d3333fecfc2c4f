import type { Route } from '../dialects/dialect.ts'
import { MODEL_SERVERS, SERVER_NAMES, type ServerName } from './known/model-servers.ts'

/** A route of the table. It is sent only to upstreams run by one of its `servers`; a list is made of the models of all. */
export interface ServedRoute extends Route {
  readonly servers: readonly ServerName[]
}

/** Every route that a known server has. What is not in this table is not passed on, whoever asks. */
export const ROUTES: readonly ServedRoute[] = servedRoutes()

function servedRoutes(): readonly ServedRoute[] {
  const serversOf = new Map<Route, ServerName[]>()
  for (const { name, routes } of MODEL_SERVERS) {
    for (const route of routes) serversOf.set(route, [...(serversOf.get(route) ?? []), name])
  }
  // The gateway makes lists of what it knows of each server, whichever paths that has.
  return [...serversOf].map(([route, servers]) => ({ ...route, servers: route.listing ? SERVER_NAMES : servers }))
}

/** The parts of a path that its pattern leaves open. */
export interface RouteParams {
  /** What stands for `{model...}`: a model's name as the caller spelled it. */
  readonly model?: string
  /** What stands for `{digest}`. */
  readonly digest?: string
}

/** A path of the table: `params` are those of the path that was asked for. */
type PathMatch = { readonly byMethod: ReadonlyMap<string, ServedRoute>; readonly params: RouteParams }

interface PathPattern {
  readonly byMethod: ReadonlyMap<string, ServedRoute>
  /** The path up to its open part. */
  readonly prefix: string
  readonly open: '{digest}' | '{model...}' | '{rest...}'
}

const DIGEST = /^sha256[:-][0-9a-f]{64}$/
const OPEN_PART = /\{(?:digest|model\.\.\.|rest\.\.\.)\}$/
const NO_PARAMS: RouteParams = {}

const EXACT_PATHS = new Map<string, PathMatch>()
const PATTERNS: PathPattern[] = []
for (const [path, routes] of Map.groupBy(ROUTES, (route) => route.path)) {
  const byMethod = new Map<string, ServedRoute>(routes.map((route) => [route.method, route]))
  const open = OPEN_PART.exec(path)?.[0] as PathPattern['open'] | undefined
  if (open === undefined) EXACT_PATHS.set(path, { byMethod, params: NO_PARAMS })
  else PATTERNS.push({ byMethod, prefix: path.slice(0, -open.length), open })
}

/**
 * The route of a request. `path` is in canonical form: no query, no escapes, no empty or dot segments, no `/` at its end. A path that
 * stands in the table as it is goes before one that fits a pattern. `allowed` holds the methods a path has when
 * `method` is none of them; `undefined`: the table has no such path.
 */
export function findRoute(
  method: string,
  path: string,
): { readonly route: ServedRoute; readonly params: RouteParams } | { readonly allowed: readonly string[] } | undefined {
  const match = EXACT_PATHS.get(path) ?? matchPattern(path)
  if (match === undefined) return undefined
  const route = match.byMethod.get(method)
  return route === undefined ? { allowed: [...match.byMethod.keys()] } : { route, params: match.params }
}

/** Where in a path a model's name begins, by the table; -1: nowhere. */
export function modelNameAt(path: string): number {
  for (const { prefix, open } of PATTERNS) if (open === '{model...}' && path.startsWith(prefix)) return prefix.length
  return -1
}

/** `POST /v1/chat/completions`: the route's name in logs, metrics and rows. It holds no part of a request. */
export function routeLabel(route: Route): string {
  return LABELS.get(route) ?? `${route.method} ${route.path}`
}

/** Made once: a text put together anew for every request would be kept with every row. */
const LABELS: ReadonlyMap<Route, string> = new Map(ROUTES.map((route) => [route, `${route.method} ${route.path}`]))

function matchPattern(path: string): PathMatch | undefined {
  for (const { byMethod, prefix, open } of PATTERNS) {
    // No path ends with '/', so that one stands for itself with nothing behind it.
    if (open === '{rest...}' && path.length === prefix.length - 1 && prefix.startsWith(path)) {
      return { byMethod, params: NO_PARAMS }
    }
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    if (open === '{rest...}') return { byMethod, params: NO_PARAMS }
    if (open === '{digest}' && DIGEST.test(rest)) return { byMethod, params: { digest: rest } }
    if (open === '{model...}' && rest !== '') return { byMethod, params: { model: rest } }
  }
  return undefined
}
