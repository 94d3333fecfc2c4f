import { beforeEach, expect, test } from 'vitest'
import { JumpingClock } from '../../test/support/jumping-clock.ts'
import { type ListInterfaces, MachineWatch } from './machine-watch.ts'

const address = (text: string, internal = false) => ({
  address: text,
  netmask: '255.255.255.0',
  family: 'IPv4' as const,
  mac: '00:00:00:00:00:00',
  internal,
  cidr: null,
})

let clock: JumpingClock
let changes: string[]
let ticks: number
let interfaces: ListInterfaces

beforeEach(() => {
  clock = new JumpingClock()
  changes = []
  ticks = 0
  interfaces = () => ({ eth0: [address('192.168.1.2')] })
})

const watch = () =>
  new MachineWatch({
    clock,
    interfaces: () => interfaces(),
    onTick: () => ticks++,
    onChange: (what) => changes.push(what),
  })

test('says nothing while nothing changes', () => {
  using _watch = watch()
  clock.advance(60_000)
  expect(changes).toEqual([])
  expect(ticks).toBe(60)
})

test('a second that took more than five was a suspension', () => {
  using _watch = watch()
  clock.jumpedMs = 4_000
  clock.advance(1_000)
  expect(changes).toEqual([])
  clock.jumpedMs += 4_001
  clock.advance(1_000)
  expect(changes).toEqual(['suspended'])
  clock.advance(10_000)
  expect(changes).toEqual(['suspended'])
})

test('wall time that is set back is none', () => {
  using _watch = watch()
  clock.jumpedMs = -3_600_000
  clock.advance(10_000)
  expect(changes).toEqual([])
})

test('another address is a change of network, within five seconds', () => {
  using _watch = watch()
  clock.advance(1_000)
  interfaces = () => ({ wlan0: [address('10.0.0.7')] })
  clock.advance(4_000)
  expect(changes).toEqual(['network'])
  clock.advance(60_000)
  expect(changes).toEqual(['network'])
})

test('loopback and the order of interfaces do not count', () => {
  interfaces = () => ({ a: [address('10.0.0.1')], b: [address('10.0.0.2')] })
  using _watch = watch()
  interfaces = () => ({ b: [address('10.0.0.2')], lo: [address('127.0.0.1', true)], a: [address('10.0.0.1')] })
  clock.advance(10_000)
  expect(changes).toEqual([])
})

test('a system that shows no interfaces is taken for one that does not change', () => {
  interfaces = () => {
    throw new Error('not permitted')
  }
  using _watch = watch()
  clock.advance(10_000)
  expect(changes).toEqual([])
})

test('disposed, it leaves no timer behind', () => {
  watch()[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})
