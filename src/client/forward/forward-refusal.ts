import { PunkuError } from '../../core/error.ts'
import { newRequestId } from '../../core/id.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import { DIALECTS, dialectOf } from '../../dialects/dialects.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import type { ConnectionFault } from '../../http-server/request-server.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'

/** Answers a request with an error, in the form that clients of its path read. Its reply has not begun. */
export function refuseRequest({ target, headers, reply }: ServerRequest, error: PunkuError): void {
  const path = target.split('?', 1)[0] as string
  const name = dialectOf(path, headers.get('anthropic-version') !== undefined, headers.get('user-agent'))
  const dialect = DIALECTS[name]
  const status = 'statusOf' in dialect ? (dialect.statusOf?.(error) ?? error.status) : error.status
  const requestId = newRequestId()
  const fields = ['content-type', 'application/json', 'x-content-type-options', 'nosniff', 'x-request-id', requestId]
  reply.send(status, [...fields, 'x-should-retry', String(error.isRetryable)], dialect.renderError(error, requestId))
}

/** Why the gateway did not answer, for the program that asked and whoever reads its output. */
export function gatewayAway(url: string, thrown: Error): PunkuError {
  if (thrown instanceof GatewayError)
    return new PunkuError('gateway_not_running', `Punku asked ${url}: ${thrown.message}`)
  if (!(thrown instanceof UpstreamFailure)) {
    return new PunkuError('internal', 'Punku failed to forward this request. Its log has the cause.', { cause: thrown })
  }
  const { code } = thrown
  if (code === 'invalid') {
    return new PunkuError(
      'upstream_invalid',
      `What answers at ${url} is no gateway: it speaks no HTTP/1.1 that is read here.`,
    )
  }
  if (code === 'reset' || code === 'interrupted') {
    return new PunkuError('upstream_reset', `The gateway ${url} closed the connection before it answered. Ask again.`)
  }
  return new PunkuError(
    'gateway_not_running',
    `The gateway ${url} cannot be reached. Check that it runs and that this machine is online.`,
  )
}

/** Why what came on a connection is no request. */
export function unreadable(fault: ConnectionFault): PunkuError {
  switch (fault) {
    case 'head_too_large':
      return new PunkuError('headers_too_large', 'The head of the request is larger than is read here.')
    case 'timed_out':
      return new PunkuError('request_timeout', 'The head of the request did not come in time.')
    case 'tls':
      return new PunkuError('invalid_request', 'This port speaks plain HTTP: begin the URL with http://.')
    default:
      return new PunkuError('invalid_request', 'What came is not valid HTTP/1.1.')
  }
}

/** An answer for which there is no request, with which its connection ends. */
export function bareRefusal(error: PunkuError): Buffer {
  const body = DIALECTS.openai.renderError(error, newRequestId())
  const head = `HTTP/1.1 ${error.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`
  return Buffer.from(head + body)
}
