import type { ControlAccess } from '../contract/control-access.ts'
import type { StatusBody } from '../contract/gateway.ts'

/** Where a gateway is reached. */
export type GatewayStanding = Pick<StatusBody, 'addresses' | 'publicUrl'>

/**
 * Where the gateway that was reached is found by its clients; `undefined`: none runs. Of one elsewhere that is where it was
 * reached: its status is for system admins alone, and may name addresses that only its own machine can open.
 */
export async function standingOf({ client, isLive, url }: ControlAccess): Promise<GatewayStanding | undefined> {
  if (url !== undefined) return { addresses: [url], publicUrl: null }
  return isLive ? await client.call('status') : undefined
}

/**
 * What to mind where only the gateway's own machine can open `address`.
 * @param who what the sentence says of whoever opens it, behind "If": `that is`
 */
export function noteForOthers(address: string, who: string): string {
  return `If ${who} another machine, put the address at which it reaches this gateway in the place of ${address}.`
}
