import { networkInterfaces } from 'node:os'
import type { ListeningAddress } from '../gateway/gateway.ts'
import { otherAddresses } from '../system/exposure.ts'
import { isOwnUrl } from '../system/own-url.ts'
import { StoredUpstreams } from '../upstreams/stored-upstreams.ts'
import { UpstreamService } from '../upstreams/upstream-service.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { State } from './state.ts'
import { directWays, type UpstreamParts } from './upstreams.ts'

/** The upstreams that people add while the gateway runs, and whoever adds them. */
export interface StoredUpstreamParts {
  readonly stored: StoredUpstreams
  readonly upstreamService: UpstreamService
}

/** Builds them; `stored.start` is the caller's to call, and `stored.close`. */
export function createStoredUpstreams({
  state,
  upstreams,
  listeners,
  config,
  clock,
  log,
}: UpstreamParts & {
  readonly state: Pick<State, 'upstreamRepository' | 'serverKeySeal'>
  readonly upstreams: Upstreams
  /** Where the gateway listens now. */
  readonly listeners: () => readonly ListeningAddress[]
}): StoredUpstreamParts {
  const { upstreamRepository: repository, serverKeySeal: seal } = state
  const createDispatcher = directWays({ config, clock })
  const stored = new StoredUpstreams({ repository, seal, upstreams, createDispatcher, clock, log })
  const upstreamService = new UpstreamService({
    repository,
    seal,
    upstreams,
    isOwnUrl: (url) =>
      isOwnUrl(url, {
        listeners: listeners(),
        addresses: otherAddresses(networkInterfaces()),
        publicUrl: config.gateway.publicUrl,
      }),
    clock,
    changed: () => stored.refresh(),
  })
  return { stored, upstreamService }
}
