import { UpstreamFailure } from '../core/upstream-failure.ts'

/** Why a connection to `address` never came to be, from what the socket, the resolver or TLS said. */
export function connectFailure(cause: Error & { readonly code?: unknown }, address: string): UpstreamFailure {
  if (cause.code === 'ECONNREFUSED') return new UpstreamFailure('refused', `nothing listens on ${address}`, { cause })
  const why = typeof cause.code === 'string' ? cause.code : cause.message
  return new UpstreamFailure('unreachable', `no connection to ${address}: ${why}`, { cause })
}
