import { expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { type KeyedExchange, KeyedExchanges } from './keyed-exchanges.ts'

const REVOKED = new PunkuError('key_revoked', 'revoked')

function exchange(onCut: (error: PunkuError) => void = () => {}): KeyedExchange & { cuts: PunkuError[] } {
  const cuts: PunkuError[] = []
  let place = -1
  return {
    get keyPlace() {
      return place
    },
    placeUnderKey(at) {
      place = at
    },
    cuts,
    cut(error) {
      cuts.push(error)
      onCut(error)
    },
  }
}

test('the end of a key cuts its exchanges and no other', () => {
  const live = new KeyedExchanges()
  const [first, second, other] = [exchange(), exchange(), exchange()]
  live.add('k1', first)
  live.add('k1', second)
  live.add('k2', other)
  expect(live.cut('k1', REVOKED)).toBe(2)
  expect([first.cuts, second.cuts, other.cuts]).toEqual([[REVOKED], [REVOKED], []])
  expect([live.count('k1'), live.count('k2'), live.size]).toEqual([0, 1, 1])
})

test('an exchange that ended is not cut', () => {
  const live = new KeyedExchanges()
  const ended = exchange()
  live.add('k1', ended)
  live.remove('k1', ended)
  live.remove('k1', ended)
  expect(live.cut('k1', REVOKED)).toBe(0)
  expect(ended.cuts).toEqual([])
  expect(live.size).toBe(0)
})

test('an exchange counts once however often it is added or removed', () => {
  const live = new KeyedExchanges()
  const one = exchange()
  live.add('k1', one)
  live.add('k1', one)
  expect(live.size).toBe(1)
  live.remove('k2', one)
  expect(live.size).toBe(1)
})

test('exchanges may remove themselves, and new ones may begin, while a key is cut', () => {
  const live = new KeyedExchanges()
  const late = exchange()
  const first = exchange(() => {
    live.remove('k1', first)
    live.add('k1', late)
  })
  const second = exchange(() => live.remove('k1', second))
  live.add('k1', first)
  live.add('k1', second)
  live.cut('k1', REVOKED)
  expect([first.cuts.length, second.cuts.length, late.cuts.length]).toEqual([1, 1, 0])
  expect([live.count('k1'), live.size]).toEqual([1, 1])
})

test('one exchange that throws does not save the others', () => {
  const live = new KeyedExchanges()
  const broken = exchange(() => {
    throw new Error('broken')
  })
  const fine = exchange()
  live.add('k1', broken)
  live.add('k1', fine)
  expect(() => live.cut('k1', REVOKED)).toThrow(AggregateError)
  expect(fine.cuts).toEqual([REVOKED])
  expect(live.size).toBe(0)
})
