import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { Attempts, networkOf, prefixOf } from './attempts.ts'

const attemptsOf = (max: number) => {
  const clock = new ManualClock()
  return { clock, attempts: new Attempts({ max, windowMs: 60_000, clock }) }
}

test('after so many attempts there is none until the window has passed', () => {
  const { clock, attempts } = attemptsOf(2)
  expect(attempts.take('a')).toBeUndefined()
  clock.advance(10_000)
  expect(attempts.take('a')).toBeUndefined()
  expect(attempts.take('a')).toBe(50_000)
  clock.advance(49_999)
  expect(attempts.take('a')).toBe(1)
  clock.advance(1)
  expect(attempts.take('a')).toBeUndefined()
})

test('one network’s attempts are not another’s', () => {
  const { attempts } = attemptsOf(1)
  expect([attempts.take('a'), attempts.take('b'), attempts.take('a')]).toEqual([undefined, undefined, 60_000])
})

test('an attempt that is given back can be made again, and giving back more brings no more', () => {
  const { attempts } = attemptsOf(1)
  attempts.giveBack('a')
  attempts.take('a')
  for (let time = 0; time < 3; time++) attempts.giveBack('a')
  expect([attempts.take('a'), attempts.take('a')]).toEqual([undefined, 60_000])
})

test('of many networks the oldest is forgotten', () => {
  const { clock, attempts } = attemptsOf(1)
  attempts.take('first')
  clock.advance(1)
  attempts.take('second')
  for (let index = 0; index < 9_999; index++) attempts.take(`other ${index}`)
  expect(attempts.take('second')).toBeDefined()
  expect(attempts.take('first')).toBeUndefined()
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5::', '2001:db8:1:2::/64'],
  ['1::', '1:0:0:0::/64'],
  ['local socket', 'local socket'],
  ['', ''],
])('%j counts as %j', (address, network) => expect(networkOf(address)).toBe(network))

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:db8:0:0::/64', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
  ['local socket', 'local socket'],
])('%j is rented as %j', (address, prefix) => expect(prefixOf(address)).toBe(prefix))
