import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import type { Watched } from './load.ts'
import { PERIOD_MS, TOKENS_PER_SECOND } from './measures.ts'
import { median } from './statistics.ts'
import { startNetworkProcess, TunnelSite } from './tunnel-site.ts'
import { startBulk } from './worker.ts'

const ROUND_TRIPS_MS = [0, 20, 100]
const BITS_PER_SECOND = 1_000_000_000
const BULK_BYTES = 100_000_000
const STREAMS = 50
const MIN_UPLOAD_MB_PER_SECOND = 100
const MAX_ADDED_GAP_MS = 50

interface Transfers {
  readonly mbPerSecond: number
  /** The streams beside them. */
  readonly gapP50Ms: number
  readonly gapP99Ms: number
}

interface Journey {
  readonly bare: number
  readonly calm: Watched
  readonly upload: Transfers
  readonly download: Transfers
}

/** How fast bulk goes through a tunnel over distance, and what streams beside it feel of it. */
export async function measureTunnelUpload(bench: Bench): Promise<Finding> {
  const journeys: Journey[] = []
  for (const roundTripMs of ROUND_TRIPS_MS) {
    bench.progress(`tunnel-upload: ${roundTripMs} ms round trip`)
    journeys.push(await travel(roundTripMs, bench))
  }
  const row = (title: string, digits: number, pick: (journey: Journey) => number) => ({
    title,
    digits,
    values: journeys.map(pick),
  })
  const addedMs = journeys.map(({ upload }) => upload.gapP99Ms - PERIOD_MS)
  return {
    title: 'Bulk through the tunnel',
    how:
      `One upload, then one download, of ${BULK_BYTES / 1_000_000} MB over a link of 1 Gbit/s each way that also carries ${STREAMS} streams of ` +
      `${TOKENS_PER_SECOND} tokens a second: from connecting to the last byte of the answer. A token is due every ${PERIOD_MS} ms; the gap added is what is beyond that.`,
    columns: ROUND_TRIPS_MS.map((ms) => `${ms} ms round trip`),
    rows: [
      row('upload, MB/s', 1, ({ upload }) => upload.mbPerSecond),
      row('the same over the network alone, MB/s', 1, ({ bare }) => bare),
      row('gap p50 with nothing beside, ms', 1, ({ calm }) => calm.gapP50Ms),
      row('gap p99 with nothing beside, ms', 1, ({ calm }) => calm.gapP99Ms),
      row('gap p50 beside the upload, ms', 1, ({ upload }) => upload.gapP50Ms),
      row('gap p99 beside the upload, ms', 1, ({ upload }) => upload.gapP99Ms),
      { title: 'gap added p99 beside the upload, ms', digits: 1, values: addedMs },
      row('download, MB/s', 1, ({ download }) => download.mbPerSecond),
      row('gap p99 beside the download, ms', 1, ({ download }) => download.gapP99Ms),
    ],
    bars: [
      {
        title: `MB/s of the upload at ${ROUND_TRIPS_MS.at(-1)} ms`,
        value: journeys.at(-1)?.upload.mbPerSecond,
        atLeast: MIN_UPLOAD_MB_PER_SECOND,
        digits: 1,
      },
      {
        title: 'gap added p99 beside the upload, the worst of the three, ms',
        value: Math.max(...addedMs),
        atMost: MAX_ADDED_GAP_MS,
        digits: 1,
      },
    ],
  }
}

async function travel(roundTripMs: number, bench: Bench): Promise<Journey> {
  const { upstreamPort, load, rounds, durations, newFolder } = bench
  const settings = { delayMs: roundTripMs / 2, bitsPerSecond: BITS_PER_SECOND }
  await using opened = new AsyncDisposableStack()
  const bulk = opened.use(startBulk())
  const bare = opened.use(await startNetworkProcess(upstreamPort, settings))
  const bareMbPerSecond: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const { ms } = await bulk.call('upload', { port: bare.port, key: '', bytes: BULK_BYTES })
    // The first is for the compilers.
    if (round > 0) bareMbPerSecond.push(BULK_BYTES / 1_000 / ms)
  }

  const { target } = opened.use(await TunnelSite.start(upstreamPort, newFolder(), settings))
  await load.call('openStreams', { ...target, count: STREAMS, tokensPerSecond: TOKENS_PER_SECOND })
  const transfers = async (name: 'upload' | 'download'): Promise<Transfers> => {
    const mbPerSecond: number[] = []
    const beside: Watched[] = []
    for (let round = 0; round <= rounds; round++) {
      await delay(durations.settleMs)
      await load.call('beginWatch', { periodMs: PERIOD_MS })
      const { ms } = await bulk.call(name, { ...target, bytes: BULK_BYTES })
      const watched = await load.call('endWatch', {})
      if (round === 0) continue
      mbPerSecond.push(BULK_BYTES / 1_000 / ms)
      beside.push(watched)
    }
    return {
      mbPerSecond: median(mbPerSecond),
      gapP50Ms: median(beside.map(({ gapP50Ms }) => gapP50Ms)),
      gapP99Ms: median(beside.map(({ gapP99Ms }) => gapP99Ms)),
    }
  }
  await delay(durations.settleMs)
  const calm = await load.call('watchStreams', { durationMs: durations.gapsMs, periodMs: PERIOD_MS })
  const upload = await transfers('upload')
  const download = await transfers('download')
  await load.call('closeStreams', {})
  return { bare: median(bareMbPerSecond), calm, upload, download }
}
