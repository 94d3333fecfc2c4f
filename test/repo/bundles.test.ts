import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundle, loadedWith, packagesIn, ROLE_ENTRIES } from '../../scripts/bundle.ts'

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
