import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TROUBLE_KINDS } from '../../src/contract/gateway.ts'

test('docs/running.md has each trouble, and no other', () => {
  const text = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8')
  const listed = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind)
  expect(listed.sort()).toEqual([...TROUBLE_KINDS].sort())
})
