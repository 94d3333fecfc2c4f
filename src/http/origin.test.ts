import { describe, expect, test } from 'vitest'
import { isHostAllowed, isOriginAllowed, refuseForeignHost, refuseForeignOrigin } from './origin.ts'

describe('isHostAllowed', () => {
  const allowed = ['models.example.com', '*.lan.example']

  test.each([
    '127.0.0.1',
    '127.0.0.1:11435',
    '192.168.1.20:80',
    '[::1]:11435',
    '[fd00::1]',
    'localhost',
    'LocalHost:1',
    'localhost.:1',
    'org.localhost:1',
    'models.example.com',
    'Models.Example.com.:443',
    'a.lan.example',
    'a.b.lan.example:1',
  ])('takes %s', (host) => {
    expect(isHostAllowed(host, allowed)).toBe(true)
  })

  test.each([
    'evil.example',
    'example.com',
    'models.example.com.evil.example',
    'x.models.example.com',
    'lan.example',
    '.lan.example',
    'evillan.example',
    'evil-localhost',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.1',
    '0x7f.0.0.1',
    '256.0.0.1',
    '::1',
    '[127.0.0.1]',
    '[::1',
    '[]',
    '[fe80::1%eth0]',
    'localhost:',
    'localhost:99999',
    'localhost:1:2',
    'user@localhost',
    'localhost/x',
    'localhost, evil.example',
    'a..localhost',
    ' localhost',
    'localhost\u0000',
    'l\u00f6calhost',
    '',
    undefined,
  ])('refuses %j', (host) => {
    expect(isHostAllowed(host, allowed)).toBe(false)
    expect(() => refuseForeignHost(host, allowed)).toThrow(
      expect.objectContaining({ code: 'host_not_allowed', message: expect.stringContaining('gateway.hosts') }),
    )
  })

  test('without names, only addresses and localhost are left', () => {
    expect(isHostAllowed('models.example.com', [])).toBe(false)
    expect(() => refuseForeignHost('localhost', [])).not.toThrow()
  })
})

describe('isOriginAllowed', () => {
  const allowed = ['https://chat.example', 'app://obsidian.md']

  test.each([
    [undefined, 'localhost:11435'],
    [undefined, undefined],
    ['https://chat.example', 'localhost:11435'],
    ['app://obsidian.md', undefined],
    ['http://localhost:11435', 'LOCALHOST:11435'],
    ['https://[::1]:11435', '[::1]:11435'],
  ])('takes %s at %s', (origin, host) => {
    expect(isOriginAllowed(origin, host, allowed)).toBe(true)
    expect(() => refuseForeignOrigin(origin, host, allowed)).not.toThrow()
  })

  test.each([
    ['http://chat.example', 'localhost:11435'],
    ['https://chat.example:444', 'localhost:11435'],
    ['https://chat.example.evil.example', 'localhost:11435'],
    ['https://chat.example/', 'localhost:11435'],
    ['http://localhost:3000', 'localhost:11435'],
    ['http://127.0.0.1:11435', 'localhost:11435'],
    ['null', 'localhost:11435'],
    ['', 'localhost:11435'],
    ['*', 'localhost:11435'],
    ['http://undefined', undefined],
    ['http://', ''],
  ])('refuses %j at %s', (origin, host) => {
    expect(isOriginAllowed(origin, host, allowed)).toBe(false)
    expect(() => refuseForeignOrigin(origin, host, allowed)).toThrow(
      expect.objectContaining({ code: 'origin_not_allowed', message: expect.stringContaining('gateway.origins') }),
    )
  })
})
