// `npm run bench:growth [-- --svg FILE]`: how the cost of a token, the memory of a stream and the answer of `/healthz` move
// from ten streams to ten thousand, and the cost of a request from one key to ten thousand. Prints a table; draws it too.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openFilesLimit } from '../src/system/open-files-limit.ts'
import { findFreePort } from '../test/support/free-port.ts'
import { openLocalControl } from '../test/support/local-control.ts'
import { idleUsPerMs, REQUEST_CONNECTIONS } from './measures.ts'
import { type Plot, renderPlots } from './plot.ts'
import { treeCpuUs, treeRssBytes } from './process-tree.ts'
import { createKey, startGateway } from './punku.ts'
import { requestStatus } from './running-process.ts'
import { percentile } from './statistics.ts'
import { renderTable } from './table.ts'
import { type LoadWorker, startLoad, startUpstream } from './worker.ts'

const STREAMS = [10, 100, 1_000, 10_000]
const KEYS = [1, 100, 10_000]
/** Of all streams together, whatever their number: what moves is what a stream costs. */
const TOKENS_PER_SECOND = 4_000
const WATCH_MS = 10_000
const SETTLE_MS = 3_000
const WARM_UP_MS = 6_000
const REQUESTS_MS = 6_000
/** What fewer streams hold drowns in what the runtime holds anyway. */
const WEIGHED_FROM = 1_000
const HEALTH_EVERY_MS = 50
const MS_PER_SECOND = 1_000
/** What a gateway needs open beside the two sockets of each stream. */
const SPARE_FILES = 1_000

const { values: flags } = parseArgs({ options: { svg: { type: 'string' } } })

interface AtStreams {
  readonly streams: number
  readonly tokenUs: number
  /** `undefined`: too few to be weighed. */
  readonly streamKib: number | undefined
  readonly healthP99Ms: number
}

interface AtKeys {
  readonly keys: number
  readonly requestUs: number
}

