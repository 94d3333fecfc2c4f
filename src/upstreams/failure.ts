import { PunkuError } from '../core/error.ts'
import type { UpstreamFailure } from '../core/upstream-failure.ts'

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
        'The model server cannot be reached from the gateway. Check that its machine is on and its address is right, and behind a tunnel that its agent is connected.',
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
