import type { Bench } from './bench.ts'
import { startContender } from './contenders.ts'
import type { Finding } from './finding.ts'
import { addedFirstBytes, type Sample, warmUp } from './measures.ts'
import { median } from './statistics.ts'
import { TunnelSite } from './tunnel-site.ts'

/** What a client waits longer for the first byte when it asks through Punku, directly and through the tunnel. */
export async function measureTunnelFirstByte(bench: Bench): Promise<Finding> {
  const { upstreamPort, load, rounds, durations, newFolder, progress } = bench
  progress('tunnel-first-byte: warm-up')
  await using opened = new AsyncDisposableStack()
  const direct = opened.use(await startContender('direct', upstreamPort, newFolder()))
  const punku = opened.use(await startContender('punku', upstreamPort, newFolder()))
  const site = opened.use(await TunnelSite.start(upstreamPort, newFolder()))
  const targets = [punku, site.target]
  for (const target of targets) await warmUp(target, load, durations)

  const added = targets.map((): Pick<Sample, 'addedFirstByteP50Ms' | 'addedFirstByteP99Ms'>[] => [])
  for (let round = 1; round <= rounds; round++) {
    progress(`tunnel-first-byte: round ${round} of ${rounds}`)
    for (const [at, target] of targets.entries()) {
      added[at]?.push(await addedFirstBytes(target, direct, load, durations))
    }
  }
  const medians = (pick: (one: (typeof added)[number][number]) => number | undefined) =>
    added.map((ofTarget) => median(ofTarget.map((one) => pick(one) ?? 0)))
  return {
    title: 'Added time to first byte through the tunnel',
    how: 'One client, one request after another; what is more than when it asks the model server itself. Nothing is between gateway and agent.',
    columns: ['Punku', 'through the tunnel'],
    rows: [
      { title: 'added p50, ms', digits: 2, values: medians(({ addedFirstByteP50Ms }) => addedFirstByteP50Ms) },
      { title: 'added p99, ms', digits: 2, values: medians(({ addedFirstByteP99Ms }) => addedFirstByteP99Ms) },
    ],
    bars: [],
  }
}
