import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { bundle, loadedWith, packagesIn, ROLE_ENTRIES } from '../../scripts/bundle.ts'
import type { planEdits } from '../../src/client/edits/plan-edits.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the agent is loaded without a database, an API server, sign-in or a logger, and of undici with little', async () => {
  const chunks = await bundle(root, { agent: ROLE_ENTRIES.agent })
  const loaded = loadedWith(chunks, ROLE_ENTRIES.agent)
  const packages = packagesIn(loaded)
  expect([...packages.keys()].sort()).toEqual(['undici', 'ws', 'zod'])
  expect(packages.get('undici')?.size).toBeLessThan(100_000)
  expect(loaded.map(({ code }) => code).join('\n')).not.toMatch(/node:sqlite/)
}, 60_000)

test('the command line is loaded with Commander alone', async () => {
  const chunks = await bundle(root, { cli: ROLE_ENTRIES.cli })
  expect([...packagesIn(loadedWith(chunks, ROLE_ENTRIES.cli)).keys()]).toEqual(['commander'])
}, 60_000)

test('the thread that translates is a file of its own, without a database or a server', async () => {
  const chunks = await bundle(root, { gateway: ROLE_ENTRIES.gateway })
  const loaded = loadedWith(chunks, 'src/gateway/pipeline/carry-worker.ts')
  expect(loaded[0]).toMatchObject({ isEntry: true, fileName: expect.stringMatching(/^chunks\/carry-worker-.*\.js$/) })
  expect([...packagesIn(loaded).keys()]).toEqual([])
}, 60_000)

test('the thread of the database is loaded with nothing but Node, and with Kysely once it stores rows', async () => {
  const chunks = await bundle(root, { gateway: ROLE_ENTRIES.gateway })
  const file = 'src/gateway/store/sqlite/sqlite-worker.ts'
  const loaded = loadedWith(chunks, file)
  expect(loaded[0]).toMatchObject({ isEntry: true, fileName: expect.stringMatching(/^chunks\/sqlite-worker-.*\.js$/) })
  const modules = loaded.flatMap(({ moduleIds }) => moduleIds.filter((id) => id.startsWith('/')))
  expect(modules.map((id) => id.slice(id.lastIndexOf('/') + 1)).sort()).toEqual([
    'cached-statements.ts',
    'database-file.ts',
    'sqlite-job.ts',
    'sqlite-worker.ts',
  ])
  const later = loadedWith(chunks, 'src/gateway/store/sqlite/store-requests-in.ts')
  expect([...packagesIn(later).keys()]).toEqual(['kysely'])
}, 60_000)

test('a parser of configuration files is loaded with its format alone, and works bundled', async () => {
  const chunks = await bundle(root, { plan: 'src/client/edits/plan-edits.ts' })
  const packagesOf = (file: string) => [...packagesIn(loadedWith(chunks, `src/client/edits/${file}`)).keys()]
  expect(packagesOf('plan-edits.ts')).toEqual([])
  expect(packagesOf('documents/json-format.ts')).toEqual(['jsonc-parser'])
  expect(packagesOf('documents/yaml-format.ts')).toEqual(['yaml'])
  expect(packagesOf('documents/toml-format.ts').sort()).toEqual(['eslint-visitor-keys', 'toml-eslint-parser'])
  const folder = mkdtempSync(join(tmpdir(), 'punku-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const { fileName, code } of [...chunks, { fileName: 'package.json', code: '{"type":"module"}' }]) {
    mkdirSync(dirname(join(folder, fileName)), { recursive: true })
    writeFileSync(join(folder, fileName), code)
  }
  const built = (await import(pathToFileURL(join(folder, 'plan.js')).href)) as { readonly planEdits: typeof planEdits }
  const formats = ['json', 'jsonc', 'yaml', 'toml'] as const
  const changes = [{ kind: 'set', path: ['a'], value: 1 }] as const
  const planned = await built.planEdits(formats.map((format) => ({ file: join(folder, format), format, changes })))
  expect(planned.map(({ after }) => after)).toEqual(['{\n  "a": 1\n}\n', '{\n  "a": 1\n}\n', 'a: 1\n', 'a = 1\n'])
}, 60_000)
