import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../test/security/site.ts'
import { fullRequest, openTestChains, testNote } from '../../../test/support/chains.ts'
import { ManualClock } from '../../../test/support/clock.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import { RetentionSweep } from './retention.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

async function open() {
  const database = openDatabase({ url: ':memory:' })
  onTestFinished(() => database.close())
  await migrate(database)
  const clock = new ManualClock()
  const { requests, audit, trail, intruder } = await openTestChains(database, clock)
  const lines: { msg: string; level: number }[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const sweep = (given: { requestsMs?: number; auditMs?: number }) =>
    new RetentionSweep({
      requests,
      requestsMs: undefined,
      audit,
      auditMs: undefined,
      verify: './punku audit verify',
      clock,
      log,
      ...given,
    })
  const insert = (id: string, at: number) => requests.insertMany([fullRequest({ id, at })])
  const ids = async () =>
    (await intruder.selectFrom('requests').select('id').orderBy('seq').execute()).map(({ id }) => id)
  return { database, clock, audit, trail, intruder, lines, sweep, insert, ids }
}

test('rows older than the retention go at start, and others every hour as they age', async () => {
  const { clock, lines, sweep, insert, ids } = await open()
  const now = clock.now()
  await insert('old', now - DAY_MS - 1)
  await insert('just young enough', now - DAY_MS)
  await insert('new', now)
  using _sweep = sweep({ requestsMs: DAY_MS })
  await until(() => lines.length === 1)
  expect(await ids()).toEqual(['just young enough', 'new'])
  clock.advance(HOUR_MS)
  await until(() => lines.length === 2)
  expect(await ids()).toEqual(['new'])
  expect(lines).toEqual([1, 2].map(() => expect.objectContaining({ msg: 'requests.forgotten', rows: 1 })))
})

test('without a retention rows stay for ever and no timer runs', async () => {
  const { clock, sweep, insert, ids } = await open()
  await insert('ancient', 0)
  using _sweep = sweep({})
  expect(clock.pendingTimers).toBe(0)
  expect(await ids()).toEqual(['ancient'])
})

test('entries of the audit log go by a retention of their own', async () => {
  const { clock, audit, trail, lines, sweep, insert, ids } = await open()
  await insert('old', clock.now())
  await audit.record(testNote())
  clock.advance(DAY_MS + 1)
  await audit.record(testNote())
  using _sweep = sweep({ auditMs: DAY_MS })
  await until(() => lines.length === 1)
  expect(lines).toEqual([expect.objectContaining({ msg: 'audit.forgotten', rows: 1 })])
  expect((await trail.list({}, { limit: 10 })).map(({ seq }) => seq)).toEqual([2])
  expect(await ids()).toEqual(['old'])
})

test('rows that were tampered with stay, and it is said each time', async () => {
  const { clock, intruder, lines, sweep, insert, ids } = await open()
  await insert('old', clock.now())
  await intruder.updateTable('requests').set({ key_id: 'another' }).execute()
  clock.advance(DAY_MS + 1)
  using _sweep = sweep({ requestsMs: DAY_MS })
  await until(() => lines.length === 1)
  clock.advance(HOUR_MS)
  await until(() => lines.length === 2)
  expect(lines).toEqual([1, 2].map(() => expect.objectContaining({ level: 50, msg: expect.stringMatching(/verify/) })))
  expect(await ids()).toEqual(['old'])
})

test('a database that does not answer is tried again', async () => {
  const { database, clock, lines, sweep } = await open()
  await database.close()
  using _sweep = sweep({ requestsMs: DAY_MS })
  await until(() => lines.length === 1)
  clock.advance(HOUR_MS)
  await until(() => lines.length === 2)
  expect(lines.map(({ level }) => level)).toEqual([50, 50])
})

test('disposing it stops the timer', async () => {
  const { clock, sweep } = await open()
  sweep({ requestsMs: DAY_MS, auditMs: DAY_MS })[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})
