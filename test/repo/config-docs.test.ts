import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { renderConfigDocs } from '../../src/config/docs.ts'
import { loadConfig } from '../../src/config/load.ts'
import { envName, listConfigGroups, renderConfigJsonSchema } from '../../src/config/options.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const remedy = 'run: npm run docs'

describe('docs', () => {
  test('docs/config.md is current', () => {
    expect(readFileSync(join(root, 'docs/config.md'), 'utf8'), remedy).toBe(renderConfigDocs())
  })

  test('docs/config.schema.json is current', () => {
    const written: unknown = JSON.parse(readFileSync(join(root, 'docs/config.schema.json'), 'utf8'))
    expect(written, remedy).toEqual(renderConfigJsonSchema())
  })

  test('every option is described and has a name of its own in the environment', () => {
    const options = listConfigGroups().flatMap((group) => group.options)
    expect(options.filter(({ description }) => description.length < 40).map(({ path }) => path)).toEqual([])
    const names = options.flatMap(({ env }) => env ?? [])
    expect(new Set(names).size).toBe(names.length)
    expect(envName('limits.bodyBytes')).toBe('PUNKU_LIMITS_BODY_BYTES')
    expect(envName('allowPlainHttp')).toBe('PUNKU_ALLOW_PLAIN_HTTP')
    expect(options.find(({ path }) => path === 'upstreams')?.env).toBe('PUNKU_UPSTREAM')
    const typeOf = (name: string) => options.find(({ path }) => path === `models[].defaults.${name}`)?.type
    expect([typeOf('temperature'), typeOf('top_k')]).toEqual(['number', 'whole number'])
  })
})

describe('examples', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'))

  test.each(examples)('%s loads', (name) => {
    const home = mkdtempSync(join(tmpdir(), 'punku-example-'))
    try {
      const file = join(home, name)
      cpSync(join(root, 'examples', name), file)
      for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/^\s*\w+File: (\S+)$/gm)) {
        mkdirSync(dirname(join(home, path)), { recursive: true })
        writeFileSync(join(home, path), 'text', { mode: 0o600 })
      }
      expect(loadConfig({ home, file, env: {}, flags: {} }).warnings).toEqual([])
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  test('there are some', () => expect(examples.length).toBeGreaterThanOrEqual(3))
})
