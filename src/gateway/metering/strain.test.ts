import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { Strain } from './strain.ts'
import { Troubles } from './troubles.ts'

function start(limitMs: number | undefined) {
  const clock = new ManualClock()
  const troubles = new Troubles({ clock, log: pino({ enabled: false }) })
  let p50 = 0
  const loopDelay = { take: () => ({ p50, p99: 9, max: 99 }) }
  const strain = new Strain({ loopDelay, limitMs, troubles, clock })
  return {
    strain,
    clock,
    kinds: () => troubles.list().map(({ kind, text }) => `${kind} ${/late by .* half/.exec(text)?.[0]}`),
    look(lateS: number) {
      p50 = lateS
      clock.advance(5_000)
      return strain.isOver
    },
  }
}

test('half the time later than may be, it is too much, until it is not', () => {
  const { strain, look, kinds, clock } = start(1_000)
  expect([look(0.9), look(1), kinds()]).toEqual([false, false, []])
  expect([look(1.5), kinds()]).toEqual([true, ['loop_late late by 1.5 s half']])
  expect([look(0.2), kinds()]).toEqual([false, []])
  strain[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})

test('without a limit it never is', () => {
  expect(start(undefined).look(60)).toBe(false)
})
