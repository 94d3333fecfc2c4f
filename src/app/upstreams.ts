import { ConfigError } from '../config/config-error.ts'
import type { Config, ConfiguredUpstream } from '../config/load.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { HttpDispatcher } from '../http1/http-dispatcher.ts'
import { DirectUpstream } from '../upstreams/direct-upstream.ts'
import type { UpstreamCredential } from '../upstreams/upstream.ts'
import { Upstreams } from '../upstreams/upstreams.ts'

/**
 * The registry of the configured model servers, not started.
 * @throws ConfigError when two URLs mean the same server, as `http://host:80/v1` and `http://host` do.
 */
export async function createUpstreams(
  configured: readonly ConfiguredUpstream[],
  { config, clock, log }: { readonly config: Config; readonly clock: Clock; readonly log: Logger },
): Promise<Upstreams> {
  const upstreams = new Upstreams({ clock })
  for (const { url, kind, key } of configured) {
    const credential: UpstreamCredential | undefined = key && {
      header: kind === 'anthropic' ? 'x-api-key' : 'authorization',
      reveal: () => key.reveal(),
    }
    const upstream = new DirectUpstream({
      url,
      ...(kind === undefined ? {} : { kind }),
      ...(credential === undefined ? {} : { credential }),
      createDispatcher: (origin) => new HttpDispatcher({ origin, connectTimeoutMs: config.timeouts.connectMs, clock }),
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
