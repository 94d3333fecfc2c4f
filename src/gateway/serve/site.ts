import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { CONTROL_HEADER, CONTROL_HEADER_VALUE } from '../../contract/control-header.ts'
import type { Clock } from '../../core/clock.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'
import type { Dashboard } from '../dashboard/dashboard.ts'
import type { Site } from '../pipeline/gateway.ts'
import type { Callers } from './callers.ts'

/** How long a body may take to arrive. Nothing that people send is large. */
const BODY_MS = 15_000

/** By which URL a request has reached the gateway, as the gateway knows it: whatever came under this name is dropped. */
export const ORIGIN_HEADER = 'x-punku-origin'

const AGENT_PATHS: ReadonlySet<string> = new Set(['/tunnel/device', '/tunnel/token'])

/** Answers web requests; what Node knows of each comes along. */
type Serve = (request: Request, env: HttpBindings) => Response | Promise<Response>

export interface SiteParts {
  /** Codes and tokens of agents. */
  readonly agents: Serve
  /** Signing in and out, below `/control/auth/`. */
  readonly signIn: Serve
  /** The control API. */
  readonly control: Serve
  readonly dashboard: Dashboard
  readonly callers: Callers
  readonly clock: Clock
}

/** What the gateway serves beside the model APIs. Each part checks for itself who may ask. */
export function createSite({ agents, signIn, control, dashboard, callers, clock }: SiteParts): Site {
  const serve: Serve = async (request, env) => {
    const { pathname } = new URL(request.url)
    if (AGENT_PATHS.has(pathname)) return await agents(request, env)
    if (pathname.startsWith('/control/auth/')) return sealed(await signIn(request, env))
    if (pathname.startsWith('/control/')) return sealed(await control(request, env))
    if (pathname === '/') return toDashboard()
    return dashboard.respond(request)
  }
  const listener = getRequestListener((request, env) => serve(request, env as HttpBindings), {
    overrideGlobalObjects: false,
  })
  return {
    has: (path, request) =>
      AGENT_PATHS.has(path) ||
      ((path.startsWith('/control/') || dashboard.has(path)) && isAsSent(path)) ||
      (path === '/' && asksForPage(request)),
    serve(req, res) {
      limitArrival(req, res, clock)
      setOrigin(req, callers.reachedUrlOf(req))
      void listener(req, res)
    },
  }
}

/**
 * Whether a path is served as it was sent. One that a URL would read anew, as in `/ui/%2e%2e/control/`, is another to whoever
 * stands before the gateway: it is left to the pipeline, which refuses it.
 */
function isAsSent(path: string): boolean {
  return URL.parse(path, 'http://gateway')?.pathname === path
}

/** What stands here for a browser is another thing to a client: it is nobody's to keep. */
function toDashboard(): Response {
  return new Response(null, { status: 302, headers: { location: '/ui/', 'cache-control': 'no-store' } })
}

/** A person's browser, which wants a page where a client of Ollama wants its greeting: it says that it goes there, or takes HTML. */
function asksForPage({ method, headers }: ServerRequest): boolean {
  if (method !== 'GET') return false
  if (headers.get('sec-fetch-mode') === 'navigate') return true
  return (headers.get('accept') ?? '').split(',').some((type) => type.trim().toLowerCase().startsWith('text/html'))
}

/** An answer that is nobody's page, and nobody's to keep. */
function sealed(response: Response): Response {
  const headers = new Headers(response.headers)
  headers.set(CONTROL_HEADER, CONTROL_HEADER_VALUE)
  headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

/** The web's own requests know no socket, nor what stands behind a header: it goes along as one. */
function setOrigin({ rawHeaders, headers }: IncomingMessage, origin: string): void {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === ORIGIN_HEADER) rawHeaders.splice(at, 2)
  }
  rawHeaders.push(ORIGIN_HEADER, origin)
  // Both are read: which one, depends on who asks for what first.
  headers[ORIGIN_HEADER] = origin
}

function limitArrival(req: IncomingMessage, res: ServerResponse, clock: Clock): void {
  if (req.complete) return
  const late = clock.after(BODY_MS, () => {
    if (!req.complete) req.destroy()
  })
  res.once('close', () => late[Symbol.dispose]())
}
