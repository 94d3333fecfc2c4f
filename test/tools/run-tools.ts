import { delimiter, dirname, join } from 'node:path'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { MAIN } from '../cli/punku.ts'
import type { ToolPlace, ToolRunOptions } from './tool-place.ts'

/** A tool as `punku run` knows it, and the words of one turn without a person beside it. */
export interface RunTool {
  readonly name: string
  readonly program: string
  readonly words: readonly string[]
  /** What the person has set up, which leads elsewhere: texts by their paths in the home. It stays as it is. */
  readonly own?: Readonly<Record<string, string>>
}

const ELSEWHERE = 'http://127.0.0.1:9/foreign'

const PROMPT = 'Say hello.'

/** All that it knows but Goose and Ollama's. */
export const RUN_TOOLS: readonly RunTool[] = [
  {
    name: 'claude',
    program: 'claude',
    words: ['-p', PROMPT],
    own: {
      'claude/settings.json': JSON.stringify({
        model: 'claude-foreign',
        apiKeyHelper: 'echo sk-foreign',
        env: { ANTHROPIC_BASE_URL: ELSEWHERE, ANTHROPIC_API_KEY: 'sk-foreign', ANTHROPIC_MODEL: 'foreign' },
      }),
    },
  },
  {
    name: 'codex',
    program: 'codex',
    own: {
      'codex/config.toml': `model = "foreign"\nmodel_provider = "other"\n[model_providers.other]\nname = "Other"\nbase_url = "${ELSEWHERE}"\n`,
    },
    words: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', PROMPT],
  },
  {
    name: 'opencode',
    program: 'opencode',
    words: ['run', '--pure', PROMPT],
    own: {
      'config/opencode/opencode.json': JSON.stringify({
        $schema: 'https://opencode.ai/config.json',
        model: 'openai/foreign',
        small_model: 'openai/foreign',
      }),
    },
  },
  {
    name: 'qwen',
    program: 'qwen',
    words: ['--yolo', '-p', PROMPT],
    own: {
      '.qwen/settings.json': JSON.stringify({
        $version: 4,
        security: { auth: { selectedType: 'anthropic', baseUrl: ELSEWHERE, apiKey: 'sk-foreign' } },
        model: { name: 'foreign' },
      }),
    },
  },
  { name: 'copilot', program: 'copilot', words: ['--allow-all-tools', '--no-color', '-p', PROMPT] },
  {
    name: 'pi',
    program: 'pi',
    words: ['-p', PROMPT],
    own: {
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          punku: { baseUrl: ELSEWHERE, api: 'openai-completions', apiKey: 'sk-foreign', models: [{ id: 'foreign' }] },
        },
      }),
    },
  },
  {
    name: 'aider',
    program: 'aider',
    words: ['--no-git', '--yes-always', '--no-pretty', '--no-check-update', '--analytics-disable', '--message', PROMPT],
    own: {
      '.env': `OPENAI_API_KEY=sk-foreign\nOPENAI_API_BASE=${ELSEWHERE}\n`,
      '.aider.conf.yml': `model: openai/foreign\nopenai-api-key: sk-foreign\nopenai-api-base: ${ELSEWHERE}\n`,
    },
  },
  {
    name: 'cline',
    program: 'cline',
    words: [PROMPT],
    own: { '.cline/data/settings/providers.json': JSON.stringify({ version: 1, modes: {}, providers: {} }) },
  },
  {
    name: 'continue',
    program: 'cn',
    words: ['-p', PROMPT],
    own: { '.continue/config.yaml': 'name: mine\nversion: 1.0.0\nschema: v1\nmodels: []\n' },
  },
  {
    name: 'droid',
    program: 'droid',
    words: ['exec', PROMPT],
    own: { '.factory/settings.json': JSON.stringify({ sessionDefaultSettings: { model: 'foreign' } }) },
  },
]

/** What a shell may have left of other servers. */
const FOREIGN = {
  ANTHROPIC_API_KEY: 'sk-foreign',
  ANTHROPIC_BASE_URL: ELSEWHERE,
  ANTHROPIC_MODEL: 'foreign',
  CLAUDE_CODE_USE_BEDROCK: '1',
  OPENAI_API_KEY: 'sk-foreign',
  OPENAI_BASE_URL: ELSEWHERE,
  OPENAI_API_BASE: ELSEWHERE,
  OPENAI_MODEL: 'foreign',
  COPILOT_PROVIDER_BASE_URL: ELSEWHERE,
  COPILOT_PROVIDER_API_KEY_COMMAND: 'echo sk-foreign',
  OLLAMA_HOST: 'http://127.0.0.1:9',
  GEMINI_API_KEY: 'sk-foreign',
  OPENROUTER_API_KEY: 'sk-foreign',
}

/** The state folder of `punku` in a place where tools run. */
export function punkuHome(place: ToolPlace): string {
  return join(place.work, '../punku')
}

/** How `punku run` starts a tool in a place, in a shell that has much of other servers; the place is logged in first. */
export function runOptions(
  place: ToolPlace,
  tool: RunTool,
  { program, url, key }: { readonly program: string; readonly url: string; readonly key: string },
): ToolRunOptions {
  const home = punkuHome(place)
  ensureHome(home)
  const of = { caFile: undefined, model: undefined }
  writeClientProfile(home, { ...of, name: 'default', url, key: new Secret(key) })
  return {
    args: [MAIN, '--home', home, 'run', tool.name, '--label', 'a try', '--context', '65536', '--', ...tool.words],
    env: { ...FOREIGN, PATH: [dirname(program), process.env['PATH']].join(delimiter) },
    homeFiles: tool.own ?? {},
  }
}
