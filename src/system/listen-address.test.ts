import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import { assertSafeListen, renderAddress, resolveListen } from './listen-address.ts'

const INTERFACES = {
  lo: [info('127.0.0.1'), info('::1')],
  eth0: [info('192.168.1.5'), info('fe80::5'), info('2001:db8::5')],
  eth1: [info('100.64.9.9')],
  tailscale0: [info('100.101.102.103'), info('fd7a:115c:a1e0::1'), info('fe80::7')],
  utun4: [info('10.9.0.2')],
  wg0: [info('10.8.0.1')],
  ztabcdef12: [info('10.147.17.1')],
  docker0: [info('172.17.0.1')],
  'br-0123456789ab': [info('172.18.0.1')],
  'br-lan': [info('192.168.2.1')],
}

function info(address: string): NetworkInterfaceInfo {
  const common = { netmask: '', mac: '', internal: false, cidr: null, address }
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

function resolved(text: string): string[] {
  return resolveListen(text, INTERFACES).map(renderAddress)
}

describe('resolveListen', () => {
  test.each([
    ['127.0.0.1:8080', ['127.0.0.1:8080']],
    ['127.0.0.1:0', ['127.0.0.1:0']],
    ['192.168.1.5', ['192.168.1.5:11435']],
    ['[::1]:8080', ['[::1]:8080']],
    ['::1', ['[::1]:11435']],
    ['loopback', ['127.0.0.1:11435', '[::1]:11435']],
    ['localhost:1', ['127.0.0.1:1', '[::1]:1']],
    ['tailscale:443', ['100.101.102.103:443', '[fd7a:115c:a1e0::1]:443']],
    ['docker', ['172.17.0.1:11435', '172.18.0.1:11435']],
    ['eth0:1234', ['192.168.1.5:1234', '[2001:db8::5]:1234']],
    ['br-lan', ['192.168.2.1:11435']],
    ['0.0.0.0:11435', ['0.0.0.0:11435']],
  ])('%s', (text, expected) => {
    expect(resolved(text)).toEqual(expected)
  })

  test('loopback is IPv4 alone where the machine has no IPv6', () => {
    expect(resolveListen('loopback', { lo: [info('127.0.0.1')] }).map(renderAddress)).toEqual(['127.0.0.1:11435'])
  })

  test.each(['11435', ':11435', '', 'eth0:', 'eth0:65536', '[eth0]:1', '[127.0.0.1]:1', '::1:x', 'a b:c:1'])(
    '%o is no address',
    (text) => expect(() => resolved(text)).toThrow(ConfigError),
  )

  test('an unknown name lists what there is', () => {
    expect(() => resolved('eth7:11435')).toThrow(/'eth7:11435' names nothing.*eth0 \(192\.168\.1\.5\).*docker0/)
    expect(() => resolveListen('tailscale', { eth1: [info('100.64.9.9')] })).toThrow(/names nothing/)
    expect(() => resolveListen('docker', { 'br-lan': [info('192.168.2.1')] })).toThrow(/names nothing/)
  })
})

describe('assertSafeListen', () => {
  const plain = { hasTls: false, allowPlainHttp: false }

  test.each(['loopback', '127.9.9.9:1', 'tailscale', '100.101.102.103:1', 'wg0', 'ztabcdef12', 'docker', '172.18.0.1'])(
    '%s may be plain HTTP',
    (text) => {
      expect(() => assertSafeListen(resolveListen(text, INTERFACES), plain)).not.toThrow()
    },
  )

  test.each([
    '0.0.0.0',
    '::',
    '::ffff:0.0.0.0',
    '192.168.1.5',
    'eth0',
    'eth1',
    'utun4',
    'br-lan',
    '203.0.113.9',
    '100.64.9.9',
  ])('%s needs TLS or a word', (text) => {
    const addresses = resolveListen(text, INTERFACES)
    expect(() => assertSafeListen(addresses, plain)).toThrow(/tls\.certFile.*allowPlainHttp/)
    expect(() => assertSafeListen(addresses, { ...plain, hasTls: true })).not.toThrow()
    expect(() => assertSafeListen(addresses, { ...plain, allowPlainHttp: true })).not.toThrow()
  })
})
