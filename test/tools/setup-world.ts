import { dirname, join } from 'node:path'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { SOURCE_MAIN } from '../cli/punku.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { type ToolEnd, ToolPlace } from './tool-place.ts'

/** A tool as `punku setup` knows it, and the words of one turn by what was written for it alone. */
export interface SetUpTool {
  readonly name: string
  readonly program: string
  /** @param home the user's home folder */
  readonly words: (home: string) => readonly string[]
  /** Words with which it is the default. Default: those of `words` count as well */
  readonly defaultWords?: readonly string[]
}

/** What each is asked. */
export const PROMPT = 'Say hello.'
/** What the model behind the gateway says. */
export const SAID = 'Hello from the model behind the gateway.'

const codexFlags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
const aiderFlags = ['--no-git', '--yes-always', '--no-pretty', '--no-check-update', '--analytics-disable', '--message']

/** All that can be run without a person beside them. */
export const SET_UP_TOOLS: readonly SetUpTool[] = [
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

/** A gateway, a user's home that knows of it, and the command in it. */
export async function openSetupWorld(stack: AsyncDisposableStack) {
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
