import { Clients, pause } from './clients.ts'
import { startHouse } from './house.ts'
import { linesOf } from './report.ts'

const RESET_EVERY_MS = 20_000
const LASTS_MS = 300_000

/** The link of an agent is reset each 20 s for five minutes, under thirty streams. */
export async function drillLinks(): Promise<readonly string[]> {
  await using house = await startHouse({ isTunnelled: true })
  const clients = new Clients({ ...house.target, streams: 30, tokens: 400, everyMs: 100 })
  let resets = 0
  for (let passedMs = 0; passedMs < LASTS_MS; passedMs += RESET_EVERY_MS) {
    await pause(RESET_EVERY_MS)
    house.cutLink()
    resets++
  }
  await pause(RESET_EVERY_MS / 2)
  return [`${resets} resets`, ...linesOf(await clients.stop())]
}
