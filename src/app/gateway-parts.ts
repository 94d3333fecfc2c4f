import { hostname } from 'node:os'
import { LiveExchanges } from '../access/live-exchanges.ts'
import type { ConfiguredUpstream, LoadedConfig } from '../config/load.ts'
import type { Control } from '../control/control.ts'
import { Events } from '../control/events.ts'
import type { RunningGateway } from '../control/upstream-control.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { VERSION } from '../core/version.ts'
import { openDashboard } from '../dashboard/dashboard.ts'
import { Gateway } from '../gateway/gateway.ts'
import { IdleWatch } from '../gateway/idle-watch.ts'
import { Metrics } from '../gateway/metrics.ts'
import { Recorder } from '../gateway/recorder.ts'
import { SetupLinks } from '../people/setup-link.ts'
import type { Relay } from '../relay/relay.ts'
import type { Exposure } from '../system/exposure.ts'
import { renderAddress } from '../system/listen-address.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { createCallers, schemeOf, trustedProxiesOf } from './callers.ts'
import { createControls } from './control-parts.ts'
import { wireEvents } from './event-wiring.ts'
import { createPeople, type PeopleParts } from './people-parts.ts'
import { createRelay } from './relay-parts.ts'
import { RetentionSweep } from './retention.ts'
import { createSignIn } from './sign-in-parts.ts'
import { createSite } from './site.ts'
import { openState, type State } from './state.ts'
import { createStoredUpstreams, type StoredUpstreamParts } from './stored-upstreams.ts'
import { createUpstreams } from './upstreams.ts'

/** Names by which container engines give a container its host. Nobody else can be behind them. */
const CONTAINER_HOST_NAMES = ['host.docker.internal', 'host.containers.internal'] as const

export interface GatewayPartsOptions {
  /** The state folder; it must stand. */
  readonly home: string
  readonly config: LoadedConfig
  /** Where the models are: those of the configuration, or what was found. */
  readonly upstreams: readonly ConfiguredUpstream[]
  /** Upstreams that others can reach around the gateway, as was last seen. Default: none is. */
  readonly exposures?: () => readonly Exposure[]
  readonly clock: Clock
  readonly log: Logger
}

/** A gateway with all it stands on, ready to listen. Disposing it ends every connection and writes every row. */
export interface GatewayParts extends StoredUpstreamParts, AsyncDisposable {
  readonly gateway: Gateway
  readonly state: State
  readonly upstreams: Upstreams
  readonly relay: Relay
  /** Makes setup links for whoever runs the gateway. */
  readonly setup: SetupLinks
  readonly people: PeopleParts
  /** The control API for whoever sits at the gateway's own machine. */
  readonly localControl: Control
  readonly events: Events
  readonly recorder: Recorder
  readonly live: LiveExchanges
}

/** Opens the database, asks the upstreams once, and builds the gateway. Nothing listens yet. */
export async function openGateway({
  home,
  config,
  upstreams: places,
  exposures = () => [],
  clock,
  log,
}: GatewayPartsOptions): Promise<GatewayParts> {
  await using opened = new AsyncDisposableStack()
  const state = opened.use(await openState({ home, config, clock, log }))
  const upstreams = await createUpstreams(places, { config, clock, log })
  opened.defer(() => upstreams.close())
  const listeners = () => gateway.addresses
  const storedParts = createStoredUpstreams({ state, upstreams, listeners, config, clock, log })
  opened.defer(() => storedParts.stored.close())
  const { requests, audit } = state
  const retention = { requestsMs: config.metering.retentionMs, auditMs: config.audit.retentionMs }
  opened.use(new RetentionSweep({ requests, audit, ...retention, clock, log }))
  const recorder = new Recorder({
    insert: (rows) => state.requests.insertMany(rows),
    flushMs: config.metering.flushMs,
    clock,
    log,
  })
  // Rows are written after the last exchange has ended and before the database closes; the watch serves until then.
  opened.defer(() => recorder.close())
  const watch = opened.use(new IdleWatch(clock))
  const callers = createCallers(config)
  const { relay, agents } = createRelay({ config, state, upstreams, callers, clock, log })
  const { signIn, mail } = createSignIn({ config, state, clock, log })
  opened.use(signIn)
  const setup = new SetupLinks({ clock })
  const people = createPeople({ state, keeper: signIn, setupLinks: setup, clock })
  const startedAt = clock.now()
  const running: RunningGateway = {
    upstreams,
    ...storedParts,
    live: () => gateway.live(),
    status: () => ({
      pid: process.pid,
      version: VERSION,
      startedAt,
      addresses: gateway.addresses.map((address) => `${schemeOf(config)}://${renderAddress(address)}`),
      publicUrl: config.gateway.publicUrl ?? null,
      exposures: [...exposures()],
      liveExchanges: gateway.liveExchanges,
    }),
  }
  const events = new Events({ log })
  signIn.onEnded((sessionId) => events.endSession(sessionId))
  wireEvents({ events, audit: state.audit, recorder, relay, upstreams })
  const { localControl, webControl } = createControls({
    events,
    config,
    state,
    people,
    signIn,
    mail,
    relay,
    callers,
    running,
    clock,
    log,
  })
  const site = createSite({
    agents: (request, env) => agents.fetch(request, env),
    signIn: webControl.signIn,
    control: (request, env) => webControl.app.fetch(request, env),
    dashboard: await openDashboard(),
    callers,
    clock,
  })
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
      upstreamsUp: () => upstreams.all().map(({ id, health }) => [id, health.state === 'up' ? 1 : 0]),
    }),
    clock,
    watch,
    log,
    timeouts: { ...config.timeouts, keepAliveMs: config.stream.keepAliveMs },
    trustedProxies: trustedProxiesOf(config),
    tls: config.tls === undefined ? undefined : { cert: config.tls.cert, key: config.tls.key.reveal() },
  })
  opened.defer(() => gateway.destroy())
  // Before all upstreams are asked at once.
  await storedParts.stored.start()
  await Promise.all([upstreams.start(), state.keyring.start(), state.roll.start()])
  await relay.start()
  const kept = opened.move()
  return {
    gateway,
    state,
    upstreams,
    ...storedParts,
    relay,
    setup,
    people,
    localControl,
    events,
    recorder,
    live,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
