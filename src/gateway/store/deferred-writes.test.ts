import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { DeferredWrites } from './deferred-writes.ts'

function openWrites() {
  const clock = new ManualClock()
  const logLines: string[] = []
  const written: [string, number][][] = []
  const held: { failure: Error | undefined; meanwhile: () => void } = { failure: undefined, meanwhile: () => {} }
  const writes = new DeferredWrites<number>({
    async write(values) {
      held.meanwhile()
      if (held.failure !== undefined) throw held.failure
      written.push([...values])
    },
    failure: 'uses cannot be written',
    clock,
    log: pino({}, { write: (line: string) => void logLines.push(line) }),
  })
  return { clock, logLines, written, held, writes }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('the last value of each id is written every half minute and at the end, and nothing where there is none', async () => {
  const { writes, written, clock } = openWrites()
  writes.start()
  clock.advance(30_000)
  await nextTurn()
  for (const [id, value] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    writes.set(id, value)
  clock.advance(29_999)
  await nextTurn()
  expect(written).toEqual([])
  clock.advance(1)
  await nextTurn()
  expect(written).toEqual([
    [
      ['a', 3],
      ['b', 2],
    ],
  ])
  clock.advance(30_000)
  writes.set('a', 4)
  await writes.close()
  expect(written.slice(1)).toEqual([[['a', 4]]])
  expect(clock.pendingTimers).toBe(0)
})

test('what cannot be written is kept and said once; what came in meanwhile is newer', async () => {
  const { writes, written, held, clock, logLines } = openWrites()
  writes.start()
  writes.set('a', 1)
  writes.set('b', 1)
  held.failure = new Error('the disk is full')
  held.meanwhile = () => writes.set('a', 2)
  for (let times = 0; times < 3; times++) {
    clock.advance(30_000)
    await nextTurn()
  }
  expect(logLines).toHaveLength(1)
  expect(logLines[0]).toContain('uses cannot be written')
  held.failure = undefined
  held.meanwhile = () => {}
  clock.advance(30_000)
  await nextTurn()
  expect(written).toEqual([
    [
      ['a', 2],
      ['b', 1],
    ],
  ])
  held.failure = new Error('the disk is full')
  writes.set('a', 3)
  await writes.close()
  expect(logLines).toHaveLength(2)
})
