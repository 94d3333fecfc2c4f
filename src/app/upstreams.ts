import type { Dispatcher } from 'undici'
import { ConfigError } from '../config/config-error.ts'
import type { Config, ConfiguredUpstream } from '../config/load.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { HttpDispatcher } from '../http1/http-dispatcher.ts'
import { DEFAULT_ORG } from '../people/actor.ts'
import { credentialFor, DirectUpstream } from '../upstreams/direct-upstream.ts'
import { Upstreams } from '../upstreams/upstreams.ts'

/** What upstreams are made with. */
export interface UpstreamParts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The registry of the configured model servers, which are the first org's; not started.
 * @throws ConfigError when two URLs mean the same server, as `http://host:80/v1` and `http://host` do.
 */
export async function createUpstreams(
  configured: readonly ConfiguredUpstream[],
  { config, clock, log }: UpstreamParts,
): Promise<Upstreams> {
  const upstreams = new Upstreams({ clock })
  for (const { url, kind, key } of configured) {
    const upstream = new DirectUpstream({
      orgId: DEFAULT_ORG,
      url,
      ...(kind === undefined ? {} : { kind }),
      ...(key === undefined ? {} : { credential: credentialFor(kind, key) }),
      createDispatcher: directWays({ config, clock }),
      clock,
      log,
    })
    if (upstreams.get(upstream.id) !== undefined) {
      throw new ConfigError([`upstreams: two of the URLs mean the same server, ${upstream.id}. Leave one out.`])
    }
    await upstreams.add(upstream)
  }
  return upstreams
}

/** How direct upstreams are reached. */
export function directWays({ config, clock }: Omit<UpstreamParts, 'log'>): (origin: string) => Dispatcher {
  return (origin) => new HttpDispatcher({ origin, connectTimeoutMs: config.timeouts.connectMs, clock })
}
