import { hostname } from 'node:os'
import type { ConfiguredUpstream, LoadedConfig } from '../../config/load.ts'
import { ownCommand } from '../../config/own-command.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { MemoryBudget } from '../../core/memory-budget.ts'
import { VERSION } from '../../core/version.ts'
import type { Exposure } from '../../system/exposure.ts'
import { openFilesLimit } from '../../system/open-files-limit.ts'
import { KeyedExchanges } from '../access/keyed-exchanges.ts'
import { Admission } from '../admission/admission.ts'
import type { Control } from '../control/control.ts'
import { Events } from '../control/events.ts'
import type { RunningGateway } from '../control/upstream-control.ts'
import { type Dashboard, openDashboard } from '../dashboard/dashboard.ts'
import { LoopDelay } from '../metering/loop-delay.ts'
import { Metrics } from '../metering/metrics.ts'
import { OpenRequests } from '../metering/open-requests.ts'
import { RecentWords } from '../metering/recent-words.ts'
import { Recorder } from '../metering/recorder.ts'
import { Strain } from '../metering/strain.ts'
import { Troubles } from '../metering/troubles.ts'
import { Gateway } from '../pipeline/gateway.ts'
import type { Relay } from '../relay/relay.ts'
import { IdleWatch } from '../reply/idle-watch.ts'
import { SetupLinks } from '../sign-in/setup-link.ts'
import type { PasswordHasher } from '../sign-in/sign-in-library.ts'
import type { FactRepository } from '../store/fact-repository.ts'
import { LoadedModels } from '../upstreams/loaded-models.ts'
import { UpstreamRefresher } from '../upstreams/upstream-refresher.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import { createCallers, trustedProxiesOf } from './callers.ts'
import { ClosingBound } from './closing-bound.ts'
import { limitConnections } from './connection-limits.ts'
import { createControls } from './control-parts.ts'
import { DatabaseFileWatch } from './database-file-watch.ts'
import { wireEvents, wireStandings } from './event-wiring.ts'
import { explainLosses } from './losses.ts'
import { ownHostNames } from './own-host-names.ts'
import { linkUrl, listenerUrls } from './own-urls.ts'
import { createPeople, type PeopleParts } from './people-parts.ts'
import { createRelay } from './relay-parts.ts'
import { RetentionSweep } from './retention.ts'
import { createSignIn } from './sign-in-parts.ts'
import { createSite } from './site.ts'
import { openState, type State } from './state.ts'
import { createStoredUpstreams, type StoredUpstreamParts } from './stored-upstreams.ts'
import { createUpstreams } from './upstreams.ts'

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
  /** As many files as the process may have open. Default: what the system says. */
  readonly openFiles?: number
  /** Default: the one that was built, read into memory. */
  readonly dashboard?: Dashboard
  /** Of people's passwords. Default: scrypt, as the sign-in's library has it. */
  readonly hasher?: PasswordHasher
}

/** A gateway with all it stands on, ready to listen. Disposing it ends every connection and writes every row. */
export interface GatewayParts extends StoredUpstreamParts, AsyncDisposable {
  readonly gateway: Gateway
  readonly state: State
  readonly upstreams: UpstreamRegistry
  readonly relay: Relay
  /** Makes setup links for whoever runs the gateway. */
  readonly setup: SetupLinks
  readonly people: PeopleParts
  /** The control API for whoever sits at the gateway's own machine. */
  readonly localControl: Control
  readonly troubles: Troubles
  readonly events: Events
  readonly recorder: Recorder
  readonly keyed: KeyedExchanges
  /** What is held in memory for requests, by key, and for whole answers, by org. */
  readonly bodies: MemoryBudget
  readonly answers: MemoryBudget
  /** What could not be stored, once it is disposed; `undefined`: nothing. */
  losses(): string | undefined
}

