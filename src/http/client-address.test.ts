import { describe, expect, test } from 'vitest'
import { isLoopbackAddress } from '../core/loopback.ts'
import { clientAddress, isInNetworks, MAX_FORWARDED_HOPS, parseNetworks } from './client-address.ts'

describe('clientAddress', () => {
  const proxies = parseNetworks(['10.0.0.0/8', 'fd00::/8', '127.0.0.1'])

  test.each([
    ['no proxy is trusted', '10.0.0.1', '1.2.3.4', undefined, '10.0.0.1'],
    ['the peer is no trusted proxy', '9.9.9.9', '1.2.3.4', proxies, '9.9.9.9'],
    ['the peer is a trusted proxy', '10.0.0.1', '1.2.3.4', proxies, '1.2.3.4'],
    ['the client forged entries', '10.0.0.1', '127.0.0.1, 6.6.6.6, 1.2.3.4', proxies, '1.2.3.4'],
    ['there are several proxies', '10.0.0.1', '6.6.6.6, 1.2.3.4,10.9.9.9 , fd00::1', proxies, '1.2.3.4'],
    ['all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', proxies, '10.0.0.3'],
    ['the header is missing', '10.0.0.1', undefined, proxies, '10.0.0.1'],
    ['the header is empty', '10.0.0.1', '', proxies, '10.0.0.1'],
    ['an entry is no address', '10.0.0.1', '1.2.3.4, unknown, 10.0.0.2', proxies, '10.0.0.2'],
    ['an entry is empty', '10.0.0.1', ',10.0.0.2', proxies, '10.0.0.2'],
    ['an entry has a port', '10.0.0.1', '1.2.3.4:5678', proxies, '1.2.3.4'],
    ['an entry has brackets', '10.0.0.1', '[2001:DB8::1]:443', proxies, '2001:db8::1'],
    ['the peer is IPv4-mapped', '::ffff:10.0.0.1', '::ffff:102:304', proxies, '1.2.3.4'],
    ['the peer is IPv4-mapped and direct', '::ffff:192.168.1.9', undefined, undefined, '192.168.1.9'],
    ['the peer has a zone', 'fe80::1%eth0', undefined, undefined, 'fe80::1'],
    ['the peer is gone', '', '1.2.3.4', proxies, ''],
  ])('when %s', (_, socketAddress, forwardedFor, trusted, expected) => {
    expect(clientAddress(socketAddress, forwardedFor, trusted)).toBe(expected)
  })

  test('stops at the hop limit', () => {
    const chain = ['1.2.3.4', ...Array.from({ length: MAX_FORWARDED_HOPS }, (_, hop) => `10.0.1.${hop}`)]
    expect(clientAddress('10.0.0.1', chain.join(), proxies)).toBe('10.0.1.0')
    expect(clientAddress('10.0.0.1', chain.slice(0, -1).join(), proxies)).toBe('1.2.3.4')
  })
})

describe('parseNetworks', () => {
  const networks = parseNetworks(['192.168.0.0/16', '1.2.3.4', '2001:db8::/32', '::1'])

  test.each([
    ['192.168.255.1', true],
    ['192.169.0.1', false],
    ['1.2.3.4', true],
    ['1.2.3.5', false],
    ['::ffff:1.2.3.4', true],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['::1', true],
    ['fe80::1%eth0', false],
    ['', false],
    ['localhost', false],
  ])('%s is inside: %s', (address, isInside) => {
    expect(isInNetworks(networks, address)).toBe(isInside)
  })

  test.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '010.0.0.1',
    'example.com',
    '',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
  ])('refuses %j by name', (cidr) => {
    expect(() => parseNetworks(['::1', cidr])).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(`'${cidr}'`) }),
    )
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:7f00:1', true],
  ['128.0.0.1', false],
  ['::', false],
  ['0.0.0.0', false],
  ['127.0.0.1.example.com', false],
  ['localhost', false],
])('%s is loopback: %s', (address, isLoopback) => {
  expect(isLoopbackAddress(address)).toBe(isLoopback)
})
