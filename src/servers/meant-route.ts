import { nearRoutes } from './near-route.ts'
import { findRoute, type ServedRoute } from './route-table.ts'

/** A path of more segments is nobody's slip. */
const MAX_SEGMENTS = 12

/** What some clients put before their paths and others want in their base URL. */
const BASES = ['/v1', '/api'] as const

/**
 * The route that a client probably meant by a path, other than the one it has: most slips are in the base URL, which has
 * `/v1` twice, too much or too little, the other API's, or a whole endpoint in it. So whatever stands before a route's
 * path is left out, and what may be missing is put there. Before that comes a route of the same API that is misspelt by a
 * letter or two. `undefined`: none is near.
 *
 * @param isThere whether a route may be named; default: any
 */
export function meantRoute(
  method: string,
  path: string,
  isThere: (route: ServedRoute) => boolean = () => true,
): ServedRoute | undefined {
  const segments = path
    .toLowerCase()
    .split('/')
    .slice(1, MAX_SEGMENTS + 2)
  if (segments.length > MAX_SEGMENTS) return undefined
  const mayBe = (route: ServedRoute): boolean => route.path !== path && route.class !== 'never' && isThere(route)
  const rests = segments.map((_, from) => `/${segments.slice(from).join('/')}`)
  const found = [
    ...rests.filter(isBased).flatMap((rest) => routesAt(method, rest)),
    ...nearRoutes(path),
    ...rests
      .filter((rest) => !isBased(rest))
      .flatMap((rest) => spellingsOf(rest).flatMap((at) => routesAt(method, at))),
  ].filter(mayBe)
  return found.find((route) => route.method === method) ?? found[0]
}

function isBased(path: string): boolean {
  return BASES.some((base) => path.startsWith(`${base}/`))
}

/** The most usual one first: llama-server alone has some without `/v1`. */
function spellingsOf(path: string): readonly string[] {
  return [...BASES.map((base) => base + path), path]
}

/** The route of a path by this method, else by the first it takes; none, or one. */
function routesAt(method: string, path: string): readonly ServedRoute[] {
  const found = findRoute(method, path)
  if (found === undefined) return []
  if ('route' in found) return [found.route]
  const [allowed = ''] = found.allowed
  const instead = findRoute(allowed, path)
  return instead !== undefined && 'route' in instead ? [instead.route] : []
}

/** What a client of each API takes for its base URL. */
const BASE_URLS = {
  openai: "one that ends in /v1, with nothing behind it, for a client of OpenAI's API",
  anthropic: "the gateway's address, with /v1 or without, for a client of Anthropic's API",
  ollama: "the gateway's address alone, without /v1 or /api, for a client of Ollama's API",
} as const

/** Tells of the route that was meant by a path, and how a client gets there. */
export function meantText({ method, path, dialect }: ServedRoute, asked: string): string {
  const isMisspelt = nearRoutes(asked).some((route) => route.path === path)
  if (isMisspelt) return `${method} ${path} was probably meant. Check how the client spells the path.`
  return `${method} ${path} was probably meant. Check the base URL that the client was given: it is ${BASE_URLS[dialect]}.`
}