/** Opens the database, asks the upstreams once, and builds the gateway. Nothing listens yet. */
export async function openGatewayParts({
  home,
  config,
  upstreams: places,
  exposures = () => [],
  clock,
  log,
  openFiles = openFilesLimit(),
  dashboard,
  hasher,
}: GatewayPartsOptions): Promise<GatewayParts> {
  await using opened = new AsyncDisposableStack()
  const troubles = opened.use(new Troubles({ clock, log }))
  const bound = opened.use(new ClosingBound(clock))
  const state = opened.use(await openState({ home, config, clock, log, troubles }))
  opened.use(new DatabaseFileWatch({ database: state.database, troubles, clock }))
  await state.facts.set('gateway', 'open')
  opened.defer(() => sayClosed(state.facts, log))
  const { clients, budget, filesWatch } = limitConnections({ config, openFiles, troubles, clock, log })
  opened.use(filesWatch)
  const upstreams = createUpstreams(places, { config, budget, clock, log })
  opened.defer(() => upstreams.close())
  const refresher = new UpstreamRefresher({ registry: upstreams, clock })
  opened.defer(() => refresher.close())
  const admission = new Admission({ registry: upstreams, refresher, clock })
  const listeners = () => gateway.addresses
  const storedParts = createStoredUpstreams({ state, upstreams, listeners, config, budget, clock, log })
  // Nothing joins the upstreams any more once they are closed.
  opened.defer(() => state.feed.close())
  const { requests, audit } = state
  const retention = { requestsMs: config.metering.retentionMs, auditMs: config.audit.retentionMs }
  opened.use(
    new RetentionSweep({ requests, audit, ...retention, verify: ownCommand('audit verify', home), clock, log }),
  )
  const openRequests = new OpenRequests({
    notes: state.openRequests,
    // Its file is in the state folder, which one gateway holds at a time.
    isAlone: state.database.dialect === 'sqlite',
    running: (forMs) => gateway.rowsIfKilled(forMs),
    clock,
    log,
  })
  opened.defer(() => openRequests.close())
  const recorder = new Recorder({
    insert: (rows) => openRequests.insert(rows),
    flushMs: config.metering.flushMs,
    clock,
    log,
    troubles,
  })
  // Rows are written after the last exchange has ended and before the database closes; the watch serves until then.
  opened.defer(() => recorder.close())
  recorder.onWritten(() => bound.renew())
  opened.defer(() => bound.begin(state.database))
  const watch = opened.use(new IdleWatch(clock))
  const loopDelay = opened.use(new LoopDelay())
  const strain = opened.use(
    new Strain({ loopDelay: opened.use(new LoopDelay()), limitMs: config.limits.loopDelayMs, troubles, clock }),
  )
  const callers = createCallers(config)
  const { relay, agents } = createRelay({ config, state, upstreams, callers, clock, log })
  const ownLinkUrl = () => linkUrl(config, gateway.addresses) ?? 'http://localhost'
  const { signIn, mail } = createSignIn({ config, state, linkUrl: ownLinkUrl, clock, log, hasher })
  opened.use(signIn)
  const setup = new SetupLinks({ database: state.database, store: state.store, clock })
  const people = createPeople({ state, keeper: signIn, setupLinks: setup, clock })
  const startedAt = clock.now()
  const recentWords = new RecentWords(clock)
  const running: RunningGateway = {
    saidOf: (requestId) => recentWords.of(requestId),
    upstreams,
    ...storedParts,
    live: () => gateway.live(),
    freshen: (all) => refresher.freshen(all),
    tunnels(orgId) {
      const live = state.roll.list().filter((tunnel) => tunnel.orgId === orgId)
      return { live: live.length, connected: live.filter(({ id }) => relay.status(id)?.state === 'connected').length }
    },
    status: () => ({
      pid: process.pid,
      version: VERSION,
      startedAt,
      addresses: [...listenerUrls(config, gateway.addresses)],
      publicUrl: config.gateway.publicUrl ?? null,
      exposures: [...exposures()],
      liveExchanges: gateway.liveExchanges,
      connections: { open: clients.openCount, limit: clients.limit, refused: clients.refusedCount },
      rows: { unwritten: recorder.unwrittenCount, dropped: recorder.droppedCount },
      troubles: troubles.list(),
    }),
  }
  const events = new Events({ log })
  wireEvents({ events, store: state.store, recorder, relay, upstreams, troubles })
  wireStandings(state.feed, events, signIn, people.endedMembers)
  const { localControl, webControl } = createControls({
    events,
    config,
    state,
    people,
    signIn,
    mail,
    relay,
    callers,
    linkUrl: ownLinkUrl,
    running,
    clock,
    log,
  })
  const site = createSite({
    agents: (request, env) => agents.fetch(request, env),
    signIn: webControl.signIn,
    control: (request, env) => webControl.app.fetch(request, env),
    dashboard: dashboard ?? (await openDashboard()),
    callers,
    clock,
  })
  const { bodyMemory, bodyMemoryPerKey, answerMemory, answerMemoryPerOrg } = config.limits
  const bodies = new MemoryBudget({ totalBytes: bodyMemory, ownerBytes: bodyMemoryPerKey })
  const answers = new MemoryBudget({ totalBytes: answerMemory, ownerBytes: answerMemoryPerOrg })
  const keyed = new KeyedExchanges()
  state.keyring.onEnd((keyId, error) => keyed.cut(keyId, error))
  const gateway: Gateway = new Gateway({
    ...config.limits,
    ...config.gateway,
    bodies,
    answers,
    clients,
    hosts: [...config.gateway.hosts, ...ownHostNames(hostname())],
    keyring: state.keyring,
    rules: state.modelRules,
    keyed,
    strain,
    troubles: () => troubles.list(),
    upstreams,
    refresher,
    admission,
    loaded: new LoadedModels({ clock }),
    links: relay,
    site,
    recorder,
    recentWords,
    metrics: new Metrics({
      liveExchanges: () => gateway.liveExchanges,
      upstreamsUp: () => upstreams.all().map(({ id, known }) => [id, known.health.state === 'up' ? 1 : 0]),
      clients,
      rows: recorder,
      held: { bodies: () => bodies.heldBytes, answers: () => answers.heldBytes },
      loopDelay,
    }),
    clock,
    watch,
    log,
    checksOrder: config.stream.checksOrder,
    idle: { ...config.timeouts, bodyIdleMs: config.limits.bodyIdleMs, keepAliveMs: config.stream.keepAliveMs },
    trustedProxies: trustedProxiesOf(config),
    tls: config.tls === undefined ? undefined : { cert: config.tls.cert, key: config.tls.key.reveal() },
  })
  opened.defer(() => gateway.destroy())
  await openRequests.start()
  await state.feed.start(async () => {
    await Promise.all([
      storedParts.stored.start(),
      state.keyring.start(),
      state.roll.start(),
      state.storedModelRules.start(),
    ])
  })
  // All upstreams at once, the stored ones too.
  await refresher.start()
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
    troubles,
    events,
    recorder,
    keyed,
    bodies,
    answers,
    losses: () => explainLosses(recorder, state),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** What is not said is looked for at the next start: the database is then looked through once. */
async function sayClosed(facts: FactRepository, log: Logger): Promise<void> {
  try {
    await facts.set('gateway', 'closed')
  } catch (error) {
    log.warn({ err: error }, 'the database could not be told that it was closed in order')
  }
}
