import type { Config, ConfiguredUpstream } from '../../config/load.ts'
import { DEFAULT_UPSTREAM_URL } from '../../config/option-types.ts'
import type { Clock } from '../../core/clock.ts'
import { type FoundServer, findModelServers, USUAL_PORTS, type UsualPort } from '../../servers/found-servers.ts'
import { startDemoUpstream } from './demo-upstream.ts'

/**
 * `auto`: where no upstream is configured, the model servers that answer on loopback, and the demo where none does.
 * `always`: the demo, whatever is there.
 */
export type DemoMode = 'auto' | 'always'

/** Where the models of this run come from. Disposing it ends the demo, if there is one. */
export interface FoundModels extends AsyncDisposable {
  readonly upstreams: readonly ConfiguredUpstream[]
  /** Servers found by looking; empty when nobody looked. */
  readonly found: readonly FoundServer[]
  /** The mode that started the demo; `undefined` where it does not run. */
  readonly demo: DemoMode | undefined
}

export interface FindModelsOptions {
  /** Default: the configured upstreams, and no demo. */
  readonly mode?: DemoMode | undefined
  readonly config: Pick<Config, 'upstreams'>
  readonly clock: Clock
  /** Where `auto` looks. Default: the usual ports. */
  readonly ports?: readonly UsualPort[]
}

/** The configured upstreams; with a demo mode, what that mode stands for. */
export async function findModels(options: FindModelsOptions): Promise<FoundModels> {
  const { mode, config, clock, ports = USUAL_PORTS } = options
  const nothing = async () => {}
  const isUnset = config.upstreams.length === 1 && config.upstreams[0]?.url === DEFAULT_UPSTREAM_URL
  if (mode === undefined || (mode === 'auto' && !isUnset)) {
    return { upstreams: config.upstreams, found: [], demo: undefined, [Symbol.asyncDispose]: nothing }
  }
  const found = mode === 'always' ? [] : await findModelServers({ ports })
  if (found.length > 0) {
    const upstreams = found.map(({ url, kind }) => ({ url, kind, key: undefined }))
    return { upstreams, found, demo: undefined, [Symbol.asyncDispose]: nothing }
  }
  const demo = await startDemoUpstream(clock)
  const upstreams = [{ url: demo.url, kind: 'ollama' as const, key: undefined }]
  return { upstreams, found: [], demo: mode, [Symbol.asyncDispose]: () => demo.close() }
}
