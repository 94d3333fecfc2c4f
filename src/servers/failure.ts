import { PunkuError, type PunkuErrorOptions } from '../core/error.ts'
import type { UpstreamFailure } from '../core/upstream-failure.ts'

/** By then some exchanges have ended. */
const RETRY_AFTER_MS = 2_000

/**
 * The failure as the caller of the gateway may read it; the failure itself goes to the log as its cause.
 * @param hasBegun whether something of an answer had come; a link can break before
 */
export function upstreamError(failure: UpstreamFailure, hasBegun = true): PunkuError {
  const options = { cause: failure, detail: { failure: failure.message } }
  if (failure.speaks !== undefined) return otherScheme(failure.speaks, options)
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
        'The model server cannot be reached from the gateway. Check that its machine is on and its address is right, and behind a tunnel that its agent is connected.',
        options,
      )
    case 'exhausted':
      return outOfFiles(options)
    case 'reset':
      return new PunkuError(
        'upstream_reset',
        'The model server closed the connection before it answered. It may have crashed or restarted, or it speaks TLS and its URL begins with http://; see its log.',
        options,
      )
    case 'interrupted':
      if (!hasBegun) return endedBefore(options)
      return new PunkuError(
        'upstream_interrupted',
        'The connection to the model server ended in the middle of its answer. What came before is incomplete.',
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

/** It speaks TLS and its URL says it does not, or the other way round. */
function otherScheme(speaks: 'http' | 'https', options: PunkuErrorOptions): PunkuError {
  const [what, scheme, other] = speaks === 'http' ? ['no TLS', 'https', 'http'] : ['TLS', 'http', 'https']
  return new PunkuError(
    speaks === 'http' ? 'upstream_unreachable' : 'upstream_invalid',
    `What answers at the address of the model server speaks ${what}, and its URL begins with ${scheme}://. Its owner writes it with ${other}://, or mends the port.`,
    options,
  )
}

/** No connection to a model server could be opened, for a reason that is none of the server's. */
export function outOfFiles(options: Omit<PunkuErrorOptions, 'retryAfterMs'>): PunkuError {
  return new PunkuError(
    'overloaded',
    'The gateway has as many files and connections open as its system allows it, and no other one to the model server can be opened. Ask again in a few seconds; its owner can raise the limit.',
    { ...options, retryAfterMs: RETRY_AFTER_MS },
  )
}

/** Of an answer that has not begun, nothing that came before can be incomplete. */
function endedBefore(options: PunkuErrorOptions): PunkuError {
  return new PunkuError(
    'upstream_interrupted',
    'The way to the model server ended before an answer came: it was removed here, or the link to its agent broke and was not back in time. Check that its machine is on and awake, and ask again.',
    options,
  )
}
