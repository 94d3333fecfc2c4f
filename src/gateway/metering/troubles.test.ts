import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { Troubles } from './troubles.ts'

function start() {
  const clock = new ManualClock()
  const lines: { readonly msg: string; readonly times: number }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const troubles = new Troubles({ clock, log })
  const changes: string[] = []
  troubles.onChange((kind, isOver) => changes.push(`${kind} ${isOver ? 'over' : 'begun'}`))
  return { clock, troubles, changes, logged: () => lines.splice(0).map(({ msg, times }) => `${msg} ${times}`) }
}

const refused = { kind: 'connections_refused', text: 'Raise the limit.' } as const

test('what happens a thousand times is told at once, and then once each 10 s with how often', () => {
  const { clock, troubles, logged, changes } = start()
  const since = clock.now()
  troubles.tell(refused)
  expect(logged()).toEqual(['connections.refused 1'])
  for (let times = 0; times < 999; times++) troubles.tell(refused)
  expect(logged()).toEqual([])
  expect(troubles.list()).toEqual([{ ...refused, since, count: 1_000 }])
  clock.advance(10_000)
  expect(logged()).toEqual(['connections.refused 999'])
  clock.advance(10_000)
  expect(logged()).toEqual([])
  expect(changes).toEqual(['connections_refused begun'])
})

test('it is over when it has not happened for a minute, and begins anew then', () => {
  const { clock, troubles, logged, changes } = start()
  troubles.tell(refused)
  clock.advance(50_000)
  troubles.tell({ ...refused, count: 4 })
  clock.advance(50_000)
  expect(troubles.list()).toMatchObject([{ count: 5 }])
  clock.advance(10_000)
  expect(troubles.list()).toEqual([])
  expect(logged()).toEqual(['connections.refused 1', 'connections.refused 4', 'connections.refused.over 5'])
  troubles.tell(refused)
  expect(troubles.list()).toMatchObject([{ count: 1, since: clock.now() }])
  expect(changes).toEqual(['begun', 'over', 'begun'].map((change) => `connections_refused ${change}`))
})

test('one that lasts is over when somebody says so, however long nothing is told of it', () => {
  const { clock, troubles, logged } = start()
  troubles.tell({ kind: 'requests_unwritten', text: 'No rows.' })
  clock.advance(600_000)
  expect(troubles.list()).toHaveLength(1)
  troubles.over('requests_unwritten')
  troubles.over('requests_unwritten')
  expect(troubles.list()).toEqual([])
  expect(logged()).toEqual(['requests.unwritten 1', 'requests.unwritten.over 1'])
})
