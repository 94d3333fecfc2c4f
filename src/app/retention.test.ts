import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../test/security/site.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import { RequestRepository } from '../store/request-repository.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { RetentionSweep } from './retention.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

async function open() {
  const database = openDatabase({ url: ':memory:' })
  onTestFinished(() => database.close())
  await migrate(database)
  const clock = new ManualClock()
  const requests = new RequestRepository(database)
  const lines: { msg: string; level: number }[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const insert = (id: string, at: number) => requests.insertMany([{ ...BLANK, id, at }])
  const ids = async () => (await requests.list({ limit: 100 })).map(({ id }) => id).reverse()
  return { database, clock, requests, lines, log, insert, ids }
}

const BLANK: NewRequestRow = {
  id: '',
  at: 0,
  key_id: null,
  upstream: null,
  dialect: 'openai',
  route: '-',
  model_asked: null,
  model_used: null,
  status: 200,
  error_code: null,
  is_streamed: 0,
  ttfb_ms: null,
  duration_ms: 0,
  prompt_tokens: null,
  completion_tokens: null,
  cached_tokens: null,
  is_estimated: 0,
  request_bytes: 0,
  response_bytes: 0,
  client_name: null,
  client_version: null,
  session_id: null,
}

test('rows older than the retention go at start, and others every hour as they age', async () => {
  const { clock, requests, lines, log, insert, ids } = await open()
  const now = clock.now()
  await insert('old', now - DAY_MS - 1)
  await insert('just young enough', now - DAY_MS)
  await insert('new', now)
  using _sweep = new RetentionSweep(requests, DAY_MS, clock, log)
  await until(() => lines.length === 1)
  expect(await ids()).toEqual(['just young enough', 'new'])
  clock.advance(HOUR_MS)
  await until(() => lines.length === 2)
  expect(await ids()).toEqual(['new'])
  expect(lines).toEqual([1, 2].map(() => expect.objectContaining({ msg: 'requests.forgotten', rows: 1 })))
})

test('without a retention rows stay for ever and no timer runs', async () => {
  const { clock, requests, log, insert, ids } = await open()
  await insert('ancient', 0)
  using _sweep = new RetentionSweep(requests, undefined, clock, log)
  expect(clock.pendingTimers).toBe(0)
  expect(await ids()).toEqual(['ancient'])
})

test('a database that does not answer is tried again', async () => {
  const { database, clock, requests, lines, log } = await open()
  await database.close()
  using _sweep = new RetentionSweep(requests, DAY_MS, clock, log)
  await until(() => lines.length === 1)
  clock.advance(HOUR_MS)
  await until(() => lines.length === 2)
  expect(lines.map(({ level }) => level)).toEqual([50, 50])
})

test('disposing it stops the timer', async () => {
  const { clock, requests, log } = await open()
  new RetentionSweep(requests, DAY_MS, clock, log)[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})
