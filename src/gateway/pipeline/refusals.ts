import { PunkuError } from '../../core/error.ts'

/** What Node's parser refused, by its code. */
export function brokenRequest(code: string | undefined): PunkuError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new PunkuError(
        'headers_too_large',
        'The request head is larger than the gateway takes (limits.headerBytes).',
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
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

/** The gateway is about to stop. */
export const shuttingDown = (message: string) => new PunkuError('shutting_down', message, { retryAfterMs: 5_000 })

/** CONNECT, by who takes the gateway for a proxy. */
export const noProxy = () =>
  new PunkuError(
    'method_not_allowed',
    'This gateway is no proxy and takes no CONNECT. Give the client its URL as the base URL of the API.',
    { allowedMethods: ['GET', 'HEAD', 'POST', 'DELETE'] },
  )
