/**
 * The variables by which Claude Code asks a gateway for one model and nobody else, in its settings: there they win over those
 * of the shell, and an empty one takes that of the shell away. The key is not among them.
 */
export function claudeVariables({
  url,
  model,
  contextTokens,
}: {
  readonly url: string
  readonly model: string
  readonly contextTokens: number
}) {
  return {
    ANTHROPIC_BASE_URL: url,
    // Keys of the shell, which else would be sent in place of ours.
    ANTHROPIC_AUTH_TOKEN: '',
    ANTHROPIC_API_KEY: '',
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_OPUS_MODEL: model,
    ANTHROPIC_DEFAULT_SONNET_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    CLAUDE_CODE_SUBAGENT_MODEL: model,
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(contextTokens),
    // Changes with each request, which ends the model server's cache of the prompt.
    CLAUDE_CODE_ATTRIBUTION_HEADER: '0',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // Other servers that a shell may name.
    CLAUDE_CODE_USE_BEDROCK: '',
    CLAUDE_CODE_USE_VERTEX: '',
    CLAUDE_CODE_USE_FOUNDRY: '',
    CLAUDE_CODE_USE_MANTLE: '',
    CLAUDE_CODE_USE_ANTHROPIC_AWS: '',
    CLAUDE_CODE_USE_GATEWAY: '',
    // Theirs may be keys.
    ANTHROPIC_CUSTOM_HEADERS: '',
  }
}
