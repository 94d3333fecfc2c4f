import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Clients, pause } from './clients.ts'
import { countRows } from './count-rows.ts'
import { startHouse } from './house.ts'
import { linesOf, rowsExpected } from './report.ts'

const HELD_MS = 15_000
const BESIDE_MS = 3_000

/** Another process holds the database locked for 15 s, under load. */
export async function drillLock(): Promise<readonly string[]> {
  await using house = await startHouse()
  const before = await countRows(house.home)
  const clients = new Clients({ ...house.target, streams: 20, tokens: 100, everyMs: 20 })
  await pause(BESIDE_MS)
  const holder = fork(join(import.meta.dirname, 'hold-lock.ts'), [join(house.home, 'punku.db'), String(HELD_MS)])
  await once(holder, 'exit')
  await pause(BESIDE_MS)
  const seen = await clients.stop()
  await house.stopGateway('SIGTERM')
  const rows = (await countRows(house.home)) - before
  return [`locked for ${HELD_MS / 1_000} s`, ...linesOf(seen), `rows: ${rows} of ${rowsExpected(seen)}`]
}
