import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderClientDocs } from '../../scripts/client-docs.ts'
import { SETUP_TOOLS } from '../../src/client/setup/setup-tools.ts'
import { CLIENT_TOOLS } from '../../src/client/tools/client-tool.ts'

const folder = new URL('../../docs/clients/', import.meta.url)

test('docs/clients has one page a tool, and says what the code knows', () => {
  const pages = renderClientDocs()
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
  const names = new Set([...CLIENT_TOOLS, ...SETUP_TOOLS].map(({ name }) => `${name}.md`))
  expect(new Set(pages.keys()).difference(names)).toEqual(new Set(['README.md']))
  expect(names.difference(new Set(pages.keys()))).toEqual(new Set())
  for (const [name, text] of pages) expect(readFileSync(new URL(name, folder), 'utf8'), 'run: npm run docs').toBe(text)
})
