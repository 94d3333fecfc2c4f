import { expect, test } from 'vitest'
import { LoopDelay } from './loop-delay.ts'

test('tells that the loop was held, once', async () => {
  using delay = new LoopDelay()
  await new Promise((resolve) => setTimeout(resolve, 100))
  const heldUntil = performance.now() + 300
  while (performance.now() < heldUntil);
  await new Promise((resolve) => setTimeout(resolve, 100))
  const { p50, p99, max } = delay.take()
  expect(max).toBeGreaterThan(0.2)
  expect(p99).toBeLessThanOrEqual(max)
  expect(p50).toBeLessThanOrEqual(p99)
  expect(delay.take()).toEqual({ p50: 0, p99: 0, max: 0 })
})