const folder = mkdtempSync(join(tmpdir(), 'punku-growth-'))
let homes = 0
const newHome = () => join(folder, String(++homes))
try {
  using upstream = await startUpstream()
  using load = startLoad()
  const byStreams: AtStreams[] = []
  for (const streams of STREAMS.map(fitting)) {
    progress(`${streams} streams`)
    byStreams.push(await measureStreams(streams, upstream.port, load))
  }
  const byKeys: AtKeys[] = []
  for (const keys of KEYS) {
    progress(`${keys} keys`)
    byKeys.push(await measureKeys(keys, upstream.port, load))
  }
  process.stdout.write(`\n${render(byStreams, byKeys)}\n`)
  if (flags.svg !== undefined) writeFileSync(flags.svg, renderPlots(plotsOf(byStreams, byKeys)))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** As many as the files that a process may have open allow. */
function fitting(streams: number): number {
  return Math.min(streams, Math.floor((openFilesLimit() - SPARE_FILES) / 2))
}

async function measureStreams(streams: number, upstreamPort: number, load: LoadWorker): Promise<AtStreams> {
  const limit = String(Math.max(64, streams + SPARE_FILES / 2))
  const env = {
    PUNKU_LIMITS_CONNECTIONS: limit,
    PUNKU_LIMITS_CONNECTIONS_PER_ADDRESS: limit,
    PUNKU_LIMITS_CONNECTIONS_PER_ORG: limit,
  }
  const home = newHome()
  const target = { port: await findFreePort(), key: createKey(home) }
  await using gateway = startGateway({ home, port: target.port, upstream: `http://127.0.0.1:${upstreamPort}`, env })
  await gateway.until(async () => (await requestStatus(target.port, target.key)) === 200)
  const tokensPerSecond = TOKENS_PER_SECOND / streams
  // What any stream needs is there, and compiled, before memory is weighed.
  await load.call('openStreams', { ...target, count: 10, tokensPerSecond: TOKENS_PER_SECOND / 10 })
  await delay(WARM_UP_MS)
  await load.call('closeStreams', {})
  const idle = await idleUsPerMs([gateway.pid], SETTLE_MS)
  const before = treeRssBytes(gateway.pid)
  await load.call('openStreams', { ...target, count: streams, tokensPerSecond })
  await delay(SETTLE_MS)
  const beganUs = treeCpuUs(gateway.pid)
  await load.call('beginWatch', { periodMs: MS_PER_SECOND / tokensPerSecond })
  const health = await askHealth(target.port, WATCH_MS)
  const { tokens } = await load.call('endWatch', {})
  const spentUs = treeCpuUs(gateway.pid) - beganUs - (idle[0] ?? 0) * WATCH_MS
  const streamKib = streams < WEIGHED_FROM ? undefined : (treeRssBytes(gateway.pid) - before) / streams / 1_024
  await load.call('closeStreams', {})
  return { streams, tokenUs: spentUs / tokens, streamKib, healthP99Ms: percentile(health, 99) }
}

/** How long `/healthz` took, again and again, milliseconds. */
async function askHealth(port: number, forMs: number): Promise<readonly number[]> {
  const took: number[] = []
  const endsAtMs = performance.now() + forMs
  while (performance.now() < endsAtMs) {
    const askedAtMs = performance.now()
    await (await fetch(`http://127.0.0.1:${port}/healthz`)).arrayBuffer()
    took.push(performance.now() - askedAtMs)
    await delay(HEALTH_EVERY_MS)
  }
  return took
}

async function measureKeys(keys: number, upstreamPort: number, load: LoadWorker): Promise<AtKeys> {
  const home = newHome()
  const key = createKey(home)
  await makeKeys(home, keys - 1)
  const target = { port: await findFreePort(), key }
  await using gateway = startGateway({ home, port: target.port, upstream: `http://127.0.0.1:${upstreamPort}` })
  await gateway.until(async () => (await requestStatus(target.port, target.key)) === 200)
  const connections = REQUEST_CONNECTIONS
  await load.call('requests', { ...target, connections, durationMs: WARM_UP_MS })
  const beganUs = treeCpuUs(gateway.pid)
  const { count } = await load.call('requests', { ...target, connections, durationMs: REQUESTS_MS })
  return { keys, requestUs: (treeCpuUs(gateway.pid) - beganUs) / count }
}

/** Before the gateway starts, so that it finds them as one that was restarted does. */
async function makeKeys(home: string, count: number): Promise<void> {
  await using control = await openLocalControl({ home, env: {} })
  for (let at = 0; at < count; at++) await control.client.call('createKey', { body: { name: `bench ${at}` } })
}

function render(byStreams: readonly AtStreams[], byKeys: readonly AtKeys[]): string {
  return [
    ...renderTable(
      ['streams', 'CPU per token, µs', 'memory per stream, KiB', '/healthz p99, ms'],
      byStreams.map(({ streams, tokenUs, streamKib, healthP99Ms }) => [
        streams.toLocaleString('en'),
        { value: tokenUs, digits: 1 },
        { value: streamKib, digits: 1 },
        { value: healthP99Ms, digits: 1 },
      ]),
    ),
    '',
    ...renderTable(
      ['keys', 'CPU per request, µs'],
      byKeys.map(({ keys, requestUs }) => [keys.toLocaleString('en'), { value: requestUs, digits: 1 }]),
    ),
  ].join('\n')
}

function plotsOf(byStreams: readonly AtStreams[], byKeys: readonly AtKeys[]): readonly Plot[] {
  const line = (title: string, yTitle: string, pick: (at: AtStreams) => number | undefined): Plot => ({
    title,
    yTitle,
    xTitle: 'streams',
    series: [{ title, points: byStreams.flatMap((at) => pointsOf(at.streams, pick(at))) }],
  })
  return [
    line('CPU per token', 'µs', ({ tokenUs }) => tokenUs),
    line('Memory per stream', 'KiB', ({ streamKib }) => streamKib),
    {
      title: 'CPU per request',
      yTitle: 'µs',
      xTitle: 'keys',
      series: [{ title: 'request', points: byKeys.map(({ keys, requestUs }) => ({ x: keys, y: requestUs })) }],
    },
  ]
}

function pointsOf(x: number, y: number | undefined): Plot['series'][number]['points'] {
  return y === undefined ? [] : [{ x, y }]
}

/** On the error stream, so that the table can be piped. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
