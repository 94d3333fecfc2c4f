import { PunkuError } from '../core/error.ts'

/**
 * How an exchange with an upstream went wrong below HTTP.
 * - `refused`: nothing listens there.
 * - `unreachable`: no name, no route, no answer in time, no TLS.
 * - `reset`: the connection ended before the response's head was whole.
 * - `interrupted`: the connection ended in the middle of a response's body.
 * - `invalid`: what came was not HTTP/1.1 as this gateway accepts it.
 * - `aborted`: our own side gave up without naming a reason.
 */
export type FailureCode = 'refused' | 'unreachable' | 'reset' | 'interrupted' | 'invalid' | 'aborted'

/** An exchange that failed below HTTP. The message is for the log: it may name addresses. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Why a connection to `address` never came to be, from what the socket, the resolver or TLS said. */
export function connectFailure(cause: Error & { readonly code?: unknown }, address: string): UpstreamFailure {
  if (cause.code === 'ECONNREFUSED') return new UpstreamFailure('refused', `nothing listens on ${address}`, { cause })
  const why = typeof cause.code === 'string' ? cause.code : cause.message
  return new UpstreamFailure('unreachable', `no connection to ${address}: ${why}`, { cause })
}

/** The failure as the caller of the gateway may read it; the failure itself goes to the log as its cause. */
export function upstreamError(failure: UpstreamFailure): PunkuError {
  const options = { cause: failure, detail: { failure: failure.message } }
  switch (failure.code) {
    case 'refused':
      return new PunkuError(
        'upstream_refused',
        'The model server refused the connection: it is not running, or listens elsewhere. Start it and ask again.',
        options,
      )
    case 'unreachable':
      return new PunkuError(
        'upstream_unreachable',
        'The model server cannot be reached from the gateway. Check that its machine is on and its address is right.',
        options,
      )
    case 'reset':
      return new PunkuError(
        'upstream_reset',
        'The model server closed the connection before it answered. It may have crashed or restarted; see its log.',
        options,
      )
    case 'interrupted':
      return new PunkuError(
        'upstream_interrupted',
        'The model server closed the connection in the middle of its answer. What came before is incomplete.',
        options,
      )
    case 'invalid':
      return new PunkuError(
        'upstream_invalid',
        'The model server answered with something that is not valid HTTP. Check that the address is that of a model server.',
        options,
      )
    case 'aborted':
      return new PunkuError('client_closed', 'The request was cancelled before the answer was complete.', options)
  }
}
