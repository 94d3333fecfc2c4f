import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILD_FACTS, isBuildOf } from '../../scripts/build-inputs.ts'
import { watched } from '../support/watched.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Of somebody who has the package and nothing of the project. */
const folder = mkdtempSync(join(tmpdir(), 'punku-packed-'))
let files: readonly string[]
beforeAll(async () => {
  // In this process's own environment it would be a build for tests.
  const env = { PATH: process.env['PATH'] }
  if (!isBuildOf(ROOT)) await run(process.execPath, ['scripts/build.ts'], { cwd: ROOT, env })
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const { stdout } = await run('npm', args, { cwd: ROOT })
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
  files = packed?.files.map(({ path }) => path) ?? []
  mkdirSync(join(folder, 'node_modules/punku'), { recursive: true })
  const tar = ['-xzf', join(folder, packed?.filename ?? ''), '--strip-components=1', '-C', 'node_modules/punku']
  await run('tar', tar, { cwd: folder })
  // The types of Node, as a program for it has them; and nothing else.
  mkdirSync(join(folder, 'node_modules/@types'))
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('holds what is built, and neither sources nor tests', () => {
  const tops = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))
  expect([...tops].sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'dist/chunks',
      'dist/cli',
      'dist/licenses.txt',
      'dist/sdk',
      'dist/web',
      'package.json',
      BUILD_FACTS,
    ].sort(),
  )
  expect(files.filter((path) => /\.test\.|(?<!\.d)\.tsx?$/.test(path))).toEqual([])
})

/** What each kind of program compiles with: every file is looked at, ours too. */
const CONSUMERS = [
  ['for Node', { module: 'nodenext', target: 'es2024', lib: ['es2024', 'esnext.disposable'], types: ['node'] }],
  [
    'for Node, by a bundler',
    { module: 'preserve', target: 'es2024', lib: ['es2024', 'esnext.disposable'], types: ['node'] },
  ],
] as const

const PROGRAM = `
import { type GatewayConfig, openGateway, punkuDispatcher, punkuFetch, TunnelRefusal } from 'punku'
const config: GatewayConfig = { listen: ['127.0.0.1:0'], timeouts: { drain: '1s' } }
const gateway = await openGateway({ home: process.argv[2] ?? '', config })
const { key, name } = await gateway.control.call('createKey', { body: { name: 'app', models: ['*'] } })
const { token } = await gateway.inOrg('default').call('createTunnel', { body: { label: 'laptop' } })
const ask = punkuFetch({ gateway: gateway.url, key })
const dispatcher = punkuDispatcher({ gateway: gateway.url, key })
const listed = await ask('http://ollama.laptop.tunnel/v1/models')
const tags = await fetch('http://default.tunnel/api/tags', { dispatcher })
const elsewhere: unknown = await ask('http://example.org/').catch((thrown: unknown) => thrown)
// @ts-expect-error there is no such operation
await gateway.control.call('createNothing').catch(() => {})
// @ts-expect-error a key has a name
await gateway.control.call('createKey', { body: {} }).catch(() => {})
const page = await (await fetch(gateway.url, { headers: { accept: 'text/html' } })).text()
await dispatcher[Symbol.asyncDispose]()
await gateway.close()
const isRefused = elsewhere instanceof TunnelRefusal && elsewhere.reason === 'other_host'
process.stdout.write(JSON.stringify([name, token.length > 20, listed.status, tags.status, isRefused, page.includes('<title>')]))
`

describe.each(CONSUMERS)('a strict program %s', (name, options) => {
  test('compiles with what is packed and no other package', async () => {
    const project = join(folder, name.replaceAll(/\W+/g, '-'))
    mkdirSync(project)
    const compilerOptions = {
      ...options,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    writeFileSync(join(project, 'program.ts'), PROGRAM)
    expect(await compile(project)).toBe('')
  })
})

test('the code of docs/sdk.md compiles', async () => {
  const project = join(folder, 'docs')
  mkdirSync(join(project, 'node_modules/@anthropic-ai'), { recursive: true })
  for (const name of ['openai', '@anthropic-ai/sdk', 'ollama']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  }
  const page = readFileSync(join(ROOT, 'docs/sdk.md'), 'utf8')
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
  const names = blocks.map((code, at) => {
    writeFileSync(join(project, `block${at}.ts`), `${code}export {}\n`)
    return `block${at}.ts`
  })
  const compilerOptions = { ...CONSUMERS[0][1], strict: true, skipLibCheck: true, noEmit: true }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
  expect(names.length).toBeGreaterThanOrEqual(5)
  expect(await compile(project)).toBe('')
})

test('a program for browsers compiles with their types alone, and finds nothing that is for Node', async () => {
  const project = join(folder, 'web')
  mkdirSync(project)
  const lib = ['es2022', 'dom', 'dom.iterable']
  const compilerOptions = {
    module: 'preserve',
    target: 'es2022',
    lib,
    types: [],
    customConditions: ['browser'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  writeFileSync(
    join(project, 'program.ts'),
    `import { punkuFetch, type TunnelKey } from 'punku'
// @ts-expect-error it is for Node
import { openGateway } from 'punku'
const key: TunnelKey = 'pk_a'
export const asked: Promise<Response> = punkuFetch({ gateway: 'https://gateway.example', key })('http://acme.tunnel/v1/models')
`,
  )
  expect(await compile(project)).toBe('')
})

test('the program runs with what is packed and no other package', async () => {
  const file = join(folder, 'program.ts')
  writeFileSync(file, PROGRAM)
  const child = watched(
    spawn(process.execPath, [file, join(folder, 'state')], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  expect(await once(child, 'close')).toEqual([0, null])
  // The laptop is not linked yet.
  expect(JSON.parse(said)).toEqual(['app', true, 503, 503, true, true])
})

test('what any runtime gets names no module of Node', () => {
  const seen = new Set<string>()
  const read = (path: string): string => {
    if (seen.has(path)) return ''
    seen.add(path)
    const code = readFileSync(path, 'utf8')
    const named = [...code.matchAll(/\bfrom\s*["'](\.[^"']+)["']/g)].map(([, to = '']) => read(join(path, '..', to)))
    return [code, ...named].join('\n')
  }
  const code = read(join(folder, 'node_modules/punku/dist/sdk/punku-web.js'))
  expect(code).toContain('TunnelRefusal')
  expect(code).not.toMatch(/node:|getBuiltinModule|\brequire\(|\bBuffer\b|\bprocess\b/)
  expect(code.length).toBeLessThan(15_000)
})

test('CommonJS may require it', async () => {
  writeFileSync(join(folder, 'old.cjs'), "process.stdout.write(Object.keys(require('punku')).sort().join(' '))")
  const { stdout } = await run(process.execPath, [join(folder, 'old.cjs')])
  expect(stdout).toBe('TunnelRefusal openGateway punkuDispatcher punkuFetch')
})

async function compile(project: string): Promise<string> {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  return await run(tsc, ['-p', project]).then(
    ({ stdout }) => stdout,
    (failed: { readonly stdout: string }) => failed.stdout,
  )
}
