import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { ROUTES } from '../servers/route-table.ts'
import { type AdmittedRequest, admitRequest, type HouseRules } from './house-rules.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

function admit(
  method: string,
  target: string,
  fields: readonly string[] = [],
  rules: HouseRules = {},
): AdmittedRequest {
  return admitRequest({ method, target, fields }, rules)
}

/** The request as the model server gets it, or the code it is refused with. */
function verdict(...request: Parameters<typeof admit>): string {
  try {
    return admit(...request).path
  } catch (thrown) {
    if (!(thrown instanceof PunkuError)) throw thrown
    return thrown.code
  }
}

const pathOf = (path: string): string =>
  path.replace('{digest}', DIGEST).replace('{model...}', 'tiny').replace('{rest...}', 'x')

describe('routes', () => {
  test.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (label, route) => {
    const path = pathOf(route.path)
    const isHarmless = route.class === 'inference' || route.class === 'metadata' || label === 'GET /api/v0/models'
    const isManaged = isHarmless || route.class === 'manage'
    expect(verdict(route.method, path)).toBe(isHarmless ? path : 'route_not_allowed')
    expect(verdict(route.method, path, [], { allowManage: true })).toBe(isManaged ? path : 'route_not_allowed')
  })

  test.each([
    ['POST', '/api/nothing', 'route_not_found'],
    ['POST', '/API/CHAT', 'route_not_found'],
    ['POST', '/api/chat/', 'invalid_request'],
    ['GET', '/api/chat', 'method_not_allowed'],
    ['CONNECT', '/api/chat', 'method_not_allowed'],
    ['GET', '/control/v1/keys', 'route_not_found'],
  ])('%s %s is %s', (method, target, code) => expect(verdict(method, target)).toBe(code))
})

describe('targets that could lead elsewhere', () => {
  test.each([
    '@10.0.0.5/x',
    'http://10.0.0.5/api/tags',
    '//10.0.0.5/api/tags',
    '/../api/tags',
    '/v1/models/../../api/tags',
    '/v1/models/./x',
    '/v1/models/%2e%2e/x',
    '/v1/models/a%2fb',
    '/v1/models//x',
    '/v1/models/..\\x',
    '/api/tags\\@10.0.0.5',
    '/api/tags HTTP/1.1\r\nhost: evil',
    '/api/tags\n',
    '/api/tags#x',
    '/api/tags;x=1',
    '*',
    '',
  ])('%j is refused', (target) => expect(verdict('GET', target)).toBe('invalid_request'))

  test('an @ inside a path stays in that path', () => {
    expect(verdict('GET', '/v1/models/@10.0.0.5')).toBe('/v1/models/@10.0.0.5')
  })

  test('whatever passes is a plain path of its own server', () => {
    const piece = fc.constantFrom(
      '/',
      '/v1/models/',
      'api',
      '@',
      '..',
      '.',
      '\\',
      '%2e',
      '%3A',
      ':',
      '?',
      '#',
      ';',
      'x',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = verdict('GET', pieces.join(''))
        if (!path.startsWith('/')) return
        const url = new URL(`http://127.0.0.1:11434${path}`)
        expect(url.origin).toBe('http://127.0.0.1:11434')
        expect(url.pathname + url.search).toBe(path)
      }),
    )
  })
})

describe('queries', () => {
  test('only what the route knows passes', () => {
    expect(verdict('GET', '/v1/models?limit=5&x=1&after_id=a')).toBe('/v1/models?limit=5&after_id=a')
    expect(verdict('POST', '/v1/messages?beta=true')).toBe('/v1/messages?beta=true')
    expect(verdict('GET', '/api/tags?x=1')).toBe('/api/tags')
  })

  test.each(['model', 'MODEL', 'name'])('%s is refused', (name) => {
    expect(verdict('POST', `/api/chat?${name}=x`)).toBe('ambiguous_request')
  })
})

describe('fields', () => {
  const passed = (...fields: string[]) => admit('POST', '/api/chat', fields).headers

  test('those of the allow-list pass, in their order', () => {
    expect(passed('content-type', 'application/json', 'x-stainless-lang', 'js', 'anthropic-beta', 'a')).toEqual([
      'accept-encoding',
      'identity',
      'content-type',
      'application/json',
      'x-stainless-lang',
      'js',
      'anthropic-beta',
      'a',
    ])
  })

  test.each([
    'host',
    'origin',
    'referer',
    'cookie',
    'authorization',
    'x-api-key',
    'proxy-authorization',
    'forwarded',
    'x-forwarded-for',
    'connection',
    'transfer-encoding',
    'upgrade',
    'te',
    'expect',
    'content-encoding',
    'x-anything',
  ])('%s does not', (name) => expect(passed(name, 'chunked')).toEqual(['accept-encoding', 'identity']))

  test.each(['content-type', 'content-length'])('a second %s is refused', (name) => {
    expect(verdict('POST', '/api/chat', [name, '1', name, '2'])).toBe('invalid_request')
  })

  test('a name with an underscore is refused', () => {
    expect(verdict('POST', '/api/chat', ['x_api_key', 'a'])).toBe('invalid_request')
  })
})

describe('lengths', () => {
  const withLength = (length: string, path = '/api/chat', rules: HouseRules = {}) =>
    verdict('POST', path, ['content-length', length], rules)

  test('up to the limit passes, one more does not', () => {
    expect(withLength('100', '/api/chat', { bodyBytes: 100 })).toBe('/api/chat')
    expect(withLength('101', '/api/chat', { bodyBytes: 100 })).toBe('request_too_large')
    expect(withLength(String(64 * 1_024 * 1_024))).toBe('/api/chat')
    expect(withLength(String(64 * 1_024 * 1_024 + 1))).toBe('request_too_large')
  })

  test('weights have no limit', () => {
    const path = `/api/blobs/${DIGEST}`
    expect(withLength('900000000000', path, { bodyBytes: 100, allowManage: true })).toBe(path)
    expect(admit('POST', path, [], { allowManage: true }).maxBodyBytes).toBe(Number.POSITIVE_INFINITY)
  })

  test('a route without a body takes none', () => {
    expect(verdict('GET', '/api/tags', ['content-length', '0'])).toBe('/api/tags')
    expect(verdict('GET', '/api/tags', ['content-length', '1'])).toBe('request_too_large')
    expect(admit('GET', '/api/tags').maxBodyBytes).toBe(0)
  })

  test.each(['', '-1', '+1', '1e3', '0x10', '1,1', '1 ', '9'.repeat(16)])('%j is no length', (length) => {
    expect(withLength(length)).toBe('invalid_request')
  })
})
