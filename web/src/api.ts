import { type CallAnswer, type CallArguments, ControlClient, refusalOf } from '../../src/contract/client.ts'
import { ControlError } from '../../src/contract/control-error.ts'
import type { OperationName } from '../../src/contract/operations.ts'

const client = new ControlClient(reach)

/**
 * Calls an operation of the contract.
 *
 *     await api('changeKey', { params: { key: id }, body: { version, name } })
 *
 * @throws {ControlError} for whatever is refused, and `unreachable` when no answer comes; an aborted call throws its own
 *   `AbortError`
 */
export function api<Name extends OperationName>(name: Name, ...input: CallArguments<Name>): Promise<CallAnswer<Name>> {
  return client.call(name, ...input)
}

/** Whether what was thrown says that nobody is signed in. */
export function isSignedOut(thrown: unknown): thrown is ControlError {
  return thrown instanceof ControlError && thrown.code === 'not_signed_in'
}

/** A fetch to this gateway with the session's cookie. @throws {ControlError} for any answer but a success. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await reach(path, init)
  if (response.ok) return response
  throw await refusalOf(response)
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: 'same-origin' })
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown
    throw new ControlError({
      code: 'unreachable',
      status: 0,
      detail: 'The gateway does not answer. Look whether it runs, and whether this machine is on the network.',
    })
  }
}
