import { hostname } from 'node:os'
import { LiveExchanges } from '../access/live-exchanges.ts'
import type { ConfiguredUpstream, LoadedConfig } from '../config/load.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { Gateway } from '../gateway/gateway.ts'
import { IdleWatch } from '../gateway/idle-watch.ts'
import { Metrics } from '../gateway/metrics.ts'
import { Recorder } from '../gateway/recorder.ts'
import { parseNetworks } from '../http/client-address.ts'
import type { LocalAdmin } from '../relay/local-admin.ts'
import type { Relay } from '../relay/relay.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { createRelay } from './relay-parts.ts'
import { RetentionSweep } from './retention.ts'
import { openState, type State } from './state.ts'
import { createUpstreams } from './upstreams.ts'

/** Names by which container engines give a container its host. Nobody else can be behind them. */
const CONTAINER_HOST_NAMES = ['host.docker.internal', 'host.containers.internal'] as const

export interface GatewayPartsOptions {
  /** The state folder; it must stand. */
  readonly home: string
  readonly config: LoadedConfig
  /** Where the models are: those of the configuration, or what was found. */
  readonly upstreams: readonly ConfiguredUpstream[]
  readonly clock: Clock
  readonly log: Logger
}

/** A gateway with all it stands on, ready to listen. Disposing it ends every connection and writes every row. */
export interface GatewayParts extends AsyncDisposable {
  readonly gateway: Gateway
  readonly state: State
  readonly upstreams: Upstreams
  readonly relay: Relay
  /** Makes setup links for whoever runs the gateway. */
  readonly admin: LocalAdmin
  readonly recorder: Recorder
  readonly live: LiveExchanges
}

/** Opens the database, asks the upstreams once, and builds the gateway. Nothing listens yet. */
export async function openGateway({
  home,
  config,
  upstreams: places,
  clock,
  log,
}: GatewayPartsOptions): Promise<GatewayParts> {
  await using opened = new AsyncDisposableStack()
  const state = opened.use(await openState({ home, config, clock, log }))
  const upstreams = await createUpstreams(places, { config, clock, log })
  opened.defer(() => upstreams.close())
  opened.use(new RetentionSweep(state.requests, config.metering.retentionMs, clock, log))
  const recorder = new Recorder({
    insert: (rows) => state.requests.insertMany(rows),
    flushMs: config.metering.flushMs,
    clock,
    log,
  })
  // Rows are written after the last exchange has ended and before the database closes; the watch serves until then.
  opened.defer(() => recorder.close())
  const watch = opened.use(new IdleWatch(clock))
  const { relay, site, admin } = createRelay({ config, state, upstreams, clock, log })
  const live = new LiveExchanges()
  state.keyring.onEnd((keyId, error) => live.cut(keyId, error))
  const gateway: Gateway = new Gateway({
    ...config.limits,
    ...config.gateway,
    hosts: [...config.gateway.hosts, ...CONTAINER_HOST_NAMES, hostname().toLowerCase()],
    keyring: state.keyring,
    live,
    upstreams,
    links: relay,
    site,
    recorder,
    metrics: new Metrics({
      liveExchanges: () => gateway.liveExchanges,
      upstreamsUp: () => upstreams.list().map(({ id, health }) => [id, health.state === 'up' ? 1 : 0]),
    }),
    clock,
    watch,
    log,
    timeouts: { ...config.timeouts, keepAliveMs: config.stream.keepAliveMs },
    trustedProxies:
      config.gateway.trustedProxies.length === 0 ? undefined : parseNetworks(config.gateway.trustedProxies),
    tls: config.tls === undefined ? undefined : { cert: config.tls.cert, key: config.tls.key.reveal() },
  })
  opened.defer(() => gateway.destroy())
  await Promise.all([upstreams.start(), state.keyring.start(), state.roll.start()])
  await relay.start()
  const kept = opened.move()
  return { gateway, state, upstreams, relay, admin, recorder, live, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
