import { connect } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { HopFinding } from '../diagnosis/walk.ts'
import { exposureFix } from '../servers/exposure-fix.ts'
import type { Interfaces } from '../system/interfaces.ts'
import { containerProbe } from './container-probe.ts'
import { type GuardedServer, isOnThisMachine, portOf } from './exposure-look.ts'
import { type FindFirewallOptions, findFirewall } from './firewall.ts'
import { portsFor } from './firewall-look.ts'
import { type LocalSubnet, localSubnets } from './subnet.ts'

const TIMEOUT_MS = 2_000

export interface ContainersLookOptions extends FindFirewallOptions {
  readonly servers: readonly GuardedServer[]
  /** Where the gateway listens; none beside an agent. */
  readonly listeners: readonly { readonly host: string; readonly port: number }[]
  readonly interfaces: Interfaces
  readonly clock: Clock
  /** Whether a container may be started for a moment, from an image that is there already. Nothing is fetched. */
  readonly mayStartContainer: boolean
}

/** Whether containers of this machine reach the gateway, and do not reach the model server past it. */
export async function lookAtContainers(options: ContainersLookOptions): Promise<HopFinding> {
  const { interfaces, listeners, platform } = options
  const servers = options.servers.filter(({ url }) => isOnThisMachine(url, interfaces))
  const bridges = localSubnets(interfaces).filter(({ isOfContainers }) => isOfContainers)
  if (bridges.length === 0) return { state: 'skipped', said: 'There is no network of containers on this machine.' }
  for (const { address, interfaceName } of bridges) {
    const own = portsFor({ address, interfaceName, subnet: '', isOfContainers: true }, listeners)
    for (const { label, url, server } of servers) {
      const port = portOf(url)
      if (own.some((one) => one.port === port) || !(await accepts({ address, port }, options.clock))) continue
      return {
        state: 'warning',
        said: `Containers reach the model server ${label} at ${address}:${port} (${interfaceName}), past the gateway and without a key.`,
        advice: `${exposureFix({ server, port }, platform)} Containers then ask the gateway: add docker to listen.`,
      }
    }
  }
  return await lookAtListener(bridges, options)
}

async function lookAtListener(bridges: readonly LocalSubnet[], options: ContainersLookOptions): Promise<HopFinding> {
  const { listeners, clock, run, mayStartContainer } = options
  const [place] = bridges.flatMap((bridge) => portsFor(bridge, listeners).map((open) => ({ bridge, open })))
  if (place === undefined) {
    if (listeners.length === 0) return { state: 'ok', said: 'Containers do not reach the model server.' }
    return { state: 'ok', said: 'Containers do not reach the model server, nor the gateway: it listens on no bridge.' }
  }
  const { bridge, open } = place
  const address = { address: bridge.address, port: open.port }
  const text = `${bridge.address}:${open.port}`
  if (!(await accepts(address, clock))) {
    return {
      state: 'warning',
      said: `The gateway does not answer at ${text}, where containers of ${bridge.interfaceName} would reach it.`,
      advice: 'Start the gateway again: the bridge may have come, or got another address, after it.',
    }
  }
  const fromInside = mayStartContainer ? await containerProbe(run, bridge.interfaceName, address) : undefined
  if (fromInside === 'refused') {
    const firewall = await findFirewall(options)
    const line = await firewall?.lineFor(open)
    return {
      state: 'warning',
      said: `A container of ${bridge.interfaceName} does not reach the gateway at ${text}: a firewall drops it.`,
      advice: line ?? `Let ${open.subnet} in at port ${open.port}, in the firewall of this machine.`,
    }
  }
  const how = fromInside === 'reached' ? ', tried from inside of one' : ''
  return { state: 'ok', said: `Containers reach the gateway at ${text}${how}, and not the model server.` }
}

/** Whether a connection from the bridge's own address stands there. */
function accepts({ address, port }: { address: string; port: number }, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, localAddress: address })
    const finish = (isAccepted: boolean): void => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(isAccepted)
    }
    const timer = clock.after(TIMEOUT_MS, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.on('error', () => finish(false))
  })
}
