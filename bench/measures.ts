import { setTimeout as delay } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
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
const PERIOD_MS = 1000 / TOKENS_PER_SECOND
const FIRST_BYTE_SLICES = 4
const IDLE_WARM_UP_STREAMS = 50
const IDLE_SETTLE_MS = 1_500

/** Takes a contender through all that is measured later, until what runs is compiled and what is pooled is open. */
export async function warmUp({ port, key }: Contender, load: LoadWorker, { warmUpMs }: Durations): Promise<void> {
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
  const { requestsMs, tokensMs, gapsMs, settleMs, rewarmMs } = durations
  const idle = await cpuOf(pid, () => delay(settleMs))
  const idleUsPerMs = idle.cpuUs / settleMs
  // Others were measured meanwhile, and a runtime that was idle has cooled down: what counts is the steady state.
  await load.call('requests', { port, key, connections, durationMs: rewarmMs })
  const requests = await cpuOf(pid, () => load.call('requests', { port, key, connections, durationMs: requestsMs }))
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
  const paced = await cpuOf(pid, () =>
    load.call('pacedRequests', { port, key, connections, rate: PACED_RATE, durationMs: requestsMs }),
  )
  const firstBytes = await addedFirstBytes(contender, direct, load, durations)
  const tokens = await watch(contender, load, TOKEN_STREAMS, tokensMs, settleMs)
  const directGaps = await watch(direct, load, GAP_STREAMS, gapsMs, settleMs)
  const gaps = await watch(contender, load, GAP_STREAMS, gapsMs, settleMs)
  return {
    requestsPerSecond,
    cpuPerRequestUs: (requests.cpuUs - idleUsPerMs * requestsMs) / requests.result.count,
    cpuPerPacedRequestUs: (paced.cpuUs - idleUsPerMs * requestsMs) / paced.result.count,
    cpuPerTokenUs: (tokens.cpuUs - idleUsPerMs * tokensMs) / tokens.result.tokens,
    ...firstBytes,
    addedGapP99Ms: gaps.result.gapErrorP99Ms - directGaps.result.gapErrorP99Ms,
  }
}

/** In short slices by turns, so that a slow moment of the machine falls on both sides of the difference. */
async function addedFirstBytes(contender: Contender, direct: Contender, load: LoadWorker, { firstBytesMs }: Durations) {
  const differences: { readonly p50Ms: number; readonly p99Ms: number }[] = []
  const slice = ({ port, key }: Contender) =>
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

async function watch(
  { port, key, pid }: Contender,
  load: LoadWorker,
  count: number,
  durationMs: number,
  settleMs: number,
) {
  await load.call('openStreams', { port, key, count, tokensPerSecond: TOKENS_PER_SECOND })
  await delay(settleMs)
  const watched = await cpuOf(pid, () => load.call('watchStreams', { durationMs, periodMs: PERIOD_MS }))
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

async function cpuOf<T>(pid: number | undefined, work: () => Promise<T>): Promise<{ result: T; cpuUs: number }> {
  const beforeUs = pid === undefined ? 0 : treeCpuUs(pid)
  const result = await work()
  return { result, cpuUs: pid === undefined ? 0 : treeCpuUs(pid) - beforeUs }
}
