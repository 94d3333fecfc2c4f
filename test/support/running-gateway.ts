import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import type { GatewayStatus } from '../../src/gateway/control/gateway-control.ts'
import type { RunningGateway } from '../../src/gateway/control/upstream-control.ts'
import type { ExchangeView } from '../../src/gateway/pipeline/exchange-view.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import type { Feed } from '../../src/gateway/store/feed.ts'
import type { Store } from '../../src/gateway/store/store.ts'
import { UpstreamRepository } from '../../src/gateway/store/upstream-repository.ts'
import { ServerKeySeal } from '../../src/gateway/upstreams/server-key-seal.ts'
import { StoredUpstreams } from '../../src/gateway/upstreams/stored-upstreams.ts'
import { UpstreamRefresher } from '../../src/gateway/upstreams/upstream-refresher.ts'
import { UpstreamRegistry } from '../../src/gateway/upstreams/upstream-registry.ts'
import { UpstreamService } from '../../src/gateway/upstreams/upstream-service.ts'
import { HttpDispatcher } from '../../src/http-client/http-dispatcher.ts'
import { isMetadataHost } from '../../src/http-client/metadata-addresses.ts'
import { ManualClock } from './clock.ts'
import { openTestStore } from './store.ts'

/** The gateway's own address, to tests of what must not lead back to it. */
export const OWN_URL = 'http://127.0.0.1:11435'

/** What `status` tells of a gateway that has no trouble. */
export const NO_STRAIN = {
  connections: { open: 5, limit: 4_096, refused: 0 },
  rows: { unwritten: 0, dropped: 0 },
  troubles: [],
} satisfies Partial<GatewayStatus>

export interface TestRunningGateway extends RunningGateway {
  readonly repository: UpstreamRepository
  readonly store: Store
  readonly feed: Feed
  readonly clock: ManualClock
  readonly logLines: readonly string[]
  /** What `live` tells; a test sets it. */
  exchanges: readonly ExchangeView[]
  /** What `status` tells of upstreams that are reached around the gateway; a test sets it. */
  exposures: GatewayStatus['exposures']
  /** What `status` tells of troubles; a test sets it. */
  troubles: GatewayStatus['troubles']
}

/** What the control API sees of a running gateway over a database: its upstreams, started. Gone after the test. */
export async function startRunningGateway(
  database: OpenDatabase,
  given: { readonly pepper?: string } = {},
): Promise<TestRunningGateway> {
  const clock = new ManualClock()
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const upstreams = new UpstreamRegistry()
  const refresher = new UpstreamRefresher({ registry: upstreams, clock })
  const repository = new UpstreamRepository(database)
  const { store, feed } = await openTestStore(database, clock, log)
  store.followedBy(() => feed.refresh())
  const seal = new ServerKeySeal(new Secret(given.pepper ?? 'pepper'))
  const createDispatcher = (origin: string) => new HttpDispatcher({ origin, clock: systemClock })
  const stored = new StoredUpstreams({ repository, seal, upstreams, createDispatcher, clock, log })
  feed.follow('upstreams', stored)
  const upstreamService = new UpstreamService({
    store,
    seal,
    upstreams,
    isMetadataUrl: isMetadataHost,
    isOwnUrl: async (url) => url.startsWith(OWN_URL),
  })
  await feed.start()
  await stored.start()
  await refresher.start()
  onTestFinished(async () => {
    await feed.close()
    refresher.close()
    await upstreams.close()
  })
  const gateway: TestRunningGateway = {
    upstreams,
    stored,
    upstreamService,
    repository,
    store,
    feed,
    clock,
    logLines,
    exchanges: [],
    exposures: [],
    troubles: [],
    live: () => gateway.exchanges,
    freshen: (all) => refresher.freshen(all),
    tunnels: () => ({ live: 0, connected: 0 }),
    saidOf: () => undefined,
    status: () => ({
      pid: 42,
      version: '1.2.3',
      startedAt: clock.now(),
      addresses: [OWN_URL],
      publicUrl: 'https://models.example.org',
      exposures: [...gateway.exposures],
      liveExchanges: 3,
      ...NO_STRAIN,
      troubles: gateway.troubles,
    }),
  }
  return gateway
}
