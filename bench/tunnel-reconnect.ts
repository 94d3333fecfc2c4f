import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { TOKENS_PER_SECOND } from './measures.ts'
import { median } from './statistics.ts'
import { TunnelSite } from './tunnel-site.ts'

const STREAMS = 10
/** Times each is tried in a round. */
const TRIES = 4
/** Longer than a first attempt takes: two back-offs, and some. */
const WATCH_MS = 5_000
const MAX_BACK_MS = 2_000

/** How long a client waits when the link breaks, and how long it takes until an agent is back after its gateway is. */
export async function measureTunnelReconnect(bench: Bench): Promise<Finding> {
  const { upstreamPort, load, rounds, newFolder, progress } = bench
  await using site = await TunnelSite.start(upstreamPort, newFolder(), { delayMs: 0 })
  const tries = rounds * TRIES
  const resumedMs: number[] = []
  for (let count = 1; count <= tries; count++) {
    progress(`tunnel-reconnect: cut ${count} of ${tries}`)
    // A new agent: one that was cut a moment ago waits longer before it tries again.
    await site.restartAgent()
    await load.call('openStreams', { ...site.target, count: STREAMS, tokensPerSecond: TOKENS_PER_SECOND })
    const { resumedAfterMs } = await load.call('watchCut', { pid: site.network?.pid ?? 0, durationMs: WATCH_MS })
    resumedMs.push(median(resumedAfterMs))
    await load.call('closeStreams', {})
  }
  const killed = await restarts(site, 'SIGKILL', tries, progress)
  const stopped = await restarts(site, 'SIGTERM', tries, progress)
  return {
    title: 'Time to reconnect',
    how: `${tries} times each, with a new agent. A cut resets every connection between agent and gateway; a running stream then goes on where it was. A gateway that was killed, or stopped, is started again at once; the agent is back when a request is answered through it.`,
    columns: ['median', 'longest'],
    rows: [
      row('cut: until a stream goes on, ms', resumedMs),
      row('gateway killed: until it listens again, ms', killed.awayMs),
      row('and from then until the agent is back, ms', killed.backMs),
      row('gateway stopped: until it listens again, ms', stopped.awayMs),
      row('and from then until the agent is back, ms', stopped.backMs),
    ],
    bars: [
      {
        title: 'ms until the agent is back, once the gateway listens, at the longest',
        value: Math.max(...killed.backMs, ...stopped.backMs),
        atMost: MAX_BACK_MS,
        digits: 0,
      },
    ],
  }
}

async function restarts(site: TunnelSite, signal: NodeJS.Signals, tries: number, progress: Bench['progress']) {
  const awayMs: number[] = []
  const backMs: number[] = []
  for (let count = 1; count <= tries; count++) {
    progress(`tunnel-reconnect: ${signal} ${count} of ${tries}`)
    await site.restartAgent()
    const restarted = await site.restartGateway(signal)
    awayMs.push(restarted.awayMs)
    backMs.push(restarted.backMs)
  }
  return { awayMs, backMs }
}

function row(title: string, valuesMs: readonly number[]) {
  return { title, digits: 0, values: [median(valuesMs), Math.max(...valuesMs)] }
}
