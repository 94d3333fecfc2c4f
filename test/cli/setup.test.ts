import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { SETUP_TOOLS } from '../../src/client/setup/setup-tools.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type Ended, runCommand } from '../support/run-command.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place } from './punku.ts'

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let key: string
let place: Place

beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'openai', models: ['tiny'] }))
  gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())
beforeEach(() => {
  place?.[Symbol.dispose]()
  place = new Place()
  ensureHome(place.home)
  keep(key)
})
afterAll(() => place[Symbol.dispose]())

function keep(text: string): void {
  const profile = { name: 'default', url: gateway.url, key: new Secret(text), caFile: undefined, model: undefined }
  writeClientProfile(place.home, profile)
}

/** Runs `punku setup` as a user whose home is the folder of the test. */
function setup(...words: string[]): Promise<Ended> {
  const env = { HOME: place.folder, SHELL: '/bin/bash', PATH: join(place.folder, 'bin') }
  return runCommand({ args: ['setup', ...words, '--home', place.home], cwd: place.folder, env })
}

const inHome = (path: string) => join(place.folder, path)
const textOf = (path: string) => readFileSync(inHome(path), 'utf8')

function put(path: string, text: string): void {
  mkdirSync(dirname(inHome(path)), { recursive: true })
  writeFileSync(inHome(path), text)
}

test('a set-up shows what it changes, tries it, says what to type, and is taken back to the byte', async () => {
  const mine = '{\n    "theme": "dark",\n    "env": { "A": "1" }\n}'
  put('.claude/settings.json', mine)
  const dry = await setup('claude', '--dry-run')
  expect([dry.code, dry.stderr, textOf('.claude/settings.json')]).toEqual([0, '', mine])
  expect(dry.stdout).toMatch(/^\+ {4}"env": \{ "A": "1", "ANTHROPIC_BASE_URL": "http:/m)
  expect(dry.stdout).toContain('Claude Code has no profiles')

  const nobody = await setup('claude')
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('add --yes, or --dry-run')])
  expect(textOf('.claude/settings.json')).toBe(mine)

  const done = await setup('claude', '--yes')
  expect([done.code, done.stderr]).toEqual([0, ''])
  expect(done.stdout).toMatch(/A small request worked: "Hello .*", \d+ tokens in and \d+ out, \d+ ms\./)
  expect(done.stdout).toMatch(
    /To take that back: punku setup claude --undo --home .*\n[\s\S]*What to do now:\n {2}claude\n$/,
  )
  expect(done.stdout).not.toContain(key)
  const written = JSON.parse(textOf('.claude/settings.json'))
  expect(written).toMatchObject({
    theme: 'dark',
    apiKeyHelper: `punku key print --profile default --home ${place.home}`,
    env: { A: '1', ANTHROPIC_BASE_URL: gateway.url, ANTHROPIC_MODEL: 'tiny', CLAUDE_CODE_MAX_CONTEXT_TOKENS: '32768' },
  })
  const again = await setup('claude')
  expect([again.code, again.stderr]).toEqual([0, ''])
  expect(again.stdout).toContain('Nothing to change: its files are as they should be.')

  const unclear = await setup('claude', '--undo', '--dry-run')
  expect(unclear).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('leave out one') })
  const undone = await setup('claude', '--undo')
  expect(undone).toMatchObject({ code: 0, stdout: `${inHome('.claude/settings.json')}: as it was before.\n` })
  expect(textOf('.claude/settings.json')).toBe(mine)
  expect(await setup('claude', '--undo')).toMatchObject({ code: 0, stdout: 'Nothing is set up for claude here.\n' })
})

test('what somebody changed since is left, and said', async () => {
  await setup('claude', '--yes', '--context', '8000')
  const path = '.claude/settings.json'
  writeFileSync(inHome(path), textOf(path).replace('"ANTHROPIC_MODEL": "tiny"', '"ANTHROPIC_MODEL": "mine"'))
  const { code, stdout } = await setup('claude', '--undo')
  expect([code, stdout]).toEqual([0, expect.stringContaining('left, as it is no longer ours: env.ANTHROPIC_MODEL\n')])
  expect(JSON.parse(textOf(path))).toEqual({ env: { ANTHROPIC_MODEL: 'mine' } })
})

