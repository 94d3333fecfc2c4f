import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { GatewayError } from '../agent/gateway-error.ts'
import type { GatewayPlace } from '../agent/gateway-place.ts'
import { SOFTWARE } from '../core/version.ts'

/** Until the answer's head is there. Sums over a large database take seconds, not this long. */
const TIMEOUT_MS = 30_000

export interface GatewayRequest {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Until the answer's head is there. Default: 30 s. */
  readonly timeoutMs?: number
}

/**
 * Sends a request to a gateway elsewhere, by the way that the place knows. No redirect is followed: a token would go
 * along.
 * @throws GatewayError when there is no answer.
 */
export function gatewayFetch(
  place: GatewayPlace,
  path: string,
  { method, headers = {}, body, timeoutMs = TIMEOUT_MS }: GatewayRequest,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const way = place.way(signal)
    const url = place.endpoint(path)
    const content = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(url, {
      method,
      agent: way.agent,
      headers: { ...headers, ...content, 'user-agent': SOFTWARE },
    })
    const giveUp = () => request.destroy(new GatewayError('unreachable', 'The gateway did not answer in time.'))
    signal.addEventListener('abort', giveUp)
    request.on('error', (error) => {
      signal.removeEventListener('abort', giveUp)
      reject(error instanceof GatewayError ? error : (way.refusal() ?? way.explain(error)))
    })
    request.on('response', (response) => {
      signal.removeEventListener('abort', giveUp)
      const refused = way.refusal()
      if (refused === undefined) resolve(answerOf(response))
      else {
        request.destroy()
        reject(refused)
      }
    })
    request.end(body)
  })
}

function answerOf(response: IncomingMessage): Response {
  const status = response.statusCode ?? 0
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headersDistinct)) {
    for (const text of value ?? []) headers.append(name, text)
  }
  const hasBody = status !== 204 && status !== 304
  if (!hasBody) response.resume()
  return new Response(hasBody ? (Readable.toWeb(response) as ReadableStream) : null, { status, headers })
}
