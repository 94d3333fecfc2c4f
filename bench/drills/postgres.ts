import { startPostgresCluster } from '../../test/support/postgres-cluster.ts'
import { Clients, pause } from './clients.ts'
import { countRows } from './count-rows.ts'
import { startHouse } from './house.ts'
import { linesOf, rowsExpected } from './report.ts'

const AWAY_MS = 20_000
const BESIDE_MS = 5_000

/** PostgreSQL is stopped at once and away for 20 s, under load. */
export async function drillPostgres(): Promise<readonly string[]> {
  const cluster = await startPostgresCluster({ isDurable: true })
  if (cluster === undefined) return ['not run: PostgreSQL is not installed']
  await using _cluster = cluster
  const env = { PUNKU_DATABASE_URL: cluster.url }
  await using house = await startHouse({ env })
  const before = await countRows(cluster.url)
  const clients = new Clients({ ...house.target, streams: 20, tokens: 100, everyMs: 20 })
  await pause(BESIDE_MS)
  await cluster.stop()
  await pause(AWAY_MS / 2)
  const { output } = await house.punku('status')
  await pause(AWAY_MS / 2)
  await cluster.start()
  await pause(BESIDE_MS)
  const seen = await clients.stop()
  await house.stopGateway('SIGTERM')
  const rows = (await countRows(cluster.url)) - before
  return [
    `away for ${AWAY_MS / 1_000} s`,
    ...linesOf(seen),
    `rows: ${rows} of ${rowsExpected(seen)}`,
    'punku status meanwhile:',
    ...output
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}
