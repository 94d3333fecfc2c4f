import type { TestGateway } from '../support/gateway.ts'

/** Resolves once `isTrue()` holds, looking again each time all sockets of this process have had their turn. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    // What takes longer than some turns is done by others, who need the processor.
    await new Promise<void>((resolve) => (turns < 100 ? setImmediate(resolve) : setTimeout(resolve, 1)))
  }
}

/** Resolves once every exchange of the gateway has ended: its rows are then complete. */
export function settled(gateway: TestGateway): Promise<void> {
  return until(() => gateway.parts.gateway.liveExchanges === 0)
}
