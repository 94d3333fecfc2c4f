import type { TestGateway } from '../support/gateway.ts'

/** Resolves once `isTrue()` holds, looking again each time all sockets of this process have had their turn. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Resolves once every exchange of the gateway has ended: its rows are then complete. */
export function settled(gateway: TestGateway): Promise<void> {
  return until(() => gateway.parts.gateway.liveExchanges === 0)
}
