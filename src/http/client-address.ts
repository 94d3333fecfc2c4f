import { BlockList, isIP, isIPv4 } from 'node:net'
import { PunkuError } from '../core/error.ts'
import { plainAddress } from '../core/loopback.ts'

/** Proxies between client and gateway that are believed; a longer chain is a forged one. */
export const MAX_FORWARDED_HOPS = 16

/**
 * The client's address as plain IP text: an IPv4-mapped IPv6 address as IPv4, without a zone.
 *
 * `forwardedFor` (all `X-Forwarded-For` lines, joined by commas) is read only when the socket's peer is a trusted proxy,
 * and then from the right, as each proxy adds the peer it saw: the first address no trusted proxy holds is the client's.
 * What stands left of it the client may have written itself. An entry that is no address ends the walk.
 */
export function clientAddress(
  socketAddress: string,
  forwardedFor: string | undefined,
  trustedProxies: BlockList | undefined,
): string {
  let address = plainAddress(socketAddress) ?? socketAddress
  if (forwardedFor === undefined || trustedProxies === undefined) return address
  let end = forwardedFor.length
  for (let hop = 0; hop < MAX_FORWARDED_HOPS && end >= 0 && isInNetworks(trustedProxies, address); hop++) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1)
    const next = plainAddress(withoutPort(forwardedFor.slice(comma + 1, end).trim()))
    if (next === undefined) return address
    address = next
    end = comma
  }
  return address
}

/**
 * Addresses and CIDR networks as one list to test against.
 *
 * @throws PunkuError `invalid_request` that names the entry that is neither.
 */
export function parseNetworks(cidrs: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const cidr of cidrs) {
    const match = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(cidr)
    const family = isIP(match?.[1] ?? '')
    const maxPrefix = family === 4 ? 32 : 128
    const prefix = Number(match?.[2] ?? maxPrefix)
    // A mapped network would never match, as addresses are unwrapped before they are tested.
    if (family === 0 || prefix > maxPrefix || /^::ffff:/i.test(cidr)) {
      throw new PunkuError(
        'invalid_request',
        `'${cidr}' is no network. Write an IP address or a CIDR such as 10.0.0.0/8 or fd00::/8.`,
      )
    }
    networks.addSubnet(match?.[1] as string, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return networks
}

/** Whether `address` lies in one of the networks; what is no IP address lies in none. */
export function isInNetworks(networks: BlockList, address: string): boolean {
  const plain = plainAddress(address)
  return plain !== undefined && networks.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
}

/** Some proxies write `1.2.3.4:5678` and `[::1]:5678`. */
function withoutPort(text: string): string {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text)
  return match?.[1] ?? match?.[2] ?? text
}
