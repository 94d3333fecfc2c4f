import { describe, expect, test } from 'vitest'
import { isHostAllowed, isOriginAllowed, originNotAllowed, refuseForeignHost } from './origin.ts'

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

  test('names it as it is added, without a port', () => {
    expect(() => refuseForeignHost('Box.Example.:11435', allowed)).toThrow("names 'box.example',")
    expect(() => refuseForeignHost('box.example:99999', allowed)).toThrow("names 'box.example:99999',")
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
    expect(originNotAllowed(origin)).toMatchObject({
      code: 'origin_not_allowed',
      message: expect.stringContaining('gateway.origins'),
    })
  })

  test.each([
    ['moz-extension://*', 'moz-extension://0a1b2c3d-4e5f-6789-abcd-ef0123456789'],
    ['safari-web-extension://*', 'safari-web-extension://0A1B2C3D-4E5F-6789-ABCD-EF0123456789'],
    ['vscode-webview://*', 'vscode-webview://1h7q0ruc8'],
    ['app://obsidian.md', 'app://obsidian.md'],
    ['http://localhost:*', 'http://localhost:5173'],
    ['http://localhost:*', 'http://localhost'],
    ['http://[::1]:*', 'http://[::1]:3000'],
    ['tauri://localhost', 'tauri://localhost'],
    ['https://*.example.org', 'https://a.b.example.org'],
    ['https://*.example.org:*', 'https://a.example.org:8443'],
    ['https://*.example.org:8443', 'https://a.example.org:8443'],
    ['file://', 'file://'],
    ['null', 'null'],
  ])('the pattern %s takes %s', (pattern, origin) => {
    expect(isOriginAllowed(origin, 'gateway.example', [pattern])).toBe(true)
  })

  test.each([
    ['moz-extension://*', 'moz-extension://'],
    ['moz-extension://*', 'chrome-extension://0a1b2c3d'],
    ['moz-extension://*', 'https://moz-extension://x'],
    ['moz-extension://*', 'moz-extension://x/y'],
    ['moz-extension://*', 'moz-extension://x@y'],
    ['http://localhost:*', 'http://localhost.evil.example'],
    ['http://localhost:*', 'http://localhost:80.evil.example'],
    ['http://localhost:*', 'http://localhost:1@evil.example'],
    ['http://localhost:*', 'http://localhost:'],
    ['http://localhost:*', 'https://localhost:5173'],
    ['http://localhost:*', 'http://evil.localhost:5173'],
    ['https://*.example.org', 'https://example.org'],
    ['https://*.example.org', 'https://.example.org'],
    ['https://*.example.org', 'https://evilexample.org'],
    ['https://*.example.org', 'https://a.example.org:8443'],
    ['https://*.example.org', 'https://a.example.org.evil.example'],
    ['https://*.example.org', 'http://a.example.org'],
    ['https://*.example.org', 'https://evil.example#.example.org'],
    ['https://*.example.org:8443', 'https://a.example.org'],
    ['tauri://localhost', 'tauri://localhost:1'],
    ['file://', 'file:///home'],
    ['file://', 'null'],
    ['null', 'file://'],
    ['null', ''],
    ['null', 'https://null'],
  ])('the pattern %s refuses %s', (pattern, origin) => {
    expect(isOriginAllowed(origin, 'gateway.example', [pattern])).toBe(false)
  })
})

test('what was seen is named, as far as it can be', () => {
  expect(() => refuseForeignHost('Evil.example:80', [])).toThrow(/'evil\.example'/)
  expect(originNotAllowed('https://evil.example').message).toContain("'https://evil.example'")
  for (const text of [undefined, '', 'a b', '<script>', "x'y", 'é', 'x'.repeat(201)]) {
    expect(() => refuseForeignHost(text, [])).toThrow(/names something that is none/)
    expect(originNotAllowed(text).message).toContain('of something that is none')
  }
})
