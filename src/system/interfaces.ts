import { BlockList, isIPv4 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

/** The machine's interfaces with their addresses, as `networkInterfaces()` of `node:os` gives them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** Where Tailscale numbers its machines: https://tailscale.com/kb/1015/100.x-addresses */
const TAILSCALE = addressRanges(['100.64.0.0', 10], ['fd7a:115c:a1e0::', 48])

/** Whether the address is Tailscale's: in its range, and on an interface it makes. Others use the range too. */
export function isTailscale(interfaceName: string, address: string): boolean {
  return /^(tailscale|utun)/i.test(interfaceName) && contains(TAILSCALE, address)
}

/** Whether what is sent there is encrypted on its way by an overlay network: Tailscale, WireGuard, ZeroTier. */
export function isOverlay(interfaceName: string, address: string): boolean {
  return isTailscale(interfaceName, address) || /^(wg\d|zt[a-z0-9]{8})/.test(interfaceName)
}

/** Whether Docker made the bridge: `br-` and 12 hex digits. `br-lan` and `br0` are local networks and do not count. */
export function isDockerBridge(interfaceName: string): boolean {
  return /^(docker0|br-[0-9a-f]{12})$/.test(interfaceName)
}

/** Whether a container engine (Docker, Podman) made the bridge. */
export function isContainerBridge(interfaceName: string): boolean {
  return isDockerBridge(interfaceName) || /^podman\d+$/.test(interfaceName)
}

/** Every address with its interface. Link-local IPv6 ones are left out: they mean nothing without a zone, which URLs lack. */
export function listAddresses(interfaces: Interfaces): readonly { interfaceName: string; address: string }[] {
  return Object.entries(interfaces).flatMap(([interfaceName, infos]) =>
    (infos ?? [])
      .filter(({ address }) => !/^fe[89ab]/i.test(address))
      .map(({ address }) => ({ interfaceName, address })),
  )
}

function addressRanges(...ranges: readonly [string, number][]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, familyOf(address))
  return list
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}
