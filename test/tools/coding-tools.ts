import type { ToolRunOptions } from './tool-place.ts'

/** Where a tool finds its model. */
export interface ToolTarget {
  /** The gateway, without a path. */
  readonly url: string
  readonly key: string
  readonly model: string
}

/** How one coding tool is set up, and what it sends. */
export interface CodingTool {
  /** As in `scripts/tool-behaviours.ts`, which has what it shows. */
  readonly name: string
  readonly program: string
  /** The only route that it asks a model by. */
  readonly route: string
  /** What it calls itself, as request rows have it. */
  readonly clientName: string
  /** The tool of its own that runs a command in a shell. */
  readonly shell: string
  /** Arguments of `shell`. */
  readonly shellArguments: (command: string) => Readonly<Record<string, unknown>>
  /** It offers the model a search of the web, which some servers would do at their owner's cost. */
  readonly offersWebSearch: boolean
  /** Whom it wants to ask beside its model, whatever it is told. */
  readonly strangers: readonly string[]
  /** One turn without a person beside it. */
  readonly turn: (target: ToolTarget, prompt: string) => ToolRunOptions
}

const codex: CodingTool = {
  name: 'Codex',
  program: 'codex',
  route: 'POST /v1/responses',
  clientName: 'codex_exec',
  shell: 'exec_command',
  shellArguments: (command) => ({ cmd: command }),
  offersWebSearch: true,
  strangers: [],
  turn: (target, prompt) => codexTurn(target, prompt, 'env_key="PUNKU_KEY"'),
}

/** Codex with a key that it has from a command: then it asks for a list of models first. */
export function codexWithCommand(target: ToolTarget, prompt: string): ToolRunOptions {
  return codexTurn(target, prompt, 'auth={command="printenv",args=["PUNKU_KEY"]}')
}

function codexTurn({ url, key, model }: ToolTarget, prompt: string, credential: string): ToolRunOptions {
  return {
    args: [
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      ...[
        `model="${model}"`,
        'model_provider="punku"',
        `model_providers.punku={name="Punku",base_url="${url}/v1",${credential},wire_api="responses"}`,
        'model_context_window=65536',
        'check_for_update_on_startup=false',
        'analytics.enabled=false',
        'features.plugins=false',
        'features.apps=false',
      ].flatMap((setting) => ['-c', setting]),
      prompt,
    ],
    env: { PUNKU_KEY: key },
  }
}

const claude: CodingTool = {
  name: 'Claude Code',
  program: 'claude',
  route: 'POST /v1/messages',
  clientName: 'claude-cli',
  shell: 'Bash',
  shellArguments: (command) => ({ command, description: 'Says hello' }),
  offersWebSearch: false,
  strangers: [],
  turn: ({ url, key, model }, prompt) => ({
    args: ['-p', '--allowedTools=Bash', prompt],
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_API_KEY: '',
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_OPUS_MODEL: model,
      ANTHROPIC_DEFAULT_SONNET_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_SUBAGENT_MODEL: model,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '65536',
    },
  }),
}

const opencode: CodingTool = {
  name: 'OpenCode',
  program: 'opencode',
  route: 'POST /v1/chat/completions',
  clientName: 'opencode',
  shell: 'bash',
  shellArguments: (command) => ({ command, description: 'Says hello' }),
  offersWebSearch: false,
  // For a package that plugins would need.
  strangers: ['registry.npmjs.org:443'],
  turn: ({ url, key, model }, prompt) => ({
    args: ['run', '--pure', prompt],
    env: {
      PUNKU_KEY: key,
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        model: `punku/${model}`,
        small_model: `punku/${model}`,
        autoupdate: false,
        share: 'disabled',
        provider: {
          punku: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: '{env:PUNKU_KEY}' },
            models: { [model]: { tool_call: true, limit: { context: 65_536, output: 8_192 } } },
          },
        },
      }),
    },
  }),
}

export const CODING_TOOLS: readonly CodingTool[] = [codex, claude, opencode]
