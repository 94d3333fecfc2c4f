import { PunkuError } from '../../core/error.ts'
import type { ConnectionFault } from '../../http-server/request-server.ts'
import { routeLabel, type ServedRoute } from '../../servers/route-table.ts'

/** What came is no request, or did not come in time. */
export function brokenRequest(fault: ConnectionFault): PunkuError {
  switch (fault) {
    case 'tls':
      return new PunkuError(
        'invalid_request',
        'This port speaks plain HTTP, and was spoken to in TLS. Use http://, not https://.',
      )
    case 'head_too_large':
      return new PunkuError(
        'headers_too_large',
        'The request head is larger than the gateway takes (limits.headerBytes).',
      )
    case 'timed_out':
      return new PunkuError(
        'request_timeout',
        'The request took longer to arrive than the gateway waits. Send it again.',
      )
    default:
      return new PunkuError(
        'invalid_request',
        'This is not a well-formed HTTP/1.1 request, or it frames its body in two ways.',
      )
  }
}

/** Plain HTTP, where TLS is spoken. */
export const plainOnTls = () =>
  new PunkuError('invalid_request', 'This port speaks TLS, and was spoken to in plain HTTP. Use https://, not http://.')

/** A WebSocket, by a client that could as well ask over HTTP. */
export const noWebSocket = () =>
  new PunkuError(
    'upgrade_refused',
    'This gateway speaks no WebSocket to clients: it answers over plain HTTP, streams too. Switch WebSockets off in the client; in Codex that is `supports_websockets = false` of its model provider.',
    { spokenProtocol: 'HTTP/1.1' },
  )

/** More is under way than one core can pass on. */
export const tooBusy = () =>
  new PunkuError(
    'overloaded',
    'The gateway has more answers to pass on than it can. Ask again in a few seconds; its owner can raise limits.loopDelay.',
    { retryAfterMs: 2_000 },
  )

/** The gateway is about to stop. */
export const shuttingDown = (message: string) => new PunkuError('shutting_down', message, { retryAfterMs: 5_000 })

const NO_PROXY =
  'This is the Punku gateway, and no proxy: it leads nowhere but to its model servers. Take it out of http_proxy, https_proxy and all_proxy (or name the host in NO_PROXY), and give the client its URL as the base URL of the API.'

/** CONNECT, by who takes the gateway for a proxy. */
export const noProxy = () =>
  new PunkuError('method_not_allowed', NO_PROXY, { allowedMethods: ['GET', 'HEAD', 'POST', 'DELETE'] })

/** A whole URL in place of a path (RFC 9112, section 3.2.2), by who takes the gateway for a proxy. */
export const noProxyFor = () => new PunkuError('invalid_request', NO_PROXY)

/** A request that its model server serves on another route alone, to which its owner has nothing put. */
export function notTranslated(route: ServedRoute): PunkuError {
  return new PunkuError(
    'route_not_served',
    `The model server does not serve ${routeLabel(route)}, and its owner has turned translation off for this model (models[].translate).`,
  )
}
