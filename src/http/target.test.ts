import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { filterQuery, MAX_TARGET_LENGTH, parseTarget } from './target.ts'

describe('parseTarget', () => {
  test.each([
    ['/', '/', ''],
    ['/api/chat', '/api/chat', ''],
    ['/v1/messages?beta=true', '/v1/messages', 'beta=true'],
    ['/v1/models/llama3%3A8b', '/v1/models/llama3:8b', ''],
    ['/v1/models/a%3ab%3Ac?x=%3a', '/v1/models/a:b:c', 'x=%3a'],
    ['/v1/models/llama3.2:1b', '/v1/models/llama3.2:1b', ''],
    ['/.well-known/x..y/...', '/.well-known/x..y/...', ''],
    ['/api/tags?', '/api/tags', ''],
    ['/a?b=//../%2f?c', '/a', 'b=//../%2f?c'],
    ['/api/tags/', '/api/tags', ''],
    ['//api/chat', '/api/chat', ''],
    ['/api//chat///?x', '/api/chat', 'x'],
    ['//', '/', ''],
    ['//evil.example/api/chat', '/evil.example/api/chat', ''],
  ])('%s', (url, path, query) => {
    expect(parseTarget(url)).toEqual({ path, query })
  })

  test.each([
    ['http://127.0.0.1/api/chat', "starts with '/'"],
    ['127.0.0.1:443', "starts with '/'"],
    ['*', "starts with '/'"],
    ['', "starts with '/'"],
    ['/api\\chat', 'backslash'],
    ['/api/chat?a=\\', 'backslash'],
    ['/api/\0', 'control character'],
    ['/api/a b', 'space'],
    ['/api/\x7f', 'control character'],
    ['/api/chat?\n', 'control character'],
    ['/api/é', 'outside ASCII'],
    ['/api/chat?é', 'outside ASCII'],
    ['/api/\u{1f600}', 'outside ASCII'],
    ['/api/chat#x', "'#'"],
    ['/api/./chat', "'.' or '..'"],
    ['/api/../chat', "'.' or '..'"],
    ['/..', "'.' or '..'"],
    ['/api/.', "'.' or '..'"],
    ['/api/..?x', "'.' or '..'"],
    ['/%2e%2e/api', 'percent escape'],
    ['/api%2fchat', 'percent escape'],
    ['/api/%61', 'percent escape'],
    ['/api/%3', 'percent escape'],
    ['/api/%', 'percent escape'],
    ['/api/%3b', 'percent escape'],
    ['/api/%00', 'percent escape'],
    ['/api/%253A', 'percent escape'],
    ['//../api', "'.' or '..'"],
    ['/a//./api', "'.' or '..'"],
    ['/;/api/chat', "a ';'"],
    ['/api/chat;x=y', "a ';'"],
    ['/api/chat;?x', "a ';'"],
    [`/${'a'.repeat(MAX_TARGET_LENGTH)}`, 'longer than 2048'],
  ])('refuses %j', (url, rule) => {
    expect(() => parseTarget(url)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(rule) }),
    )
  })

  describe('a name at the end of a path', () => {
    const nameAt = (path: string) => (path.startsWith('/m/') ? '/m/'.length : -1)

    test.each([
      ['/m/hf.co%2Fx%2Fy%3AQ4', '/m/hf.co/x/y:Q4'],
      ['/m/hf.co/x%2fy:Q4?z=%2F', '/m/hf.co/x/y:Q4'],
      ['//m//a%2Fb/', '/m/a/b'],
      ['/m/a%40b%2Bc+d', '/m/a@b+c+d'],
      ['/m/%61', '/m/a'],
      ['/m/a..b%2F...c', '/m/a..b/...c'],
    ])('%s is decoded once: %s', (url, path) => expect(parseTarget(url, nameAt).path).toBe(path))

    test.each([
      ...['/m/a%252Fb', '/m/%25', '/m/a%00', '/m/a%0D%0Ab', '/m/%20', '/m/a%3Fb', '/m/a%23', '/m/a%5Cb', '/m/a%3Bb'],
      ...['/m/..%2Fx', '/m/a%2F..%2Fb', '/m/%2e%2e', '/m/%2E', '/m/a%2F%2e%2e', '/m/a%2F', '/m/a%2F%2Fb', '/m/%2Fa'],
      ...['/m/%', '/m/%2', '/m/%zz', '/m/%ff', '/m/%c3%a9', '/%6d/a', '/x%2Fm/a%2Fb', '/m%2Fa', '/x/m/a%2Fb'],
    ])('%s is refused', (url) => {
      expect(() => parseTarget(url, nameAt)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    })
  })

  test('takes a target at the limit', () => {
    expect(parseTarget(`/${'a'.repeat(MAX_TARGET_LENGTH - 1)}`).path).toHaveLength(MAX_TARGET_LENGTH)
  })

  test('gives only paths that a URL parser leaves as they are', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%3A',
      '%2e',
      '%2f',
      '\\',
      'a',
      'B',
      ':',
      '?',
      '#',
      '\t',
      'é',
      '@',
      ';',
      '//',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const url = `/${pieces.join('')}`
        const path = pathOf(url)
        if (path !== undefined) expect(path).not.toMatch(/\/\/|.\/$/)
        if (path !== undefined) expect(new URL(path, 'http://h').pathname).toBe(path)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('filterQuery', () => {
  const filter = (query: string) => filterQuery(query, ['stream', 'a b'], ['model', 'name'])

  test.each([
    ['', ''],
    ['stream=1', 'stream=1'],
    ['beta=true', ''],
    ['beta=true&stream=%31&x', 'stream=%31'],
    ['%73tream=x%26y', 'stream=x%26y'],
    ['stream', 'stream'],
    ['stream=1&stream=2', 'stream=1&stream=2'],
    ['a+b=1+2', 'a b=1+2'],
    ['Stream=1', ''],
    ['%zz=1&stream=1', 'stream=1'],
    ['x=1;stream=2', 'stream=2'],
    ['=1&&', ''],
    ['modelx=1&mod el=2', ''],
  ])('%j gives %j', (query, kept) => {
    expect(filter(query)).toBe(kept)
  })

  test.each(['model=x', 'MODEL=x', 'stream=1&name', '%6dodel=x', '%4DODEL=x', 'beta=1;model=x', 'stream=1;Name=x'])(
    'refuses %s',
    (query) => {
      expect(() => filter(query)).toThrow(expect.objectContaining({ code: 'ambiguous_request' }))
    },
  )

  test('names the parameter in the error', () => {
    expect(() => filter('MODEL=x')).toThrow(expect.objectContaining({ param: 'model' }))
  })
})

function pathOf(url: string): string | undefined {
  try {
    return parseTarget(url, (path) => path.indexOf('B')).path
  } catch (error) {
    if (error instanceof PunkuError) return undefined
    throw error
  }
}
