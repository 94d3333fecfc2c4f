import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { ConfigLayer } from '../../src/config/environment.ts'
import { ensureHome } from '../../src/config/home.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { KeyGrant } from '../../src/gateway/access/key-grant.ts'
import { type Dashboard, openDashboard } from '../../src/gateway/dashboard/dashboard.ts'
import { type GatewayParts, openGatewayParts } from '../../src/gateway/serve/gateway-parts.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { openFilesLimit } from '../../src/system/open-files-limit.ts'
import { findFreePort } from './free-port.ts'
import { LOCAL } from './key-actors.ts'
import { quickHasher } from './quick-hasher.ts'
import { startTestAgent, type TestAgent } from './test-agent.ts'

/** Which way requests go to their model servers. `npm test` runs the proxy's tests once with each. */
export const TEST_PATH = process.env['PUNKU_TEST_PATH'] === 'tunnelled' ? 'tunnelled' : 'direct'

export interface TestGatewayOptions {
  /** The upstreams' URLs. On the tunnelled path each has an agent of its own before it. */
  readonly upstreams: readonly string[]
  /** Whether requests are put into other formats where that is better, as a gateway does by itself. Default: no, bytes pass. */
  readonly translates?: boolean
  /** Options over the defaults, in the configuration file's form. */
  readonly config?: ConfigLayer
  /** Default: the system's. */
  readonly clock?: Clock
  /** A folder that stands and stays, for a gateway that follows on another. Default: one of its own. */
  readonly home?: string
  /** Default: a free one. */
  readonly port?: number
}

/** A whole gateway in this process, on a loopback port, with a state folder of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly home: string
  readonly parts: GatewayParts
  /** Every log line so far. */
  readonly logLines: readonly string[]
  /** The id of the upstream at a URL: host and port when direct, the tunnel's when not. */
  upstreamId(url: string): string
  /** Gives an org an upstream while the gateway runs, by the path that is tested; its id. The org must stand. */
  addUpstream(orgId: string, url: string): Promise<string>
  /** Makes a key; default: for inference and metadata, on all models. Names are made up. */
  key(grant?: Partial<KeyGrant>, orgId?: string): Promise<string>
  /** Every recorded row, oldest first, once what waits has been written. */
  rows(): Promise<RequestRow[]>
}

/** Those of refused requests too. */
const ALL_ROWS = { orgId: 'default', seesUnnamed: true }

let keyCount = 0

/** What each gateway of a process finds alike, and takes longer to find than all else of a start. */
let found: { readonly openFiles: number; readonly dashboard: Dashboard } | undefined

async function find() {
  found ??= { openFiles: openFilesLimit(), dashboard: await openDashboard() }
  return found
}

/** A state folder of its own, with a database that has all tables: its first start is tested where that is the point. */
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'punku-test-'))
  ensureHome(home)
  const template = process.env['PUNKU_TEST_SQLITE_TEMPLATE']
  if (template !== undefined) copyFileSync(template, join(home, 'punku.db'))
  return home
}

/** Starts one; disposing it ends its connections and removes the folder that is its own. */
export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const home = options.home ?? newHome()
  ensureHome(home)
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const config = loadConfig({
    home,
    env: {},
    // A clock that is moved by hand jumps over heartbeats, and links would be taken for dead.
    flags: {
      ...(options.translates === true ? {} : { models: [{ translate: 'off' }] }),
      ...options.config,
      tunnels: { heartbeat: '5m', ...(options.config?.['tunnels'] as object | undefined) },
      listen: ['127.0.0.1:0'],
      upstreams: options.upstreams.map((url) => ({ url })),
    },
  })
  const clock = options.clock ?? systemClock
  const isDirect = TEST_PATH === 'direct'
  const places = isDirect ? config.upstreams : []
  const parts = await openGatewayParts({
    home,
    config,
    upstreams: places,
    clock,
    log,
    hasher: quickHasher,
    ...(await find()),
  })
  const { port } = await parts.gateway.listen({ host: '127.0.0.1', port: options.port ?? (await findFreePort()) })
  const agents = new Map<string, TestAgent>()
  for (const [at, upstreamUrl] of isDirect ? [] : options.upstreams.entries()) {
    const gatewayUrl = `http://127.0.0.1:${port}`
    const limits = { heartbeatMs: 300_000 }
    agents.set(upstreamUrl, await startTestAgent({ parts, gatewayUrl, upstreamUrl, label: `agent-${at + 1}`, limits }))
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    home,
    parts,
    logLines,
    upstreamId: (url) => agents.get(url)?.tunnel.id ?? new URL(url).host,
    async addUpstream(orgId, url) {
      const label = `more-${agents.size + 1}-${parts.upstreams.all().length}`
      if (isDirect) {
        const wanted = { label, url, kind: undefined, key: undefined }
        const { id } = await parts.upstreamService.create({ ...LOCAL, orgId }, wanted)
        await parts.upstreams.get(id)?.refresh()
        return id
      }
      const limits = { heartbeatMs: 300_000 }
      const gatewayUrl = `http://127.0.0.1:${port}`
      const agent = await startTestAgent({ parts, gatewayUrl, upstreamUrl: url, label, orgId, limits })
      agents.set(url, agent)
      return agent.tunnel.id
    },
    async key(grant = {}, orgId = LOCAL.orgId) {
      keyCount += 1
      return (await parts.state.keys.create({ ...LOCAL, orgId }, { name: `key-${keyCount}`, ...grant })).text.reveal()
    },
    async rows() {
      await parts.recorder.flush()
      await parts.recorder.flush()
      return (await parts.state.requests.list(ALL_ROWS, { limit: 1_000 })).reverse()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...agents.values()].map((agent) => agent[Symbol.asyncDispose]()))
      await parts[Symbol.asyncDispose]()
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
