import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { KeyGrant } from '../../src/access/key-service.ts'
import { type GatewayParts, openGateway } from '../../src/app/gateway-parts.ts'
import type { ConfigLayer } from '../../src/config/environment.ts'
import { ensureHome } from '../../src/config/home.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { RequestRow } from '../../src/store/schema.ts'

export interface TestGatewayOptions {
  /** The upstreams' URLs. */
  readonly upstreams: readonly string[]
  /** Options over the defaults, in the configuration file's form. */
  readonly config?: ConfigLayer
  /** Default: the system's. */
  readonly clock?: Clock
}

/** A whole gateway in this process, on a free loopback port, with a state folder of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly home: string
  readonly parts: GatewayParts
  /** Every log line so far. */
  readonly logLines: readonly string[]
  /** Makes a key; default: for inference and metadata, on all models. Names are made up. */
  key(grant?: Partial<KeyGrant>): Promise<string>
  /** Every recorded row, oldest first, once what waits has been written. */
  rows(): Promise<RequestRow[]>
}

let keyCount = 0

/** Starts one; disposing it ends its connections and removes its folder. */
export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const home = mkdtempSync(join(tmpdir(), 'punku-test-'))
  ensureHome(home)
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const config = loadConfig({
    home,
    env: {},
    flags: { ...options.config, listen: ['127.0.0.1:0'], upstreams: options.upstreams.map((url) => ({ url })) },
  })
  const clock = options.clock ?? systemClock
  const parts = await openGateway({ home, config, upstreams: config.upstreams, clock, log })
  const { port } = await parts.gateway.listen({ host: '127.0.0.1', port: 0 })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    home,
    parts,
    logLines,
    async key(grant = {}) {
      keyCount += 1
      return (await parts.keys.service.create({ name: `key-${keyCount}`, ...grant })).text.reveal()
    },
    async rows() {
      await parts.recorder.flush()
      await parts.recorder.flush()
      return (await parts.keys.requests.list({ limit: 1_000 })).reverse()
    },
    async [Symbol.asyncDispose]() {
      await parts[Symbol.asyncDispose]()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
