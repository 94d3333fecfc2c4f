import type { Hono } from 'hono'
import type { LoadedConfig } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../tunnel/limits.ts'
import { Relay } from '../relay/relay.ts'
import { createRelaySite } from '../relay/site.ts'
import type { SiteEnv } from '../relay/site-options.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import type { Callers } from './callers.ts'
import type { State } from './state.ts'

/** What makes a gateway a relay: links, and the calls by which agents are paired. */
export interface RelayParts {
  readonly relay: Relay
  readonly agents: Hono<SiteEnv>
}

/** Builds them; `relay.start` is the caller's to call, and `relay.close`. */
export function createRelay(options: {
  readonly config: LoadedConfig
  readonly state: State
  readonly upstreams: UpstreamRegistry
  readonly callers: Callers
  readonly clock: Clock
  readonly log: Logger
}): RelayParts {
  const { config, state, upstreams, callers, clock, log } = options
  const relay = new Relay({
    roll: state.roll,
    refresh: () => state.feed.refresh(),
    accessTokens: state.accessTokens,
    upstreams,
    limits: { ...DEFAULT_TUNNEL_LIMITS, ...config.tunnels },
    resumeWindowMs: config.tunnels.resumeWindowMs,
    clientAddress: (req) => callers.addressOf(req),
    clock,
    log,
  })
  const agents = createRelaySite({
    pairings: state.pairings,
    clientAddress: ({ env }) => callers.addressOf(env.incoming),
    baseUrl: ({ env }) => config.gateway.publicUrl ?? callers.reachedUrlOf(env.incoming),
    log,
    clock,
  })
  return { relay, agents }
}
