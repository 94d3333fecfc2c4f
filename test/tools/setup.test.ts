import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { setupTool } from '../../src/client/setup/setup-tools.ts'
import { versionIn } from '../../src/client/tools/installed-tool.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { SOURCE_MAIN } from '../cli/punku.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { programOrSkip } from './program.ts'
import { type ToolEnd, ToolPlace } from './tool-place.ts'

/** A tool as `punku setup` knows it, and the words of one turn by what was written for it alone. */
interface SetUpTool {
  readonly name: string
  readonly program: string
  /** @param home the user's home folder */
  readonly words: (home: string) => readonly string[]
  /** Words with which it is the default. Default: those of `words` count as well */
  readonly defaultWords?: readonly string[]
}

const PROMPT = 'Say hello.'
const SAID = 'Hello from the model behind the gateway.'

const codexFlags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
const aiderFlags = ['--no-git', '--yes-always', '--no-pretty', '--no-check-update', '--analytics-disable', '--message']

const TOOLS: readonly SetUpTool[] = [
  { name: 'claude', program: 'claude', words: () => ['-p', PROMPT] },
  {
    name: 'codex',
    program: 'codex',
    words: () => ['exec', '--profile', 'punku', ...codexFlags, PROMPT],
    defaultWords: ['exec', ...codexFlags, PROMPT],
  },
  {
    name: 'opencode',
    program: 'opencode',
    words: () => ['run', '--pure', '-m', 'punku/tiny', PROMPT],
    defaultWords: ['run', '--pure', PROMPT],
  },
  {
    name: 'qwen',
    program: 'qwen',
    words: () => ['--auth-type', 'openai', '--model', 'tiny', '--yolo', '-p', PROMPT],
    defaultWords: ['--yolo', '-p', PROMPT],
  },
  {
    name: 'pi',
    program: 'pi',
    words: () => ['--provider', 'punku', '--model', 'tiny', '-p', PROMPT],
    defaultWords: ['-p', PROMPT],
  },
  {
    name: 'aider',
    program: 'aider',
    words: (home) => ['--config', join(home, '.aider.punku.conf.yml'), ...aiderFlags, PROMPT],
    defaultWords: [...aiderFlags, PROMPT],
  },
  {
    name: 'cline',
    program: 'cline',
    words: () => ['-P', 'openai-compatible', '-m', 'tiny', PROMPT],
    defaultWords: [PROMPT],
  },
  {
    name: 'continue',
    program: 'cn',
    words: (home) => ['--config', join(home, '.continue/agents/punku.yaml'), '-p', PROMPT],
  },
  {
    name: 'droid',
    program: 'droid',
    words: () => ['exec', '-m', 'custom:punku', PROMPT],
    defaultWords: ['exec', PROMPT],
  },
]

/** What a shell may have left of other servers. */
const FOREIGN = { ANTHROPIC_API_KEY: 'sk-foreign', ANTHROPIC_AUTH_TOKEN: 'foreign', OPENAI_API_KEY: 'sk-foreign' }

const MODELS_ELSEWHERE = /^(?:api\.(?:openai|anthropic)\.com|opencode\.ai|openrouter\.ai)/

/** A gateway, a user's home that knows of it, and the command in it. */
async function openWorld(stack: AsyncDisposableStack) {
  const upstream = stack.use(
    await startScriptedUpstream({
      server: 'openai',
      models: ['tiny'],
      words: SAID.split(/(?= )/),
      chooseTool: () => undefined,
    }),
  )
  const gateway = stack.use(await startTestGateway({ translates: true, upstreams: [upstream.origin] }))
  const place = stack.use(await ToolPlace.open())
  const state = join(dirname(place.work), 'state')
  ensureHome(state)
  const key = await gateway.key()
  const profile = { name: 'default', url: gateway.url, key: new Secret(key), caFile: undefined, model: undefined }
  writeClientProfile(state, profile)
  const punku = (...words: string[]): Promise<ToolEnd> =>
    place.run(process.execPath, { args: [SOURCE_MAIN, ...words, '--home', state] })
  return { gateway, place, state, key, punku, home: join(dirname(place.work), 'home') }
}

interface Written {
  readonly files: readonly { readonly path: string }[]
}

describe.each(TOOLS)('$program', ({ name, program: command, words, defaultWords }) => {
  const program = programOrSkip(command)

  const ways = [
    { how: 'by what was written', isDefault: false },
    { how: 'as the default', isDefault: true },
  ].filter(({ isDefault }) => !isDefault || defaultWords !== undefined)

  test.skipIf(program === undefined).each(ways)(
    'answers $how alone, and nothing of it is left after --undo',
    async ({ isDefault }) => {
      await using stack = new AsyncDisposableStack()
      const { gateway, place, key, punku, home } = await openWorld(stack)
      const flags = isDefault ? ['--default'] : []
      const done = await punku('setup', name, '--yes', '--json', ...flags)
      expect([done.code, done.stderr]).toEqual([0, ''])
      const { files } = JSON.parse(done.stdout) as Written
      const earlier = (await gateway.rows()).length
      const args = isDefault ? (defaultWords ?? []) : words(home)
      const ended = await place.run(program ?? '', { args, env: FOREIGN })
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
      const rows = (await gateway.rows()).slice(earlier)
      expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 200))
      expect(rows.length).toBeGreaterThan(0)
      // What its makers are told of it is the person's to turn off; a model elsewhere must not be asked.
      expect(place.strangersAsked.filter((asked) => MODELS_ELSEWHERE.test(asked))).toEqual([])
      const { stdout: version } = await place.run(program ?? '', { args: ['--version'] })
      process.stderr.write(
        `${command} ${versionIn(version)}, measured ${setupTool(name)?.measuredVersion}, asks ${place.strangersAsked.join(' ')}\n`,
      )

      const undone = await punku('setup', name, '--undo')
      expect([undone.code, undone.stderr]).toEqual([0, ''])
      for (const { path } of files) {
        const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
        expect([path, text.includes(key), text.includes(gateway.url)]).toEqual([path, false, false])
      }
    },
  )
})

describe('a shell', () => {
  const copilot = programOrSkip('copilot')

  test.skipIf(copilot === undefined)('that has read the script for Copilot CLI starts it on the gateway', async () => {
    await using stack = new AsyncDisposableStack()
    const { place, punku, state } = await openWorld(stack)
    expect(await punku('setup', 'copilot', '--yes')).toMatchObject({ code: 0, stderr: '' })
    const script = `. '${join(state, 'tools/copilot.sh')}' && exec "$@"`
    const args = ['-c', script, 'sh', copilot ?? '', '--allow-all-tools', '--no-color', '-p', PROMPT]
    expect(await place.run('/bin/sh', { args })).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
  })

  test('that has read its profile has address and key', async () => {
    await using stack = new AsyncDisposableStack()
    const { gateway, key, place, punku } = await openWorld(stack)
    expect(await punku('setup', 'shell', '--yes')).toMatchObject({ code: 0, stderr: '' })
    const args = ['-c', '. "$HOME/.profile" && echo "$OPENAI_BASE_URL $OPENAI_API_KEY"']
    expect(await place.run('/bin/sh', { args })).toMatchObject({ code: 0, stdout: `${gateway.url}/v1 ${key}\n` })
  })
})
