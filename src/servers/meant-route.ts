import { findRoute, type ServedRoute } from './route-table.ts'

/** A path of more segments is nobody's slip. */
const MAX_SEGMENTS = 12

/** What some clients put before their paths and others want in their base URL. */
const BASES = ['/v1', '/api'] as const

/**
 * The route that a client probably meant by a path, other than the one it has: most slips are in the base URL, which has
 * `/v1` twice, too much or too little, the other API's, or a whole endpoint in it. So whatever stands before a route's
 * path is left out, and what may be missing is put there. `undefined`: none is near.
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
  let other: ServedRoute | undefined
  for (let from = 0; from < segments.length; from++) {
    for (const candidate of spellingsOf(`/${segments.slice(from).join('/')}`)) {
      if (candidate === path) continue
      const route = routeAt(method, candidate)
      if (route === undefined || route.class === 'never' || !isThere(route)) continue
      if (route.method === method) return route
      other ??= route
    }
  }
  return other
}

/** The most usual one first: llama-server alone has some without `/v1`. */
function spellingsOf(path: string): readonly string[] {
  const isBased = BASES.some((base) => path.startsWith(`${base}/`))
  return isBased ? [path] : [...BASES.map((base) => base + path), path]
}

/** The route of a path by this method, else by the first it takes. */
function routeAt(method: string, path: string): ServedRoute | undefined {
  const found = findRoute(method, path)
  if (found === undefined) return undefined
  if ('route' in found) return found.route
  const [allowed = ''] = found.allowed
  const instead = findRoute(allowed, path)
  return instead !== undefined && 'route' in instead ? instead.route : undefined
}

/** What a client of each API takes for its base URL. */
const BASE_URLS = {
  openai: "one that ends in /v1, with nothing behind it, for a client of OpenAI's API",
  anthropic: "the gateway's address alone, without /v1, for a client of Anthropic's API",
  ollama: "the gateway's address alone, without /v1 or /api, for a client of Ollama's API",
} as const

/** Tells of the route that was meant, and how a client gets there. */
export function meantText({ method, path, dialect }: ServedRoute): string {
  return `${method} ${path} was probably meant. Check the base URL that the client was given: it is ${BASE_URLS[dialect]}.`
}
