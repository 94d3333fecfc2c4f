import { setTimeout as delay } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import type { Watched } from './load.ts'
import type { LoadDialect, Target } from './load-requests.ts'
import { treeCpuUs, treeRssBytes } from './process-tree.ts'
import { median } from './statistics.ts'
import type { LoadWorker } from './worker.ts'

/** What is measured of one contender in one round. `undefined` where it has no meaning for it: direct adds nothing. */
export interface Sample {
  readonly requestsPerSecond: number
  readonly cpuPerRequestUs: number | undefined
  /** At `PACED_RATE` requests a second for everyone: a faster proxy at its limit shares its wake-ups among more. */
  readonly cpuPerPacedRequestUs: number | undefined
  readonly cpuPerTokenUs: number | undefined
  readonly addedFirstByteP50Ms: number | undefined
  readonly addedFirstByteP99Ms: number | undefined
  readonly addedGapP99Ms: number | undefined
}

/** How long each measure of a round takes. */
export interface Durations {
  readonly requestsMs: number
  readonly tokensMs: number
  readonly gapsMs: number
  /** In all, in slices that alternate with direct ones of the same length. */
  readonly firstBytesMs: number
  /** Once for each contender, before the first round: compilers need seconds to settle. */
  readonly warmUpMs: number
  /** Before the requests of each round are counted. */
  readonly rewarmMs: number
  /** After streams were opened, before they are watched. */
  readonly settleMs: number
}

export const REQUEST_CONNECTIONS = 64
export const PACED_RATE = 4_000
export const TOKEN_STREAMS = 400
export const GAP_STREAMS = 200
export const TOKENS_PER_SECOND = 50
export const IDLE_STREAMS = 1_000
/** Between two tokens of one stream. */
export const PERIOD_MS = 1000 / TOKENS_PER_SECOND
const FIRST_BYTE_SLICES = 4
const IDLE_WARM_UP_STREAMS = 50
const IDLE_SETTLE_MS = 1_500

/** Takes a contender through all that is measured later, until what runs is compiled and what is pooled is open. */
export async function warmUp({ port, key }: Target, load: LoadWorker, { warmUpMs }: Durations): Promise<void> {
  const target = { port, key }
  await load.call('requests', { ...target, connections: REQUEST_CONNECTIONS, durationMs: warmUpMs / 2 })
  await load.call('firstBytes', { ...target, durationMs: warmUpMs / 4 })
  await load.call('openStreams', { ...target, count: TOKEN_STREAMS, tokensPerSecond: TOKENS_PER_SECOND })
  await load.call('watchStreams', { durationMs: warmUpMs / 4, periodMs: PERIOD_MS })
  await load.call('closeStreams', {})
}

/** One round for one contender, each added time beside a direct one of the same minute. */
export async function measure(
  contender: Contender,
  direct: Contender,
  load: LoadWorker,
  durations: Durations,
): Promise<Sample> {
  const { port, key, pid } = contender
  const connections = REQUEST_CONNECTIONS
  const { requestsMs, gapsMs, settleMs, rewarmMs } = durations
  const pids = pid === undefined ? [] : [pid]
  const idle = await idleUsPerMs(pids, settleMs)
  // Others were measured meanwhile, and a runtime that was idle has cooled down: what counts is the steady state.
  await load.call('requests', { port, key, connections, durationMs: rewarmMs })
  const requests = await cpuOf(pids, () => load.call('requests', { port, key, connections, durationMs: requestsMs }))
  const requestsPerSecond = (requests.result.count * 1000) / requestsMs
  if (pid === undefined) {
    return {
      requestsPerSecond,
      cpuPerRequestUs: undefined,
      cpuPerPacedRequestUs: undefined,
      cpuPerTokenUs: undefined,
      addedFirstByteP50Ms: undefined,
      addedFirstByteP99Ms: undefined,
      addedGapP99Ms: undefined,
    }
  }
  const paced = await cpuOf(pids, () =>
    load.call('pacedRequests', { port, key, connections, rate: PACED_RATE, durationMs: requestsMs }),
  )
  const firstBytes = await addedFirstBytes(contender, direct, load, durations)
  const tokens = await watchTokens(contender, pids, load, { ...durations, idle })
  const directGaps = await watch(direct, [], load, { count: GAP_STREAMS, durationMs: gapsMs, settleMs })
  const gaps = await watch(contender, [], load, { count: GAP_STREAMS, durationMs: gapsMs, settleMs })
  return {
    requestsPerSecond,
    cpuPerRequestUs: (sum(requests.cpuUs) - sum(idle) * requestsMs) / requests.result.count,
    cpuPerPacedRequestUs: (sum(paced.cpuUs) - sum(idle) * requestsMs) / paced.result.count,
    cpuPerTokenUs: sum(tokens.cpuPerTokenUs),
    ...firstBytes,
    addedGapP99Ms: gaps.result.gapErrorP99Ms - directGaps.result.gapErrorP99Ms,
  }
}

