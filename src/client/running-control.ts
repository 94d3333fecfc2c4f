import { ControlClient, type ControlFetch } from '../contract/client.ts'
import { type ControlAccess, withOrg } from '../contract/control-access.ts'
import { PunkuError } from '../core/error.ts'
import { NoAnswer, type OwnerSocket, openOwnerSocket } from '../system/owner-socket.ts'

/** A gateway that is suspended accepts and never answers. Sums over a large database take seconds, not this long. */
const ANSWER_TIMEOUT_MS = 30_000

export interface RunningControlOptions {
  /** The state folder. */
  readonly home: string
  /** The id or slug of the org that is meant. Default: `default`. */
  readonly org?: string | undefined
  /** How long the gateway may stay silent before a call fails with `gateway_not_running`. Default: 30 s. */
  readonly answerTimeoutMs?: number
}

/**
 * Reaches the control API of the gateway that runs with a state folder; `undefined` when none does: nothing is opened
 * or made then.
 * @throws ConfigError when its socket cannot be used.
 */
export async function openRunningControl({
  home,
  org,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
}: RunningControlOptions): Promise<ControlAccess | undefined> {
  const socket = await openOwnerSocket({ home, name: 'gateway', answerTimeoutMs })
  if (socket === undefined) return undefined
  return {
    client: new ControlClient(overSocket(socket, org)),
    isLive: true,
    url: undefined,
    [Symbol.asyncDispose]: async () => {},
  }
}

function overSocket(socket: OwnerSocket, org: string | undefined): ControlFetch {
  return async (path, init) => {
    try {
      return await socket.fetch(path, withOrg(init, org))
    } catch (cause) {
      if (!(cause instanceof NoAnswer)) throw cause
      throw new PunkuError(
        'gateway_not_running',
        cause.isSilent
          ? 'The gateway accepts commands but does not answer: it may be suspended. A change may still happen: look before you try again.'
          : 'The gateway stopped before it answered. Start it and try again.',
        { cause },
      )
    }
  }
}
