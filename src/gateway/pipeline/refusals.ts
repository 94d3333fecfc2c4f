import { PunkuError } from '../../core/error.ts'
import { isTlsRecord } from '../../core/tls-record.ts'

/** What Node tells of a request that is none. */
export interface BrokenInput {
  readonly code?: string | undefined
  readonly rawPacket?: Buffer | undefined
}

/** What Node's parser refused, by its code, and by the bytes that it could not read. */
export function brokenRequest({ code, rawPacket }: BrokenInput): PunkuError {
  if (isTlsRecord(rawPacket)) {
    return new PunkuError(
      'invalid_request',
      'This port speaks plain HTTP, and was spoken to in TLS. Use http://, not https://.',
    )
  }
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

/** Plain HTTP, where TLS is spoken. */
export const plainOnTls = () =>
  new PunkuError('invalid_request', 'This port speaks TLS, and was spoken to in plain HTTP. Use https://, not http://.')

/** The gateway is about to stop. */
export const shuttingDown = (message: string) => new PunkuError('shutting_down', message, { retryAfterMs: 5_000 })

const NO_PROXY =
  'This is the Punku gateway, and no proxy: it leads nowhere but to its model servers. Take it out of http_proxy, https_proxy and all_proxy (or name the host in NO_PROXY), and give the client its URL as the base URL of the API.'

/** CONNECT, by who takes the gateway for a proxy. */
export const noProxy = () =>
  new PunkuError('method_not_allowed', NO_PROXY, { allowedMethods: ['GET', 'HEAD', 'POST', 'DELETE'] })

/** A whole URL in place of a path (RFC 9112, section 3.2.2), by who takes the gateway for a proxy. */
export const noProxyFor = () => new PunkuError('invalid_request', NO_PROXY)
