import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** An IP address in its one plain spelling, mapped IPv4 as IPv4 and without a zone; `undefined` when it is none. */
export function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text)) return undefined
  const zone = text.indexOf('%')
  const { address } = new SocketAddress({ address: zone === -1 ? text : text.slice(0, zone), family: 'ipv6' })
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : ''
  return isIPv4(mapped) ? mapped : address
}

/** Whether `address` is the machine itself: 127.0.0.0/8 or ::1, in any spelling. */
export function isLoopbackAddress(address: string): boolean {
  const plain = plainAddress(address)
  return plain === '::1' || (plain?.startsWith('127.') ?? false)
}

/** Whether the host of a URL is the machine itself: such an address, `localhost`, or a name under it. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return isLoopbackAddress(host) || host === 'localhost' || host.endsWith('.localhost')
}
