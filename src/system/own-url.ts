import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { isLoopbackAddress } from '../core/loopback.ts'

/** Where this machine and the gateway on it are reached. */
export interface OwnAddresses {
  /** Where the gateway listens. */
  readonly listeners: readonly { readonly host: string; readonly port: number }[]
  /** The machine's addresses. */
  readonly addresses: readonly string[]
  /** Where the gateway is reached from elsewhere; `undefined`: nowhere that was told. */
  readonly publicUrl: string | undefined
}

/** Whether a URL leads to the gateway itself. A name that cannot be looked up leads nowhere. */
export async function isOwnUrl(text: string, { listeners, addresses, publicUrl }: OwnAddresses): Promise<boolean> {
  const { origin, hostname, protocol, port } = new URL(text)
  if (publicUrl !== undefined && new URL(publicUrl).origin === origin) return true
  const wantedPort = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const there = listeners.filter((listener) => listener.port === wantedPort)
  if (there.length === 0) return false
  const wanted = await addressesOf(hostname.replace(/^\[|\]$/g, ''))
  return wanted.some((address) => there.some(({ host }) => isReachedBy(host, address, addresses)))
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}

/** Whether whoever connects to `address` reaches a listener on `host`. */
function isReachedBy(host: string, address: string, addresses: readonly string[]): boolean {
  // Whoever connects to "any" reaches this machine by its loopback.
  if (isAny(address)) return isAny(host) || isLoopbackAddress(host)
  if (!isAny(host)) return isAmong([host], address)
  return isLoopbackAddress(address) || isAmong(addresses, address)
}

/** Also where an IPv4 address is written as an IPv6 one. */
function isAmong(hosts: readonly string[], address: string): boolean {
  const list = new BlockList()
  for (const host of hosts) list.addAddress(host, familyOf(host))
  return list.check(address, familyOf(address))
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}
