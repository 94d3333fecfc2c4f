import type { IncomingMessage } from 'node:http'
import type { BlockList } from 'node:net'
import type { Config, LoadedConfig } from '../../config/load.ts'
import { clientAddress, isInNetworks, parseNetworks } from '../../http/client-address.ts'

/** The scheme of the gateway's own URLs. */
export function schemeOf({ tls }: Pick<Config, 'tls'>): 'http' | 'https' {
  return tls === undefined ? 'http' : 'https'
}

/** The proxies whose word on a request is taken; `undefined`: no one's. */
export function trustedProxiesOf({ gateway }: Pick<Config, 'gateway'>): BlockList | undefined {
  return gateway.trustedProxies.length === 0 ? undefined : parseNetworks(gateway.trustedProxies)
}

/** What the gateway believes of whoever sends it a request. */
export interface Callers {
  /** The IP address, behind whatever proxies are trusted. */
  addressOf(req: IncomingMessage): string
  /** The URL by which they have reached the gateway: scheme and authority. Its host has been let through. */
  reachedUrlOf(req: IncomingMessage): string
}

/** Reads it as the configuration says whom to trust. */
export function createCallers(config: LoadedConfig): Callers {
  const proxies = trustedProxiesOf(config)
  // A proxy that ends TLS in front says so; anyone else who says it is not believed.
  const isTls = ({ socket, headers }: IncomingMessage) => {
    const isProxied =
      proxies !== undefined && isInNetworks(proxies, clientAddress(socket.remoteAddress ?? '', undefined, undefined))
    return config.tls !== undefined || (isProxied && textOf(headers['x-forwarded-proto']) === 'https')
  }
  return {
    addressOf: ({ socket, headers }) =>
      clientAddress(socket.remoteAddress ?? '', textOf(headers['x-forwarded-for']), proxies),
    reachedUrlOf: (req) => `${isTls(req) ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`,
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join() : value
}
