import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type Contender, findContender, startContender } from './contenders.ts'
import type { Finding } from './finding.ts'
import { treeCpuUs, treeRssBytes } from './process-tree.ts'

const NAMES = ['punku', 'litellm'] as const
/** Few: some gateways take no more. */
const CONNECTIONS = 16
const STREAMS = { count: 20, tokensPerSecond: 10 }
const WARM_UP_MS = 3_000
const MEASURE_MS = 5_000
const SETTLE_MS = 2_000
const BYTES_PER_MIB = 1_048_576

interface Measured {
  readonly requestsPerSecond: number
  readonly requestUs: number
  readonly tokenUs: number
  readonly memoryMib: number
}

/** Punku beside the gateways that users would otherwise pick, where they are installed, at a load that each can carry. */
export async function measureGateways({ upstreamPort, load, newFolder, progress }: Bench): Promise<Finding> {
  const measured: (Measured | undefined)[] = []
  for (const name of NAMES) {
    if (findContender(name).version === undefined) {
      measured.push(undefined)
      continue
    }
    progress(`gateways: ${name}`)
    await using contender = await startContender(name, upstreamPort, newFolder())
    measured.push(await measure(contender))
  }
  const row = (title: string, digits: number, pick: (one: Measured) => number) => ({
    title,
    digits,
    values: measured.map((one) => one && pick(one)),
  })
  return {
    title: 'Beside other gateways',
    how: `${CONNECTIONS} connections with a small request after the other, then ${STREAMS.count} streams of ${STREAMS.tokensPerSecond} tokens a second, through each. LiteLLM is a proxy of one worker with its master key, without a database.`,
    columns: ['Punku', 'LiteLLM'],
    rows: [
      row('requests per second', 0, ({ requestsPerSecond }) => requestsPerSecond),
      row('CPU per request, µs', 0, ({ requestUs }) => requestUs),
      row('CPU per streamed token, µs', 0, ({ tokenUs }) => tokenUs),
      row('memory, MiB', 0, ({ memoryMib }) => memoryMib),
    ],
    bars: [],
  }

  async function measure({ port, key, pid = 0 }: Contender): Promise<Measured> {
    const target = { port, key, connections: CONNECTIONS }
    await load.call('requests', { ...target, durationMs: WARM_UP_MS })
    const beganUs = treeCpuUs(pid)
    const { count } = await load.call('requests', { ...target, durationMs: MEASURE_MS })
    const requestUs = (treeCpuUs(pid) - beganUs) / count
    await load.call('openStreams', { port, key, ...STREAMS })
    await delay(SETTLE_MS)
    const streamsBeganUs = treeCpuUs(pid)
    const { tokens } = await load.call('watchStreams', {
      durationMs: MEASURE_MS,
      periodMs: 1_000 / STREAMS.tokensPerSecond,
    })
    const tokenUs = (treeCpuUs(pid) - streamsBeganUs) / tokens
    await load.call('closeStreams', {})
    const memoryMib = treeRssBytes(pid) / BYTES_PER_MIB
    return { requestsPerSecond: (count * 1_000) / MEASURE_MS, requestUs, tokenUs, memoryMib }
  }
}
