import { expect, test } from 'vitest'
import { MANUAL_CLOCK_START, ManualClock } from './clock.ts'

test('due timers run earliest first, each at its own time', () => {
  const clock = new ManualClock()
  const seen: [string, number][] = []
  clock.after(30, () => seen.push(['late', clock.elapsed()]))
  clock.after(10, () => {
    seen.push(['early', clock.elapsed()])
    clock.after(5, () => seen.push(['set on the way', clock.elapsed()]))
  })
  clock.every(20, () => seen.push(['interval', clock.elapsed()]))
  clock.advance(40)
  expect(seen).toEqual([
    ['early', 10],
    ['set on the way', 15],
    ['interval', 20],
    ['late', 30],
    ['interval', 40],
  ])
  expect(clock.now()).toBe(MANUAL_CLOCK_START + 40)
})

test('a timer that is not due yet, or was disposed, does not run', () => {
  const clock = new ManualClock()
  const seen: string[] = []
  clock.after(10, () => seen.push('once'))
  const interval = clock.every(10, () => {
    seen.push('interval')
    interval[Symbol.dispose]()
  })
  clock.advance(9)
  expect(seen).toEqual([])
  clock.advance(100)
  expect(seen).toEqual(['once', 'interval'])
  expect(clock.pendingTimers).toBe(0)
})
