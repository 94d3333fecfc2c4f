import { networkInterfaces } from 'node:os'
import { isMetadataHost, METADATA_ADDRESSES } from '../../http-client/metadata-addresses.ts'
import { otherAddresses } from '../../system/exposure.ts'
import { isOwnUrl } from '../../system/own-url.ts'
import type { ListeningAddress } from '../pipeline/gateway.ts'
import { StoredUpstreams } from '../upstreams/stored-upstreams.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import { UpstreamService } from '../upstreams/upstream-service.ts'
import type { State } from './state.ts'
import { directWays, type UpstreamParts } from './upstreams.ts'

/** The upstreams that people add while the gateway runs, and whoever adds them. */
export interface StoredUpstreamParts {
  readonly stored: StoredUpstreams
  readonly upstreamService: UpstreamService
}

/** Builds them; `stored.start` is the caller's to call, once the feed that it follows has been started. */
export function createStoredUpstreams({
  state,
  upstreams,
  listeners,
  config,
  budget,
  clock,
  log,
}: UpstreamParts & {
  readonly state: Pick<State, 'store' | 'feed' | 'upstreamRepository' | 'serverKeySeal'>
  readonly upstreams: UpstreamRegistry
  /** Where the gateway listens now. */
  readonly listeners: () => readonly ListeningAddress[]
}): StoredUpstreamParts {
  const { upstreamRepository: repository, serverKeySeal: seal } = state
  // The file is the owner's own; what comes through the API is not.
  const createDispatcher = directWays({ config, budget, clock }, METADATA_ADDRESSES)
  const stored = new StoredUpstreams({ repository, seal, upstreams, createDispatcher, clock, log })
  state.feed.follow('upstreams', stored)
  const upstreamService = new UpstreamService({
    store: state.store,
    seal,
    upstreams,
    isMetadataUrl: isMetadataHost,
    isOwnUrl: (url) =>
      isOwnUrl(url, {
        listeners: listeners(),
        addresses: otherAddresses(networkInterfaces()),
        publicUrl: config.gateway.publicUrl,
      }),
  })
  return { stored, upstreamService }
}
