import { expect, test } from 'vitest'
import { MemoryBudget } from './memory-budget.ts'

test('no owner holds more than its part, and all together no more than there is', () => {
  const budget = new MemoryBudget({ totalBytes: 100, ownerBytes: 60 })
  const [one, two, other] = [budget.open('a'), budget.open('a'), budget.open('b')]
  expect(one.hold(40)).toBeUndefined()
  expect(two.hold(21)).toBe('owner')
  expect(two.hold(20)).toBeUndefined()
  expect(other.hold(41)).toBe('total')
  expect(other.hold(40)).toBeUndefined()
  expect(budget.heldBytes).toBe(100)
})

test('what could not be had changes nothing, and what is given back can be had again', () => {
  const budget = new MemoryBudget({ totalBytes: 100, ownerBytes: 100 })
  const [one, other] = [budget.open('a'), budget.open('b')]
  one.hold(80)
  expect(other.hold(30)).toBe('total')
  expect(budget.heldBytes).toBe(80)
  // Less is always had.
  expect(one.hold(10)).toBeUndefined()
  expect(other.hold(90)).toBeUndefined()
  one.release()
  one.release()
  other.release()
  expect(budget.heldBytes).toBe(0)
  expect(one.hold(100)).toBeUndefined()
})
