import type { IncomingMessage } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { LoadedConfig } from '../config/load.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Site } from '../gateway/gateway.ts'
import { clientAddress, isInNetworks, parseNetworks } from '../http/client-address.ts'
import { LocalAdmin } from '../relay/local-admin.ts'
import { Relay } from '../relay/relay.ts'
import { createRelaySite } from '../relay/site.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../tunnel/limits.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { State } from './state.ts'

const PATHS: ReadonlySet<string> = new Set(['/connect', '/tunnel/device', '/tunnel/token'])

/** What makes a gateway a relay: links, and the pages and calls by which agents are paired. */
export interface RelayParts {
  readonly relay: Relay
  readonly site: Site
  readonly admin: LocalAdmin
}

/** Builds them; `relay.start` is the caller's to call, and `relay.close`. */
export function createRelay(options: {
  readonly config: LoadedConfig
  readonly state: State
  readonly upstreams: Upstreams
  readonly clock: Clock
  readonly log: Logger
}): RelayParts {
  const { config, state, upstreams, clock, log } = options
  const { trustedProxies, publicUrl } = config.gateway
  const proxies = trustedProxies.length === 0 ? undefined : parseNetworks(trustedProxies)
  const addressOf = ({ socket, headers }: IncomingMessage) =>
    clientAddress(socket.remoteAddress ?? '', textOf(headers['x-forwarded-for']), proxies)
  const relay = new Relay({
    roll: state.roll,
    accessTokens: state.accessTokens,
    upstreams,
    limits: { ...DEFAULT_TUNNEL_LIMITS, ...config.tunnels },
    resumeWindowMs: config.tunnels.resumeWindowMs,
    clientAddress: addressOf,
    clock,
    log,
  })
  const admin = new LocalAdmin({ clock })
  const app = createRelaySite({
    pairings: state.pairings,
    admin,
    clientAddress: ({ env }) => addressOf(env.incoming),
    baseUrl: ({ env }) => publicUrl ?? `${schemeOf(env.incoming)}://${env.incoming.headers.host ?? 'localhost'}`,
    log,
    clock,
  })
  // A proxy that ends TLS in front says so; anyone else who says it is not believed.
  const schemeOf = ({ socket, headers }: IncomingMessage) => {
    const isProxied =
      proxies !== undefined && isInNetworks(proxies, clientAddress(socket.remoteAddress ?? '', undefined, undefined))
    const isTls = config.tls !== undefined || (isProxied && textOf(headers['x-forwarded-proto']) === 'https')
    return isTls ? 'https' : 'http'
  }
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return { relay, admin, site: { has: (path) => PATHS.has(path), serve: (req, res) => void listener(req, res) } }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join() : value
}
