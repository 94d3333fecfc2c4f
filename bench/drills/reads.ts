import { openRunningControl } from '../../src/client/running-control.ts'
import type { ControlClient } from '../../src/contract/client.ts'
import { percentile } from '../statistics.ts'
import { Clients, pause } from './clients.ts'
import { fillRequests } from './fill.ts'
import { type House, startHouse } from './house.ts'
import { linesOf } from './report.ts'

const EXPORTED_ROWS = 100_000
/** One after the other: one alone is over before the clients have had many answers. */
const EXPORTS = 10
const SUMMED_ROWS = 1_000_000
const DAYS = 60
const ALONE_MS = 10_000
const LOAD = { streams: 20, tokens: 100, everyMs: 20 }

/** Large reads of the control API beside clients: an export of 100,000 rows, and usage over a million. */
export async function drillReads(): Promise<readonly string[]> {
  await using house = await startHouse()
  await house.stopGateway('SIGTERM')
  await fillRequests(house.home, EXPORTED_ROWS, DAYS)
  const exported = await besideClients(house, async (client) => {
    const took: string[] = []
    for (let exports = 0; exports < EXPORTS; exports++) {
      const startedAtMs = performance.now()
      let rows = 0
      for await (const chunk of await client.read('exportRequests')) rows += countLines(chunk)
      if (rows < EXPORTED_ROWS) throw new Error(`an export has ${rows} rows of ${EXPORTED_ROWS}`)
      took.push(((performance.now() - startedAtMs) / 1_000).toFixed(1))
    }
    return `${EXPORTS} exports of ${EXPORTED_ROWS} rows: ${took.join(', ')} s`
  })
  await fillRequests(house.home, SUMMED_ROWS - EXPORTED_ROWS, DAYS)
  const since = new Date(Date.now() - (DAYS / 2) * 86_400_000).toISOString()
  const summed = await besideClients(house, async (client) => {
    const took: string[] = []
    for (const by of ['model', 'key', 'day', 'session'] as const) {
      const startedAtMs = performance.now()
      await client.call('usage', { query: { by, since } })
      took.push(`by ${by} ${(performance.now() - startedAtMs).toFixed(0)} ms`)
    }
    const startedAtMs = performance.now()
    await client.call('listRequests', { query: { limit: 100, outcome: 'error' } })
    took.push(`a page of failed requests ${(performance.now() - startedAtMs).toFixed(0)} ms`)
    return `usage of 30 days over ${SUMMED_ROWS} rows: ${took.join(', ')}`
  })
  return [...exported, ...summed]
}

/** Without making text of them: the clients that are timed run in this process. */
function countLines(chunk: Uint8Array): number {
  let lines = 0
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++
  return lines
}

async function besideClients(house: House, run: (client: ControlClient) => Promise<string>): Promise<string[]> {
  await house.startGateway()
  await house.untilAnswered()
  const alone = new Clients({ ...house.target, ...LOAD })
  await pause(ALONE_MS)
  const before = await alone.stop()
  await using control = await openRunningControl({ home: house.home })
  if (control === undefined) throw new Error('the gateway has no control socket')
  const beside = new Clients({ ...house.target, ...LOAD })
  const startedAtMs = performance.now()
  const said = await run(control.client)
  const tookMs = performance.now() - startedAtMs
  const seen = await beside.stop()
  await house.stopGateway('SIGTERM')
  const alonePercentile = percentile(before.tookMs, 99)
  return [
    `${said}, in ${(tookMs / 1_000).toFixed(1)} s`,
    `beside it, p99 of an answer: ${percentile(seen.tookMs, 99).toFixed(1)} ms; alone ${alonePercentile.toFixed(1)} ms`,
    ...linesOf(seen).map((line) => `  ${line}`),
  ]
}
