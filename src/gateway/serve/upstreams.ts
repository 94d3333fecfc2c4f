import type { BlockList } from 'node:net'
import type { Dispatcher } from 'undici'
import { ConfigError } from '../../config/config-error.ts'
import type { Config, ConfiguredUpstream } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { ConnectionBudget } from '../../http-client/connection-budget.ts'
import { HttpDispatcher } from '../../http-client/http-dispatcher.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import { credentialFor, DirectUpstream } from '../upstreams/direct-upstream.ts'
import { UpstreamRegistry } from '../upstreams/upstream-registry.ts'

/** What upstreams are made with. */
export interface UpstreamParts {
  readonly config: Config
  /** Of connections to all of them together. */
  readonly budget: ConnectionBudget
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The registry of the configured model servers, which are the first org's; not started.
 * @throws ConfigError when two URLs mean the same server, as `http://host:80/v1` and `http://host` do.
 */
export function createUpstreams(
  configured: readonly ConfiguredUpstream[],
  { config, budget, clock, log }: UpstreamParts,
): UpstreamRegistry {
  const upstreams = new UpstreamRegistry()
  for (const { url, kind, key } of configured) {
    const upstream = new DirectUpstream({
      orgId: DEFAULT_ORG,
      url,
      ...(kind === undefined ? {} : { kind }),
      ...(key === undefined ? {} : { credential: credentialFor(kind, key) }),
      createDispatcher: directWays({ config, budget, clock }),
      clock,
      log,
    })
    if (upstreams.get(upstream.id) !== undefined) {
      throw new ConfigError([`upstreams: two of the URLs mean the same server, ${upstream.id}. Leave one out.`])
    }
    upstreams.add(upstream)
  }
  return upstreams
}

/**
 * How direct upstreams are reached.
 * @param refused addresses that none of them may lead to; default: none
 */
export function directWays(
  { config, budget, clock }: Omit<UpstreamParts, 'log'>,
  refused?: BlockList,
): (origin: string) => Dispatcher {
  const options = { connectTimeoutMs: config.timeouts.connectMs, budget, clock, ...(refused && { refused }) }
  return (origin) => new HttpDispatcher({ origin, ...options })
}
