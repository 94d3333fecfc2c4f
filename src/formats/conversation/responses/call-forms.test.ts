import { expect, test } from 'vitest'
import { carriedName } from './call-forms.ts'

test.each([
  [undefined, '_read', '_read'],
  ['mcp__files__', 'read', 'mcp__files__read'],
  ['mcp_files', '__read_', 'mcp_files__read_'],
  ['___', '___', '__'],
  ['', 'read', '__read'],
])('of the group %j the tool %j is carried as %j', (namespace, name, carried) => {
  expect(carriedName(namespace, name)).toBe(carried)
})

test('a long stretch of underscores is looked through once', () => {
  const began = performance.now()
  const long = `${'_'.repeat(100_000)}a`
  expect(carriedName(long, 'b')).toHaveLength(long.length + 3)
  expect(performance.now() - began).toBeLessThan(5_000)
})
