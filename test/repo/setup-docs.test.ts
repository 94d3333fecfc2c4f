import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SetupPlaces, SetupTarget } from '../../src/client/setup/setup-plan.ts'
import { REFUSED_TOOLS, SETUP_TOOLS } from '../../src/client/setup/setup-tools.ts'
import { Secret } from '../../src/core/secret.ts'

const page = readFileSync(new URL('../../docs/setup.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([a-z][a-z0-9-]*)` \|(.*)\|$/gm)].map(([, name = '', rest = '']) => ({
  name,
  cells: rest.split('|').map((cell) => cell.trim()),
}))

const PLACES: SetupPlaces = {
  userHome: '~',
  stateFolder: '~/state',
  platform: 'linux',
  env: { SHELL: '/bin/sh' },
  isThere: () => false,
}
const TARGET: SetupTarget = {
  url: 'https://gateway.test',
  key: new Secret('pk_a_b'),
  keyCommand: ['punku'],
  model: 'MODEL',
  contextTokens: 1,
  maxOutputTokens: 1,
  caFile: undefined,
  isDefault: false,
  typed: (words) => words,
}

test('docs/setup.md has every tool that can be set up or is refused, in their order', () => {
  expect(rows.map(({ name }) => name)).toEqual([...SETUP_TOOLS, ...REFUSED_TOOLS].map(({ name }) => name))
})

test('docs/setup.md says of each how it is known, and which files are written', () => {
  for (const { name, evidence, plan } of SETUP_TOOLS) {
    const [files = '', , known] = rows.find((row) => row.name === name)?.cells ?? []
    expect([name, known]).toEqual([name, evidence])
    const { edits } = plan(TARGET, PLACES)
    if (edits.length === 0) expect([name, files]).toEqual([name, expect.stringMatching(/^none/)])
    // A file of a key that another one refers to is told below.
    for (const { file } of edits.filter(({ file }) => !file.endsWith('/opencode-key'))) {
      expect([name, files]).toEqual([name, expect.stringContaining(file.split('/').at(-1) ?? file)])
    }
  }
})
