import { isLoopbackAddress } from '../core/loopback.ts'
import type { HopFinding } from '../diagnosis/walk.ts'
import type { Interfaces } from '../system/interfaces.ts'
import { type FindFirewallOptions, findFirewall, type OpenPort } from './firewall.ts'
import { type LocalSubnet, localSubnets } from './subnet.ts'

/** A machine with many networks is not worth many lines. */
const MAX_LINES = 3

export interface FirewallLookOptions extends FindFirewallOptions {
  /** Where the gateway listens. */
  readonly listeners: readonly { readonly host: string; readonly port: number }[]
  readonly interfaces: Interfaces
}

/** Whether a firewall of this machine keeps out those for whom the gateway listens. Nothing of it is changed. */
export async function lookAtFirewall(options: FirewallLookOptions): Promise<HopFinding> {
  const { listeners, interfaces, platform } = options
  const open = localSubnets(interfaces).flatMap((subnet) => portsFor(subnet, listeners))
  if (open.length === 0) {
    return { state: 'skipped', said: 'The gateway listens for this machine alone: no firewall stands before it.' }
  }
  if (platform !== 'linux' && platform !== 'darwin') {
    return { state: 'skipped', said: 'The firewall of this system is not looked at.' }
  }
  const firewall = await findFirewall(options)
  if (firewall === undefined) return { state: 'ok', said: 'No firewall that is known here is switched on.' }
  const seen = await Promise.all(open.map(async (one) => ({ one, isLet: await firewall.lets(one) })))
  const shut = seen.filter(({ isLet }) => isLet !== true)
  if (shut.length === 0) return { state: 'ok', said: `The firewall (${firewall.name}) lets clients in.` }
  const lines = await Promise.all(shut.slice(0, MAX_LINES).map(({ one }) => firewall.lineFor(one)))
  const places = shut.map(({ one }) => `port ${one.port} from ${one.subnet}`).join(', ')
  const isKnown = shut.some(({ isLet }) => isLet === false)
  return {
    state: 'warning',
    said: isKnown
      ? `The firewall (${firewall.name}) has no rule that lets in ${places}.`
      : `A firewall (${firewall.name}) is switched on, and only an administrator sees whether it lets in ${places}.`,
    advice: `Where clients there are to be let in: ${[...new Set(lines)].join(' ; ')}`,
  }
}

/** The ports that a network around this machine finds open. */
export function portsFor(
  { address, interfaceName, subnet }: LocalSubnet,
  listeners: FirewallLookOptions['listeners'],
): readonly OpenPort[] {
  return listeners
    .filter(({ host }) => !isLoopbackAddress(host) && (host === address || host === '0.0.0.0' || host === '::'))
    .map(({ port }) => ({ interfaceName, subnet, port }))
}
