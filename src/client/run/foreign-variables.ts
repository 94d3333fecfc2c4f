import type { Environment } from '../../config/environment.ts'

/**
 * Variables of the shell by which a tool would go to another server, with another key or to another model. What commands of
 * a tool need for other things stays: credentials of clouds and of GitHub.
 */
const FOREIGN: readonly RegExp[] = [
  /^ANTHROPIC_/,
  /^CLAUDE_CODE_(?:USE_|OAUTH_TOKEN|SUBAGENT_MODEL|MAX_CONTEXT_TOKENS|API_KEY|SKIP_.*_AUTH)/,
  /^AWS_BEARER_TOKEN_BEDROCK$/,
  /^(?:OPENAI|AZURE_OPENAI|AZURE_API|OPENROUTER|OLLAMA|LITELLM|LM_STUDIO|LMSTUDIO)_/,
  /^CODEX_(?:API_KEY|ACCESS_TOKEN)$/,
  /^COPILOT_(?:PROVIDER_|MODEL$|OFFLINE$)/,
  /^(?:GEMINI|GOOGLE_GENAI|GOOGLE_AI|VERTEXAI|VERTEX)_/,
  /^GOOGLE_(?:API_KEY|GENERATIVE_AI_API_KEY|GEMINI_BASE_URL)$/,
  /^(?:GROQ|MISTRAL|DEEPSEEK|XAI|COHERE|CO|TOGETHER|TOGETHERAI|FIREWORKS|CEREBRAS|PERPLEXITY|PERPLEXITYAI|DASHSCOPE|BAILIAN_CODING_PLAN|MOONSHOT|KIMI|ZAI|ZHIPUAI|MINIMAX|NVIDIA|NVIDIA_NIM|AI_GATEWAY|OPENCODE|CLINE)_(?:API_KEY|API_BASE|BASE_URL)$/,
  /^QWEN_(?:MODEL|CODE_SYSTEM_(?:SETTINGS|DEFAULTS)_PATH)$/,
  /^CLINE_(?:PROVIDER|MODEL|PROVIDER_SETTINGS_PATH|API_BASE_URL)$/,
  /^OPENCODE_CONFIG_CONTENT$/,
  /^AIDER_(?:MODEL|WEAK_MODEL|EDITOR_MODEL|API_KEY|SET_ENV|ENV_FILE|OPENAI_.*|ANTHROPIC_.*)$/,
  /^GOOSE_(?:PROVIDER|MODEL|LEAD_|PLANNER_|CONTEXT_LIMIT)/,
  /^FACTORY_RUNTIME_SETTINGS_PATH$/,
]

/** An environment, and what was taken out of it. */
export interface CleanEnvironment {
  readonly env: Environment
  /** The names alone: they may have held keys. */
  readonly removed: readonly string[]
}

/** The environment without what would lead a tool elsewhere. On Windows letter case tells no variables apart. */
export function withoutForeign(env: Environment): CleanEnvironment {
  const isForeign = (name: string) => FOREIGN.some((pattern) => pattern.test(name.toUpperCase()))
  const removed = Object.keys(env).filter(isForeign).sort()
  return { env: Object.fromEntries(Object.entries(env).filter(([name]) => !isForeign(name))), removed }
}

/**
 * What keeps a proxy out of the way to this machine itself. Also where the shell names none: a file of a project may, and none of
 * those that tools read stands above a variable that is there.
 */
export function directLoopback(env: Environment): Readonly<Record<string, string>> {
  const former = env['no_proxy'] || env['NO_PROXY']
  const value = [...(former ? [former] : []), '127.0.0.1', 'localhost'].join(',')
  return { NO_PROXY: value, no_proxy: value }
}
