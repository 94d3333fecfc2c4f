import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'
import { Recorder } from './recorder.ts'
import { Troubles } from './troubles.ts'

const ROW = { ...BLANK_REQUEST, id: 'req_1', org_id: 'default', key_id: 'k' }

function start() {
  const clock = new ManualClock()
  const logged: string[] = []
  const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line).msg) })
  const troubles = new Troubles({ clock, log })
  const inserting: PromiseWithResolvers<void>[] = []
  const insert = () => {
    const written = Promise.withResolvers<void>()
    inserting.push(written)
    return written.promise
  }
  const recorder = new Recorder({ insert, flushMs: 250, clock, log, troubles })
  return { recorder, troubles, logged, inserting }
}

test('rows count as unwritten until they are committed', async () => {
  const { recorder, inserting } = start()
  recorder.record(ROW)
  const flushed = recorder.flush()
  recorder.record(ROW)
  expect(recorder.unwrittenCount).toBe(2)
  inserting[0]?.resolve()
  await flushed
  expect(recorder.unwrittenCount).toBe(1)
  expect(recorder.droppedCount).toBe(0)
})

test('a database that takes none is a trouble until it takes them, logged once', async () => {
  const { recorder, troubles, logged, inserting } = start()
  recorder.record(ROW)
  for (const times of [1, 2, 3]) {
    const flushed = recorder.flush()
    inserting.at(-1)?.reject(new Error('the database is away'))
    await flushed
    expect(recorder.unwrittenCount).toBe(1)
    expect(troubles.list()).toMatchObject([{ kind: 'requests_unwritten', count: times }])
  }
  expect(troubles.list()[0]?.text).toContain('1 wait')
  expect(logged).toEqual(['requests.unwritten'])
  const flushed = recorder.flush()
  inserting.at(-1)?.resolve()
  await flushed
  expect(troubles.list()).toEqual([])
  expect(recorder.unwrittenCount).toBe(0)
  expect(logged).toEqual(['requests.unwritten', 'requests.unwritten.over'])
})

test('what has waited long is written a thousand rows at a time', async () => {
  const sizes: number[] = []
  const clock = new ManualClock()
  const log = pino({ level: 'silent' })
  let isAway = true
  const recorder = new Recorder({
    async insert(rows) {
      if (isAway) throw new Error('the database is away')
      sizes.push(rows.length)
    },
    flushMs: 250,
    clock,
    log,
    troubles: new Troubles({ clock, log }),
  })
  for (let count = 0; count < 3_000; count++) recorder.record(ROW)
  await recorder.flush()
  isAway = false
  await recorder.flush()
  expect(sizes).toEqual([1_024, 1_024, 952])
  await recorder.close()
})
