import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { GatewayStatus } from '../../src/control/gateway-control.ts'
import type { RunningGateway } from '../../src/control/upstream-control.ts'
import { Secret } from '../../src/core/secret.ts'
import type { LiveExchange } from '../../src/gateway/live-exchange.ts'
import { HttpDispatcher } from '../../src/http1/http-dispatcher.ts'
import type { OpenDatabase } from '../../src/store/database.ts'
import { UpstreamRepository } from '../../src/store/upstream-repository.ts'
import { ServerKeySeal } from '../../src/upstreams/server-key-seal.ts'
import { StoredUpstreams } from '../../src/upstreams/stored-upstreams.ts'
import { UpstreamService } from '../../src/upstreams/upstream-service.ts'
import { Upstreams } from '../../src/upstreams/upstreams.ts'
import { ManualClock } from './clock.ts'

/** The gateway's own address, to tests of what must not lead back to it. */
export const OWN_URL = 'http://127.0.0.1:11435'

export interface TestRunningGateway extends RunningGateway {
  readonly repository: UpstreamRepository
  readonly clock: ManualClock
  readonly logLines: readonly string[]
  /** What `live` tells; a test sets it. */
  exchanges: readonly LiveExchange[]
  /** What `status` tells of upstreams that are reached around the gateway; a test sets it. */
  exposures: GatewayStatus['exposures']
}

/** What the control API sees of a running gateway over a database: its upstreams, started. Gone after the test. */
export async function startRunningGateway(
  database: OpenDatabase,
  given: { readonly pepper?: string } = {},
): Promise<TestRunningGateway> {
  const clock = new ManualClock()
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const upstreams = new Upstreams({ clock })
  const repository = new UpstreamRepository(database)
  const seal = new ServerKeySeal(new Secret(given.pepper ?? 'pepper'))
  const createDispatcher = (origin: string) => new HttpDispatcher({ origin })
  const stored = new StoredUpstreams({ repository, seal, upstreams, createDispatcher, clock, log })
  const upstreamService = new UpstreamService({
    repository,
    seal,
    upstreams,
    isOwnUrl: async (url) => url.startsWith(OWN_URL),
    clock,
    changed: () => stored.refresh(),
  })
  await stored.start()
  await upstreams.start()
  onTestFinished(async () => {
    await stored.close()
    await upstreams.close()
  })
  const gateway: TestRunningGateway = {
    upstreams,
    stored,
    upstreamService,
    repository,
    clock,
    logLines,
    exchanges: [],
    exposures: [],
    live: () => gateway.exchanges,
    status: () => ({
      pid: 42,
      version: '1.2.3',
      startedAt: clock.now(),
      addresses: [OWN_URL],
      publicUrl: 'https://models.example.org',
      exposures: [...gateway.exposures],
      liveExchanges: 3,
    }),
  }
  return gateway
}
