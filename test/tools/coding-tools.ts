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
  /** What its requests are told by, as request rows have it: its own name, or that of the SDK that it asks by. */
  readonly clientName: string
  /** What else its requests tell of it. */
  readonly tells: readonly ('client_version' | 'session_id')[]
  /** The tool of its own that runs a command in a shell. */
  readonly shell: string
  /** Arguments of `shell`, in the order of its schema: engines hold their models to that. */
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
  tells: ['client_version', 'session_id'],
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

export const claude: CodingTool = {
  name: 'Claude Code',
  program: 'claude',
  route: 'POST /v1/messages',
  clientName: 'claude-cli',
  tells: ['client_version', 'session_id'],
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
  tells: ['client_version', 'session_id'],
  shell: 'bash',
  shellArguments: (command) => ({ command }),
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

const qwen: CodingTool = {
  name: 'Qwen Code',
  program: 'qwen',
  route: 'POST /v1/chat/completions',
  clientName: 'qwencode',
  tells: ['client_version'],
  shell: 'run_shell_command',
  shellArguments: (command) => ({ command, is_background: false, description: 'Says hello' }),
  offersWebSearch: false,
  strangers: [],
  turn: ({ url, key, model }, prompt) => ({
    args: ['--auth-type', 'openai', '--yolo', '-p', prompt],
    env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: model },
    homeFiles: { '.qwen/settings.json': JSON.stringify({ privacy: { usageStatisticsEnabled: false } }) },
  }),
}

const copilot: CodingTool = {
  name: 'Copilot CLI',
  program: 'copilot',
  route: 'POST /v1/chat/completions',
  clientName: 'copilot',
  tells: [],
  shell: 'bash',
  shellArguments: (command) => ({ command, description: 'Says hello' }),
  offersWebSearch: false,
  strangers: [],
  turn: ({ url, key, model }, prompt) => ({
    args: ['--allow-all-tools', '--no-color', '-p', prompt],
    env: {
      COPILOT_OFFLINE: 'true',
      COPILOT_MODEL: model,
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY: key,
      COPILOT_PROVIDER_WIRE_API: 'completions',
      COPILOT_PROVIDER_MAX_PROMPT_TOKENS: '65536',
      COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: '8192',
    },
  }),
}

const pi: CodingTool = {
  name: 'pi',
  program: 'pi',
  route: 'POST /v1/chat/completions',
  clientName: 'pi',
  tells: ['client_version'],
  shell: 'bash',
  shellArguments: (command) => ({ command }),
  offersWebSearch: false,
  strangers: [],
  turn: ({ url, key, model }, prompt) => ({
    args: ['--provider', 'punku', '--model', model, '-p', prompt],
    env: { PUNKU_KEY: key },
    homeFiles: {
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          punku: {
            baseUrl: `${url}/v1`,
            api: 'openai-completions',
            apiKey: '!printenv PUNKU_KEY',
            models: [{ id: model, contextWindow: 65_536, maxTokens: 8_192 }],
          },
        },
      }),
    },
  }),
}

export const CODING_TOOLS: readonly CodingTool[] = [codex, claude, opencode, qwen, copilot, pi]
