import { BlockList, isIP } from 'node:net'

/** The addresses from which a key may be used. */
export class Networks {
  /** As they were given. Empty: everywhere. */
  readonly ranges: readonly string[]
  readonly #list = new BlockList()

  private constructor(ranges: readonly string[]) {
    this.ranges = ranges
  }

  /** Reads CIDR ranges and single addresses, IPv4 or IPv6. Gives the first text that is neither as `fault`. */
  static parse(ranges: readonly string[]): Networks | { readonly fault: string } {
    const networks = new Networks(ranges)
    for (const range of ranges) {
      const slash = range.indexOf('/')
      const address = slash < 0 ? range : range.slice(0, slash)
      const version = isIP(address)
      const maxPrefix = version === 4 ? 32 : 128
      const prefix = slash < 0 ? String(maxPrefix) : range.slice(slash + 1)
      // A zone (`fe80::1%eth0`) names a link of this machine, which a range of addresses has not.
      if (version === 0 || address.includes('%') || !/^\d{1,3}$/.test(prefix) || Number(prefix) > maxPrefix) {
        return { fault: range }
      }
      networks.#list.addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6')
    }
    return networks
  }

  /** Whether the address lies in a range. One written as IPv4 in IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 one. */
  contains(address: string): boolean {
    if (this.ranges.length === 0) return true
    const zone = address.indexOf('%')
    const plain = zone < 0 ? address : address.slice(0, zone)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}
