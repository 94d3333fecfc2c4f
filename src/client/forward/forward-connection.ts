import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { GatewayAddress } from '../../http-client/gateway-address.ts'

/** How a connection to a gateway is opened. */
export interface ForwardConnectionOptions {
  readonly address: GatewayAddress
  /** Until it stands, proxy and TLS included, milliseconds. */
  readonly connectTimeoutMs: number
  readonly clock: Pick<Clock, 'after'>
}

/**
 * Opens a connection to the gateway by the way that its address knows. `signal` gives up while it does not stand.
 * @throws GatewayError
 */
export async function openForwardConnection(
  { address, connectTimeoutMs, clock }: ForwardConnectionOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const giveUp = new AbortController()
  const onAbort = (): void => giveUp.abort()
  signal.addEventListener('abort', onAbort)
  let isLate = false
  using _limit = clock.after(connectTimeoutMs, () => {
    isLate = true
    giveUp.abort()
  })
  const way = await address.way(giveUp.signal)
  try {
    return await way.connect()
  } catch (thrown) {
    if (!isLate) throw thrown
    const seconds = connectTimeoutMs / 1_000
    throw way.late(
      `The gateway cannot be reached: nothing answered within ${seconds} s. Check that it runs and that this machine is online.`,
    )
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
