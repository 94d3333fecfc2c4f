import { median } from '../statistics.ts'
import { Clients, pause } from './clients.ts'
import { type House, startHouse } from './house.ts'
import { linesOf } from './report.ts'

const RESTARTS = 30
const BETWEEN_MS = 4_000
const SIGNALS = ['SIGTERM', 'SIGKILL'] as const

/** Gateway, agent and model server are ended and started, in random order, thirty times, under load. */
export async function drillRestarts(): Promise<readonly string[]> {
  await using house = await startHouse({ isTunnelled: true })
  const clients = new Clients({ ...house.target, streams: 10, tokens: 100, everyMs: 20 })
  const backMs: number[] = []
  for (let count = 0; count < RESTARTS; count++) {
    await pause(BETWEEN_MS * (0.5 + Math.random()))
    await restart(house, count % 3, SIGNALS[Math.floor(Math.random() * SIGNALS.length)] ?? 'SIGTERM', backMs)
  }
  await pause(BETWEEN_MS)
  const seen = await clients.stop()
  return [
    `${RESTARTS} restarts`,
    ...linesOf(seen),
    `the agent was back after a gateway listened: ${median(backMs).toFixed(0)} ms (median), ${Math.max(...backMs).toFixed(0)} ms (longest) of ${backMs.length}`,
  ]
}

async function restart(house: House, which: number, signal: NodeJS.Signals, backMs: number[]): Promise<void> {
  if (which === 0) {
    await house.stopGateway(signal)
    await house.startGateway()
    backMs.push(await house.untilAnswered())
  } else if (which === 1) {
    await house.restartAgent(signal)
  } else {
    await house.restartServer()
  }
}
