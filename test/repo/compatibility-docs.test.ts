import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderCompatibilityDocs } from '../../scripts/compatibility-docs.ts'

const page = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')

test('docs/compatibility.md says what the matrix holds', () => {
  expect(page, 'run: npm run docs').toBe(renderCompatibilityDocs())
})
