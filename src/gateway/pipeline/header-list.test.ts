import { expect, test } from 'vitest'
import { headerList } from './header-list.ts'

test.each([
  ['websocket', ['websocket']],
  ['h2c , websocket,\tfoo/1', ['h2c', 'websocket', 'foo/1']],
  ['a b,', ['a b', '']],
  ['', ['']],
])('%j is %j', (text, items) => expect(headerList(text)).toEqual(items))

test('a long stretch of white space is passed over once', () => {
  const began = performance.now()
  expect(headerList(`a${' '.repeat(100_000)}b`)).toHaveLength(1)
  expect(performance.now() - began).toBeLessThan(5_000)
})
