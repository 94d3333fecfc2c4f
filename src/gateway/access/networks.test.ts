import { expect, test } from 'vitest'
import { Networks } from './networks.ts'

function networks(...ranges: string[]): Networks {
  const parsed = Networks.parse(ranges)
  if (!(parsed instanceof Networks)) throw new Error(`${parsed.fault} is no network`)
  return parsed
}

test.each([
  ['10.0.0.0/8', '10.255.0.1'],
  ['10.1.2.3', '10.1.2.3'],
  ['10.0.0.0/8', '::ffff:10.1.2.3'],
  ['10.0.0.0/8', '::ffff:a01:203'],
  ['0.0.0.0/0', '203.0.113.9'],
  ['fd00::/8', 'fd12::1'],
  ['fe80::/10', 'fe80::1%eth0'],
  ['::1', '::1'],
  ['10.9.9.9/8', '10.1.1.1'],
])('%s holds %s', (range, address) => {
  expect(networks(range).contains(address)).toBe(true)
})

test.each([
  ['10.0.0.0/8', '11.0.0.1'],
  ['10.0.0.0/8', '::ffff:11.0.0.1'],
  ['10.1.2.3', '10.1.2.4'],
  ['fd00::/8', '10.0.0.1'],
  ['fd00::/8', 'fe80::1'],
  ['10.0.0.0/8', ''],
  ['10.0.0.0/8', 'localhost'],
  ['10.0.0.0/8', '10.0.0.1:443'],
])('%s does not hold %j', (range, address) => {
  expect(networks(range).contains(address)).toBe(false)
})

test('any of several ranges is enough, and none at all is everywhere', () => {
  expect(networks('10.0.0.0/8', 'fd00::/8').contains('fd00::1')).toBe(true)
  expect(networks().contains('203.0.113.9')).toBe(true)
})

test.each([
  '',
  'lan',
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0/8',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/ 8',
  'fe80::1%eth0',
  '010.0.0.1',
])('%j is no network', (range) => {
  expect(Networks.parse(['10.0.0.0/8', range])).toEqual({ fault: range })
})
