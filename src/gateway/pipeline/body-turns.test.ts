import { expect, test } from 'vitest'
import { BodyTurns, SingleTurns } from './body-turns.ts'

const KIB = 1_024

/** A clock whose turns end when the test says so. */
class HandTurns {
  #waiting: (() => void)[] = []

  turn(run: () => void): void {
    this.#waiting.push(run)
  }

  end(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0
  }
}

test('a megabyte is read in a turn, and whoever brings more waits for the next', () => {
  const clock = new HandTurns()
  const turns = new BodyTurns(clock)
  const resumed: string[] = []
  const read = (name: string, bytes: number) => turns.read(bytes, () => resumed.push(name))
  expect(read('a', 1_000 * KIB)).toBe(true)
  expect([read('b', 64 * KIB), read('c', 1)]).toEqual([false, false])
  expect(resumed).toEqual([])
  clock.end()
  expect(resumed).toEqual(['b', 'c'])
  expect(read('a', 1_000 * KIB)).toBe(true)
})

test('those that wait have their turn in their order, as many as a turn has room for', () => {
  const clock = new HandTurns()
  const turns = new BodyTurns(clock)
  const resumed: number[] = []
  turns.read(1_024 * KIB, () => resumed.push(-1))
  for (let at = 0; at < 20; at++) turns.read(1, () => resumed.push(at))
  clock.end()
  expect(resumed).toEqual([-1, ...Array.from({ length: 15 }, (_, at) => at)])
  clock.end()
  expect(resumed).toHaveLength(21)
  expect(clock.isIdle).toBe(true)
})

test('a turn in which little came leaves nothing behind', () => {
  const clock = new HandTurns()
  const turns = new BodyTurns(clock)
  turns.read(100, () => {})
  clock.end()
  expect(clock.isIdle).toBe(true)
})

test('one a turn goes on, in their order', async () => {
  const clock = new HandTurns()
  const turns = new SingleTurns(clock)
  const seen: string[] = []
  const enter = (name: string) => void turns.next().then(() => seen.push(name))
  for (const name of ['a', 'b', 'c']) enter(name)
  for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    clock.end()
    await Promise.resolve()
    expect(seen).toEqual(expected)
  }
  expect(clock.isIdle).toBe(true)
  enter('d')
  clock.end()
  await Promise.resolve()
  expect(seen).toHaveLength(4)
})