test.each([
  ['codex', '.codex/punku.config.toml', 'POST /v1/responses'],
  ['claude', '.claude/settings.json', 'POST /v1/messages'],
  ['qwen', '.qwen/settings.json', 'POST /v1/chat/completions'],
  ['home-assistant', undefined, 'POST /api/chat'],
])('%s is tried by its own route', async (tool, file, route) => {
  const earlier = (await gateway.rows()).length
  const { probe, files, isApplied } = JSON.parse((await setup(tool, '--yes', '--json')).stdout)
  expect(probe).toEqual({
    isAnswered: true,
    words: SCRIPTED_TEXT,
    tokensIn: expect.any(Number),
    tokensOut: expect.any(Number),
    tookMs: expect.any(Number),
  })
  expect(files).toEqual(file === undefined ? [] : [{ path: inHome(file), change: 'new' }])
  expect(isApplied).toBe(file !== undefined)
  const rows = (await gateway.rows()).slice(earlier)
  expect(rows.map((row) => row.route)).toContain(route)
})

test('a key stands where nobody else may read it, and in no output', async () => {
  const { stdout, stderr } = await setup('qwen', '--yes')
  expect(`${stdout}${stderr}`).not.toContain(key)
  expect(textOf('.qwen/settings.json')).toContain(key)
  expect(statSync(inHome('.qwen/settings.json')).mode & 0o777).toBe(0o600)
})

test('a set-up that does not work stays, and says how to take it back', async () => {
  // The key may list the models, and ask none.
  keep(await gateway.key({ routes: ['metadata'] }))
  const { code, stdout } = await setup('codex', '--yes')
  expect(code).toBe(77)
  expect(stdout).toMatch(
    /A small request did not work: The gateway says: .*\nThe set-up stays\. .* punku setup codex --undo/,
  )
  expect(existsSync(inHome('.codex/punku.config.toml'))).toBe(true)
})

test('a broken file is refused with its place, and stays as it is', async () => {
  put('.claude/settings.json', '{"a": 1,}')
  const { code, stderr } = await setup('claude', '--yes')
  expect([code, stderr]).toEqual([78, expect.stringMatching(/settings\.json:1:\d+ cannot be read as JSON/)])
  expect(textOf('.claude/settings.json')).toBe('{"a": 1,}')
  put('.codex/punku.config.toml', 'model = "mine"\n')
  expect((await setup('codex', '--yes')).stderr).toMatch(/punku\.config\.toml is there already/)
  expect(textOf('.codex/punku.config.toml')).toBe('model = "mine"\n')
})

test('what cannot be set up, and what is no tool, is said', async () => {
  expect(await setup('gemini')).toMatchObject({ code: 2, stderr: expect.stringContaining('/v1beta') })
  expect(await setup('ollama')).toMatchObject({ code: 2, stderr: expect.stringContaining('punku forward --home') })
  expect(await setup('claud', '--undo')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is: claude,'),
  })
  expect(await setup()).toMatchObject({ code: 2, stderr: expect.stringContaining('punku setup claude') })
  expect(await setup('claude', '--model', 'other')).toMatchObject({ code: 2, stderr: expect.stringContaining('tiny') })
})

test('code of a library is shown and written nowhere', async () => {
  const { code, stdout } = await setup('langchain')
  expect([code, stdout]).toEqual([0, expect.stringContaining(`base_url="${gateway.url}/v1"`)])
  expect(stdout).not.toContain(key)
})

test('the list shows what is installed, in which version, set up, and working', async () => {
  mkdirSync(inHome('bin'))
  writeFileSync(inHome('bin/codex'), '#!/bin/sh\necho codex-cli 0.171.0\n')
  chmodSync(inHome('bin/codex'), 0o755)
  await setup('codex', '--yes')
  const { code, stdout } = await setup('--list')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^codex +0\.171\.0 +yes +yes, \d+ ms +works +Codex$/m)
  expect(stdout).toMatch(/^claude +no +no +- +- +Claude Code$/m)
  expect(stdout).toMatch(/^gemini: /m)
  writeFileSync(inHome('.codex/punku.config.toml'), '')
  keep('pk_wrong_key')
  const later = await setup('--list')
  expect(later.stdout).toMatch(/^codex +0\.171\.0 +changed since +no /m)
  expect(later.stderr).toMatch(
    /Not working: .*\ncodex: .*punku\.config\.toml changed since\. To set it up anew: punku setup codex/,
  )
  const { tools, refused } = JSON.parse((await setup('--list', '--json')).stdout)
  expect(tools.map(({ tool }: { tool: string }) => tool)).toEqual(SETUP_TOOLS.map(({ name }) => name))
  expect(refused.map(({ name }: { name: string }) => name)).toEqual(['gemini', 'ollama'])
  expect(tools[1]).toMatchObject({
    tool: 'codex',
    installed: { file: inHome('bin/codex'), version: '0.171.0' },
    known: 'works',
    isSetUp: true,
    drifted: [{ file: inHome('.codex/punku.config.toml'), path: [], now: 'changed' }],
    probe: { isAnswered: false, kind: 'denied' },
  })
})
