import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const EXPORTED = /^export (?:async )?(?:const|let|class|abstract class|function\*?|interface|type|enum) (\w+)/gm

test('a name is exported by one file, so that it means one thing', () => {
  const filesOf = new Map<string, string[]>()
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue
    for (const [, name = ''] of readFileSync(src + path, 'utf8').matchAll(EXPORTED)) {
      filesOf.set(name, [...(filesOf.get(name) ?? []), path])
    }
  }
  expect(filesOf.size).toBeGreaterThan(700)
  const twins = [...filesOf].filter(([, files]) => new Set(files).size > 1)
  expect(twins.map(([name, files]) => `${name}: ${files.join(', ')}`)).toEqual([])
})
