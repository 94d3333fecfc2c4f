import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderOperationTable } from '../../scripts/operation-table.ts'

test('the table of operations is what the contract says', () => {
  const file = new URL('../../src/contract/operation-table.ts', import.meta.url)
  expect(readFileSync(file, 'utf8'), 'run: npm run docs').toBe(renderOperationTable())
})
