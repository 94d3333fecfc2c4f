import type { Bench } from './bench.ts'
import { type Contender, findContender, startContender } from './contenders.ts'
import type { Finding } from './finding.ts'
import type { Target } from './load-requests.ts'
import { idleUsPerMs, TOKEN_STREAMS, TOKENS_PER_SECOND, warmUp, watchTokens } from './measures.ts'
import { median } from './statistics.ts'
import { TunnelSite } from './tunnel-site.ts'

/** Gateway and agent together, to HAProxy alone. */
const MAX_RATIO = 2

interface Way {
  readonly target: Target
  /** Its processes, in the order of its columns. */
  readonly pids: readonly number[]
  readonly cpuUs: number[][]
  readonly delivered: number[]
  readonly gapsMs: number[]
}

/** CPU per streamed token through the tunnel, beside HAProxy and the direct path. */
export async function measureTunnelTokens(bench: Bench): Promise<Finding> {
  const { upstreamPort, load, rounds, durations, newFolder, progress } = bench
  await using opened = new AsyncDisposableStack()
  const beside = async (name: 'haproxy' | 'punku'): Promise<Way | undefined> => {
    if (findContender(name).version === undefined) return undefined
    const contender: Contender = opened.use(await startContender(name, upstreamPort, newFolder()))
    return newWay(contender, contender.pid === undefined ? [] : [contender.pid])
  }
  progress('tunnel-tokens: warm-up')
  const haproxy = await beside('haproxy')
  const direct = await beside('punku')
  const site = opened.use(await TunnelSite.start(upstreamPort, newFolder()))
  const tunnel = newWay(site.target, [site.gatewayPid, site.agentPid])
  const ways = [haproxy, direct, tunnel].filter((way) => way !== undefined)
  for (const { target } of ways) await warmUp(target, load, durations)

  for (let round = 1; round <= rounds; round++) {
    progress(`tunnel-tokens: round ${round} of ${rounds}`)
    for (const way of ways) {
      const idle = await idleUsPerMs(way.pids, durations.settleMs)
      const { watched, cpuPerTokenUs } = await watchTokens(way.target, way.pids, load, { ...durations, idle })
      way.cpuUs.push([...cpuPerTokenUs])
      way.delivered.push((watched.tokens * 100_000) / (TOKEN_STREAMS * TOKENS_PER_SECOND * durations.tokensMs))
      way.gapsMs.push(watched.gapP99Ms)
    }
  }

  const cpuOf = (way: Way | undefined, pick: (ofProcesses: readonly number[]) => number | undefined) => {
    const values = (way?.cpuUs ?? []).map(pick).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  const total = (ofProcesses: readonly number[]) => ofProcesses.reduce((sum, us) => sum + us, 0)
  const ofHaproxy = cpuOf(haproxy, total)
  const cpu = [
    ofHaproxy,
    cpuOf(direct, total),
    cpuOf(tunnel, ([gateway]) => gateway),
    cpuOf(tunnel, ([, agent]) => agent),
    cpuOf(tunnel, total),
  ]
  const ratios = cpu.map((us) => (us === undefined || ofHaproxy === undefined ? undefined : us / ofHaproxy))
  const ofWhole = (pick: (way: Way) => readonly number[]) => [
    ...[haproxy, direct].map((way) => (way === undefined ? undefined : median(pick(way)))),
    undefined,
    undefined,
    median(pick(tunnel)),
  ]
  return {
    title: 'CPU per streamed token through the tunnel',
    how: `${TOKEN_STREAMS} streams of ${TOKENS_PER_SECOND} tokens a second, one after the other through each; gateway and agent are on this machine, with nothing between them.`,
    columns: ['HAProxy', 'Punku', 'gateway', 'agent', 'gateway + agent'],
    rows: [
      { title: 'CPU per token, µs', digits: 1, values: cpu },
      { title: '÷ HAProxy', digits: 2, values: ratios },
      { title: 'tokens that came, of those due, %', digits: 1, values: ofWhole(({ delivered }) => delivered) },
      { title: 'gap between tokens p99, ms', digits: 1, values: ofWhole(({ gapsMs }) => gapsMs) },
    ],
    bars: [{ title: 'gateway + agent ÷ HAProxy', value: ratios[4], atMost: MAX_RATIO, digits: 2 }],
  }
}

function newWay({ port, key }: Target, pids: readonly number[]): Way {
  return { target: { port, key }, pids, cpuUs: [], delivered: [], gapsMs: [] }
}
