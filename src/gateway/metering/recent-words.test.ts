import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { RecentWords } from './recent-words.ts'

test('what was said is known for an hour', () => {
  const clock = new ManualClock()
  const words = new RecentWords(clock)
  words.add('req_1', 'out of memory')
  clock.advance(3_599_999)
  expect(words.of('req_1')).toBe('out of memory')
  expect(words.of('req_2')).toBeUndefined()
  clock.advance(1)
  expect(words.of('req_1')).toBeUndefined()
})

test('and of the last thousand that failed', () => {
  const words = new RecentWords(new ManualClock())
  for (let at = 0; at < 1_001; at++) words.add(`req_${at}`, `words ${at}`)
  expect(words.of('req_0')).toBeUndefined()
  expect(words.of('req_1')).toBe('words 1')
  expect(words.of('req_1000')).toBe('words 1000')
})
