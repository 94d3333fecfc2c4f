import { expect, test } from 'vitest'
import { HandTurns } from '../../test/support/hand-turns.ts'
import { ReadTurns } from './read-turns.ts'

const KIB = 1_024

test('a megabyte is read in a turn, and whoever brings more waits for the next', () => {
  const clock = new HandTurns()
  const turns = new ReadTurns(clock)
  const resumed: string[] = []
  const read = (name: string, bytes: number) => turns.read(bytes, { goOn: () => resumed.push(name) })
  expect(read('a', 1_000 * KIB)).toBe(true)
  expect([read('b', 64 * KIB), read('c', 1)]).toEqual([false, false])
  expect(resumed).toEqual([])
  clock.end()
  expect(resumed).toEqual(['b', 'c'])
  expect(read('a', 1_000 * KIB)).toBe(true)
})

test('those that wait have their turn in their order, as many as a turn has room for', () => {
  const clock = new HandTurns()
  const turns = new ReadTurns(clock)
  const resumed: number[] = []
  turns.read(1_024 * KIB, { goOn: () => resumed.push(-1) })
  for (let at = 0; at < 20; at++) turns.read(1, { goOn: () => resumed.push(at) })
  clock.end()
  expect(resumed).toEqual([-1, ...Array.from({ length: 15 }, (_, at) => at)])
  clock.end()
  expect(resumed).toHaveLength(21)
  expect(clock.isIdle).toBe(true)
})

test('a turn in which little came leaves nothing behind', () => {
  const clock = new HandTurns()
  const turns = new ReadTurns(clock)
  turns.read(100, { goOn() {} })
  clock.end()
  expect(clock.isIdle).toBe(true)
})
