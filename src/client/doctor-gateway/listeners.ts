import type { StatusBody } from '../../contract/gateway.ts'

/** Where a gateway listens, by its own word: IP addresses without brackets, and ports. */
export function listenersOf({ addresses }: Pick<StatusBody, 'addresses'>): readonly { host: string; port: number }[] {
  return addresses.map((address) => {
    const { hostname, port, protocol } = new URL(address)
    const usual = protocol === 'https:' ? 443 : 80
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) }
  })
}
