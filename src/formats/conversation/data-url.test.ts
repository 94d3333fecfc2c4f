import { expect, it } from 'vitest'
import { fileTextIn } from './data-url.ts'

it.each<[string, string | undefined]>([
  ['data:text/plain;base64,w6QK', 'ä\n'],
  ['data:text/plain;base64,YQ==', 'a'],
  ['data:text/plain;base64,', ''],
  ['data:text/plain;charset=utf-8,a%20b', 'a b'],
  ['data:text/plain;base64,/w==', undefined],
  ['data:text/plain;base64,w6Q!', undefined],
  ['data:text/plain;base64,YQ=', undefined],
  ['data:text/plain;base64,YWJjZ', undefined],
  ['data:text/plain;base64,w6-_', undefined],
  ['data:text/plain,%', undefined],
  ['data:text/html,a', undefined],
])('the file %j has the text %j', (url, text) => expect(fileTextIn(url)).toBe(text))

it('a large file takes few times what its base64 does', () => {
  const data = 'w6Qg'.repeat(5_000_000)
  const began = performance.now()
  atob(data)
  const leastMs = performance.now() - began
  const url = `data:text/plain;base64,${data}`
  const read = performance.now()
  expect(fileTextIn(url)).toHaveLength(10_000_000)
  expect(performance.now() - read).toBeLessThan(15 * leastMs)
})
