import { expect, test } from 'vitest'
import { HandTurns } from '../../../test/support/hand-turns.ts'
import { SingleTurns } from './single-turns.ts'

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
