import type { ServerResponse } from 'node:http'
import type { PunkuError } from '../core/error.ts'
import type { Dialect } from '../dialects/dialect.ts'

/** Up to here head and body leave in one write. */
const MAX_JOINED_BYTES = 65_536

const JSON_TYPE = 'application/json; charset=utf-8'

/** The two names under which SDKs look for the id of a request (OpenAI's and Anthropic's), as flat header pairs. */
export function requestIdHeaders(requestId: string): string[] {
  return ['x-request-id', requestId, 'request-id', requestId]
}

/**
 * Sends a whole answer with its length. `headers` are flat name and value pairs. Nothing is sent twice: the caller
 * makes sure that the head has not gone out.
 */
export function sendWhole(res: ServerResponse, status: number, headers: string[], body: string | Buffer): number {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  headers.push('content-length', String(length))
  res.writeHead(status, headers)
  if (res.req.method === 'HEAD') {
    res.end()
    return 0
  }
  if (typeof body !== 'string' && length > MAX_JOINED_BYTES) {
    res.end(body)
    return length
  }
  // As text, Node puts it into the same write as the head. At the end of this turn of the loop, with all other answers
  // of it: sent one by one in between, each would wake the client's processor anew, which costs more than the answer.
  const text = typeof body === 'string' ? body : body.toString('latin1')
  setImmediate(() => res.end(text, typeof body === 'string' ? 'utf8' : 'latin1'))
  return length
}

/** Sends `value` as JSON; returns the body's bytes. */
export function sendJson(res: ServerResponse, status: number, headers: string[], value: unknown): number {
  headers.push('content-type', JSON_TYPE)
  return sendWhole(res, status, headers, JSON.stringify(value))
}

/** Sends an error as a whole answer in the dialect's shape, with what both official SDKs read; returns body bytes. */
export function sendError(
  res: ServerResponse,
  dialect: Dialect,
  error: PunkuError,
  requestId: string,
  extraHeaders: readonly string[],
): number {
  const headers = requestIdHeaders(requestId)
  headers.push('content-type', JSON_TYPE, 'x-should-retry', String(error.isRetryable))
  if (error.retryAfterMs !== undefined) headers.push('retry-after', String(Math.ceil(error.retryAfterMs / 1_000)))
  if (error.status === 401) headers.push('www-authenticate', 'Bearer realm="punku"')
  for (const text of extraHeaders) headers.push(text)
  return sendWhole(res, error.status, headers, dialect.renderError(error, requestId))
}
