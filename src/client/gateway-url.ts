import { PunkuError } from '../core/error.ts'
import { isLoopbackHost } from '../core/loopback.ts'

/** Where an agent finds its gateway. */
export interface GatewayUrl {
  /** `http` or `https`, authority and base path, without a trailing slash. */
  readonly url: string
  /** What is sent there can be read on the way: no TLS, and not this machine. */
  readonly isReadable: boolean
}

/**
 * The gateway's address as a person gives it: `https://`, or `http://` for this machine; `wss://` and `ws://` mean the
 * same. Trailing slashes are cut, and so is the path of the dashboard.
 * @throws PunkuError `invalid_request` when it is none, or when it is readable on the way and `allowPlainHttp` is not set.
 */
export function parseGatewayUrl(text: string, { allowPlainHttp }: { readonly allowPlainHttp: boolean }): GatewayUrl {
  const url = URL.parse(text.replace(/^ws(s?):/i, 'http$1:'))
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      "The gateway's address begins with https://, as in https://gateway.example.org, or, on this machine, with http://, as in http://127.0.0.1:11435.",
    )
  }
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    throw invalid(
      "The gateway's address is scheme, host and perhaps a path: leave out user, password, query and fragment.",
    )
  }
  const isReadable = url.protocol === 'http:' && !isLoopbackHost(url.hostname)
  if (isReadable && !allowPlainHttp) {
    throw invalid(
      'Over http:// the credential for the gateway, and all that goes to it and comes back, could be read on the way. Give the https:// address; where nobody else is on that network, --allow-plain-http lets it through.',
    )
  }
  return { url: url.origin + gatewayPath(url.pathname), isReadable }
}

/**
 * Where a gateway begins, of a path that may be its dashboard's, as it is copied from a browser, or that of an API, as tools
 * are given it.
 */
export function gatewayPath(path: string): string {
  return path
    .replace(/\/ui(?:\/.*)?$/, '')
    .replace(/\/+$/, '')
    .replace(/\/(?:v1|api)$/, '')
    .replace(/\/+$/, '')
}

function invalid(message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param: 'gateway' })
}
