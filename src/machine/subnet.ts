import { isIPv4 } from 'node:net'
import { type Interfaces, isContainerBridge } from '../system/interfaces.ts'

/** An IPv4 address of this machine and the network around it. */
export interface LocalSubnet {
  readonly interfaceName: string
  readonly address: string
  /** As in `172.17.0.0/16`. */
  readonly subnet: string
  /** A container engine made it: Docker, Podman, or a Kubernetes on this machine. */
  readonly isOfContainers: boolean
}

/** The networks around this machine's IPv4 addresses, loopback left out. */
export function localSubnets(interfaces: Interfaces): readonly LocalSubnet[] {
  return Object.entries(interfaces).flatMap(([interfaceName, infos]) =>
    (infos ?? []).flatMap(({ address, cidr, internal }) => {
      if (internal || cidr === null || !isIPv4(address)) return []
      const isOfContainers = isContainerBridge(interfaceName) || /^cni(?:-podman)?\d+$/.test(interfaceName)
      return [{ interfaceName, address, subnet: subnetOf(address, Number(cidr.split('/')[1])), isOfContainers }]
    }),
  )
}

function subnetOf(address: string, prefix: number): string {
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - prefix)
  const first = Math.floor(bits / size) * size
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256)
  return `${parts.join('.')}/${prefix}`
}
