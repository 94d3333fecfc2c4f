import { isOutOfFiles } from '../core/open-files.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import { speaksNoTls } from './tls-mismatch.ts'

/** Why a connection to `address` never came to be, from what the socket, the resolver or TLS said. */
export function connectFailure(cause: Error & { readonly code?: unknown }, address: string): UpstreamFailure {
  if (isOutOfFiles(cause)) {
    return new UpstreamFailure('exhausted', `no file is left to open for a connection to ${address}`, { cause })
  }
  if (cause.code === 'ERR_IP_BLOCKED') {
    const why =
      "is, or leads to, a link-local address or a cloud's metadata service, to which no upstream of the API may lead"
    return new UpstreamFailure('unreachable', `${address} ${why}: its owner may name it in the configuration file`, {
      cause,
    })
  }
  if (cause.code === 'ECONNREFUSED') return new UpstreamFailure('refused', `nothing listens on ${address}`, { cause })
  if (speaksNoTls(cause)) {
    const message = `what answers at ${address} speaks no TLS, and its URL begins with https://: write it with http://, or check the port`
    return new UpstreamFailure('unreachable', message, { cause, speaks: 'http' })
  }
  const why = typeof cause.code === 'string' ? cause.code : cause.message
  return new UpstreamFailure('unreachable', `no connection to ${address}: ${why}`, { cause })
}
