import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { FoldedRequests } from './folded-requests.ts'
import type { ServedRequest } from './local-server.ts'

function open() {
  const clock = new ManualClock()
  const told: ServedRequest[] = []
  const counts: unknown[] = []
  const folded = new FoldedRequests({
    clock,
    tell: (request) => told.push(request),
    tellCount: (count) => counts.push(count),
  })
  const note = (count: number, error?: string): void => {
    for (let at = 0; at < count; at++) folded.note({ ...REQUEST, error })
  }
  return { clock, told, counts, folded, note }
}

const REQUEST: ServedRequest = {
  method: 'POST',
  route: 'POST /api/chat',
  model: 'a',
  status: 200,
  durationMs: 1,
  error: undefined,
  isProbe: false,
}

test('as many as a few people make are told one by one', () => {
  const { clock, told, counts, note } = open()
  for (let second = 0; second < 60; second++) {
    note(20)
    clock.advance(1_000)
  }
  expect([told.length, counts]).toEqual([1_200, []])
})

test('of a flood the first are told, and the number of the rest every ten seconds', () => {
  const { clock, told, counts, note } = open()
  note(200)
  note(100_000, 'denied')
  note(1)
  expect([told.length, counts]).toEqual([200, []])
  clock.advance(10_000)
  expect([told.length, counts]).toEqual([200, [{ requests: 100_001, failed: 100_000 }]])
  note(1)
  expect(told).toHaveLength(201)
  expect(clock.pendingTimers).toBe(0)
})

test('none is lost at the end', () => {
  const { clock, counts, folded, note } = open()
  note(250)
  folded[Symbol.dispose]()
  expect(counts).toEqual([{ requests: 50, failed: 0 }])
  expect(clock.pendingTimers).toBe(0)
})
