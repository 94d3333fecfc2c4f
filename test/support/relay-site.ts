import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { pino } from 'pino'
import { request } from 'undici'
import { onTestFinished } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { hashSecret } from '../../src/gateway/access/key-text.ts'
import { AccessTokens } from '../../src/gateway/relay/access-tokens.ts'
import { PairingService } from '../../src/gateway/relay/pairing-service.ts'
import { createRelaySite } from '../../src/gateway/relay/site.ts'
import type { RelaySiteLimits } from '../../src/gateway/relay/site-options.ts'
import { TunnelService } from '../../src/gateway/relay/tunnel-service.ts'
import { Counts } from '../../src/gateway/store/counts.ts'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { migrate } from '../../src/gateway/store/migrations.ts'
import { PairingRepository } from '../../src/gateway/store/pairing-repository.ts'
import { TunnelRepository } from '../../src/gateway/store/tunnel-repository.ts'
import { ManualClock } from './clock.ts'
import { openTestStore } from './store.ts'

/** The header in which a test says whose address a request is from. Default: 192.0.2.1. */
export const ADDRESS_HEADER = 'x-test-address'

export interface RelaySiteGiven {
  /** The URL that the site takes for its own. Default: where it listens. */
  readonly baseUrl?: string
  readonly limits?: Partial<RelaySiteLimits>
  readonly maxTunnels?: number
}

/** An answer with its whole body. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** The relay's site behind a listener of its own, over the real services and a new SQLite database; gone after the test. */
export async function openRelaySite(given: RelaySiteGiven = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'punku-site-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const database = openDatabase({ url: pathToFileURL(join(folder, 'punku.db')).href })
  onTestFinished(() => database.close())
  await migrate(database)
  const clock = new ManualClock()
  const { store, entries } = await openTestStore(database, clock)
  const pepper = new Secret('pepper')
  const hash = (text: string) => hashSecret(pepper, text)
  const [tunnelRows, pairingRows] = [new TunnelRepository(database), new PairingRepository(database)]
  const bounds = given.maxTunnels === undefined ? {} : { maxTunnels: given.maxTunnels }
  const tunnels = new TunnelService({ store, repository: tunnelRows, hash, ...bounds })
  const pairings = new PairingService({
    store,
    pairings: pairingRows,
    tunnels: tunnelRows,
    accessTokens: new AccessTokens({ pepper, clock }),
    counts: new Counts({ database, hash, clock }),
    hash,
    clock,
    ...bounds,
  })
  const logLines: string[] = []
  const site = createRelaySite({
    pairings,
    clientAddress: (context) => context.req.header(ADDRESS_HEADER) ?? '192.0.2.1',
    baseUrl: () => given.baseUrl ?? url,
    log: pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) }),
    clock,
    limits: given.limits ?? {},
  })
  const server = createServer(getRequestListener(site.fetch, { overrideGlobalObjects: false }))
  const url = await listen(server)
  /** Sends a request as it is given: no header is added but those of HTTP itself. */
  const ask = async (path: string, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Answer> => {
    const answer = await request(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  }
  return {
    url,
    port: Number(new URL(url).port),
    base: given.baseUrl ?? url,
    clock,
    database,
    tunnels,
    pairings,
    /** What was recorded. */
    entries,
    logLines,
    ask,
  }
}

export type RelaySite = Awaited<ReturnType<typeof openRelaySite>>

/** The text of a form. */
export function formOf(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString()
}

function listen(server: Server): Promise<string> {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}
