import type { HeaderView } from '../http/headers.ts'
import { refuseForeignOrigin } from '../http/origin.ts'
import type { Exchange } from './exchange.ts'

/** What a page may send beside the headers browsers always allow: credentials and what the SDKs add. */
const ALLOWED_HEADERS =
  'authorization, x-api-key, content-type, accept, anthropic-version, anthropic-beta, anthropic-dangerous-direct-browser-access, openai-beta, x-session-id, x-stainless-arch, x-stainless-lang, x-stainless-os, x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, x-stainless-timeout, x-stainless-helper-method'

const EXPOSED_HEADERS = 'x-request-id, request-id, retry-after, x-should-retry, x-punku-upstream'

const PREFLIGHT_SECONDS = '600'

/**
 * The flat header pairs that let a page of `origin` read the answer; none without an origin. Throws
 * `origin_not_allowed` for a page the owner has not named: a stranger's page must not use a visitor's network.
 */
export function corsHeaders(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): string[] {
  if (origin === undefined) return []
  refuseForeignOrigin(origin, host, allowed)
  return ['access-control-allow-origin', origin, 'vary', 'origin', 'access-control-expose-headers', EXPOSED_HEADERS]
}

/** Answers a browser's preflight, which carries no key; false when the request is none. */
export function answerPreflight(exchange: Exchange, headers: HeaderView): boolean {
  if (headers.get('origin') === undefined || headers.get('access-control-request-method') === undefined) return false
  exchange.status = 204
  exchange.res.writeHead(204, [
    ...exchange.extraHeaders,
    'access-control-allow-methods',
    'GET, HEAD, POST, DELETE',
    'access-control-allow-headers',
    ALLOWED_HEADERS,
    'access-control-max-age',
    PREFLIGHT_SECONDS,
  ])
  exchange.res.end()
  exchange.complete()
  return true
}