/** In short slices by turns, so that a slow moment of the machine falls on both sides of the difference. */
export async function addedFirstBytes(
  contender: Target,
  direct: Target,
  load: LoadWorker,
  { firstBytesMs }: Durations,
): Promise<Pick<Sample, 'addedFirstByteP50Ms' | 'addedFirstByteP99Ms'>> {
  const differences: { readonly p50Ms: number; readonly p99Ms: number }[] = []
  const slice = ({ port, key }: Target) =>
    load.call('firstBytes', { port, key, durationMs: firstBytesMs / FIRST_BYTE_SLICES })
  for (let count = 0; count < FIRST_BYTE_SLICES; count++) {
    const without = await slice(direct)
    const through = await slice(contender)
    differences.push({ p50Ms: through.p50Ms - without.p50Ms, p99Ms: through.p99Ms - without.p99Ms })
  }
  return {
    addedFirstByteP50Ms: median(differences.map(({ p50Ms }) => p50Ms)),
    addedFirstByteP99Ms: median(differences.map(({ p99Ms }) => p99Ms)),
  }
}

/** What each of the processes spends on doing nothing. */
export async function idleUsPerMs(pids: readonly number[], forMs: number): Promise<readonly number[]> {
  const { cpuUs } = await cpuOf(pids, () => delay(forMs))
  return cpuUs.map((us) => us / forMs)
}

/** Streams of tokens, and what each of the processes spends on one of them, without what it spends when idle, in µs. */
export async function watchTokens(
  target: Target,
  pids: readonly number[],
  load: LoadWorker,
  options: Pick<Durations, 'tokensMs' | 'settleMs'> & {
    readonly idle: readonly number[]
    /** How many. Default: `TOKEN_STREAMS`. */
    readonly count?: number
    readonly dialect?: LoadDialect
  },
): Promise<{ readonly watched: Watched; readonly cpuPerTokenUs: readonly number[] }> {
  const { tokensMs, settleMs, idle, count = TOKEN_STREAMS, dialect = 'chat' } = options
  const { result, cpuUs } = await watch(target, pids, load, { count, dialect, durationMs: tokensMs, settleMs })
  return { watched: result, cpuPerTokenUs: cpuUs.map((us, at) => (us - (idle[at] ?? 0) * tokensMs) / result.tokens) }
}

async function watch(
  { port, key }: Target,
  pids: readonly number[],
  load: LoadWorker,
  options: {
    readonly count: number
    readonly durationMs: number
    readonly settleMs: number
    readonly dialect?: LoadDialect
  },
) {
  const { count, durationMs, settleMs, dialect = 'chat' } = options
  await load.call('openStreams', { port, key, count, tokensPerSecond: TOKENS_PER_SECOND, dialect })
  await delay(settleMs)
  const watched = await cpuOf(pids, () => load.call('watchStreams', { durationMs, periodMs: PERIOD_MS }))
  await load.call('closeStreams', {})
  return watched
}

/**
 * How much more memory a fresh contender holds with idle streams open than before, for each of them, in KiB. It has
 * served a few first, so that what it needs for any stream at all is not counted; garbage that its runtime has not
 * collected yet is, against it.
 */
export async function measureIdleStreamKib({ port, key, pid }: Contender, load: LoadWorker): Promise<number> {
  if (pid === undefined) throw new Error('direct has no memory of its own')
  await load.call('openStreams', { port, key, count: IDLE_WARM_UP_STREAMS, tokensPerSecond: 0 })
  await load.call('closeStreams', {})
  await delay(IDLE_SETTLE_MS)
  const beforeBytes = treeRssBytes(pid)
  await load.call('openStreams', { port, key, count: IDLE_STREAMS, tokensPerSecond: 0 })
  await delay(IDLE_SETTLE_MS)
  const afterBytes = treeRssBytes(pid)
  await load.call('closeStreams', {})
  return (afterBytes - beforeBytes) / IDLE_STREAMS / 1024
}

/** What each of the processes has spent while the work was done. */
async function cpuOf<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpuUs: readonly number[] }> {
  const beforeUs = pids.map(treeCpuUs)
  const result = await work()
  return { result, cpuUs: pids.map((pid, at) => treeCpuUs(pid) - (beforeUs[at] ?? 0)) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
