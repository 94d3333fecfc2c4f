import { ANTHROPIC_ROUTES } from './anthropic/routes.ts'
import type { DialectName, Route } from './dialect.ts'
import { OLLAMA_ROUTES } from './ollama/routes.ts'
import { OPENAI_ROUTES } from './openai/routes.ts'
import { SERVER_ROUTES } from './openai/server-routes.ts'

/** Every route there is. What is not in this table is not passed on, whoever asks. */
export const ROUTES: readonly Route[] = [...OLLAMA_ROUTES, ...OPENAI_ROUTES, ...SERVER_ROUTES, ...ANTHROPIC_ROUTES]

/** The parts of a path that its pattern leaves open. */
export interface RouteParams {
  /** What stands for `{model...}`: a model's name as the caller spelled it. */
  readonly model?: string
  /** What stands for `{digest}`. */
  readonly digest?: string
}

/** A path of the table: `params` are those of the path that was asked for. */
type PathMatch = { readonly byMethod: ReadonlyMap<string, Route>; readonly params: RouteParams }

interface PathPattern {
  readonly byMethod: ReadonlyMap<string, Route>
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
  const byMethod = new Map<string, Route>(routes.map((route) => [route.method, route]))
  const open = OPEN_PART.exec(path)?.[0] as PathPattern['open'] | undefined
  if (open === undefined) EXACT_PATHS.set(path, { byMethod, params: NO_PARAMS })
  else PATTERNS.push({ byMethod, prefix: path.slice(0, -open.length), open })
}

/**
 * The route of a request. `path` is in canonical form: no query, no escapes, no empty or dot segments. A path that
 * stands in the table as it is goes before one that fits a pattern. `allowed` holds the methods a path has when
 * `method` is none of them; `undefined`: the table has no such path.
 */
export function findRoute(
  method: string,
  path: string,
): { readonly route: Route; readonly params: RouteParams } | { readonly allowed: readonly string[] } | undefined {
  const match = EXACT_PATHS.get(path) ?? matchPattern(path)
  if (match === undefined) return undefined
  const route = match.byMethod.get(method)
  return route === undefined ? { allowed: [...match.byMethod.keys()] } : { route, params: match.params }
}

/** The dialect whose error shape answers a path that may be no route: by the path, then by the caller's headers. */
export function dialectOf(path: string, hasAnthropicVersion: boolean): DialectName {
  if (path === '/v1/messages' || path.startsWith('/v1/messages/')) return 'anthropic'
  if (path === '/' || (path.startsWith('/api/') && !/^\/api\/v\d/.test(path))) return 'ollama'
  return hasAnthropicVersion ? 'anthropic' : 'openai'
}

/** `POST /v1/chat/completions`: the route's name in logs, metrics and rows. It holds no part of a request. */
export function routeLabel(route: Route): string {
  return LABELS.get(route) ?? `${route.method} ${route.path}`
}

/** Made once: a text put together anew for every request would be kept with every row. */
const LABELS: ReadonlyMap<Route, string> = new Map(ROUTES.map((route) => [route, `${route.method} ${route.path}`]))

function matchPattern(path: string): PathMatch | undefined {
  for (const { byMethod, prefix, open } of PATTERNS) {
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    if (open === '{rest...}') return { byMethod, params: NO_PARAMS }
    if (open === '{digest}' && DIGEST.test(rest)) return { byMethod, params: { digest: rest } }
    if (open === '{model...}' && rest !== '') return { byMethod, params: { model: rest } }
  }
  return undefined
}
