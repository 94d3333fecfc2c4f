import { describe, expect, it } from 'vitest'
import { safePath } from './safe-path.ts'

const ORIGIN = 'https://punku.example'

describe('safePath', () => {
  it.each([
    ['/ui/keys', '/ui/keys'],
    ['/ui', '/ui'],
    ['/ui/requests?key=ci&outcome=error', '/ui/requests?key=ci&outcome=error'],
    ['/connect?code=9KV-DU6', '/connect?code=9KV-DU6'],
    ['https://punku.example/ui/usage', '/ui/usage'],
    ['/ui/reset#token', '/ui/reset'],
  ])('leads to %s', (to, path) => {
    expect(safePath(to, ORIGIN)).toBe(path)
  })

  it.each([
    undefined,
    '',
    'https://evil.example/ui/',
    '//evil.example/ui/',
    '/\\evil.example/ui/',
    '\\\\evil.example/ui/',
    '/\t/evil.example/ui/',
    'https://punku.example@evil.example/ui/',
    'https://punku.example.evil.example/ui/',
    'http://punku.example/ui/',
    'javascript:alert(1)//ui/',
    'data:text/html,/ui/',
    '/control/v1/me',
    '/control/auth/sign-out',
    '/ui/../control/v1/me',
    '/ui/%2e%2e/control/v1/me',
    '/uix',
    '/connect/else',
    'http://[',
  ])('takes %s to the overview', (to) => {
    expect(safePath(to, ORIGIN)).toBe('/ui/')
  })

  it('never leaves the origin, however its answer is read', () => {
    for (const to of ['/ui//evil.example', '/ui/?to=//evil.example', '/connect?code=//evil.example']) {
      expect(new URL(safePath(to, ORIGIN), ORIGIN).origin).toBe(ORIGIN)
    }
  })
})
