import { headerLines, refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const SETTINGS = 'punku-claude.json'

/**
 * Claude Code: settings that are given by flag win over the shell's variables and over the person's own settings, which
 * stay otherwise. An empty variable there takes a key of the shell away.
 */
export const claudePlan: ToolPlanner = {
  name: 'claude',
  isForwarded: false,
  conflicts: [
    refusedFlag(
      ['--settings'],
      '--settings would take the place of the settings that lead it to the gateway. Put what is in yours into ~/.claude/settings.json or .claude/settings.local.json.',
    ),
  ],
  plan: ({ url, key, model, contextTokens, headers, pathOf }) => ({
    args: ['--settings', pathOf(SETTINGS)],
    env: {},
    files: [
      {
        name: SETTINGS,
        text: JSON.stringify({
          env: {
            ANTHROPIC_BASE_URL: url,
            ANTHROPIC_AUTH_TOKEN: key,
            ANTHROPIC_API_KEY: '',
            ANTHROPIC_CUSTOM_HEADERS: headerLines(headers),
            ANTHROPIC_MODEL: model,
            ANTHROPIC_SMALL_FAST_MODEL: model,
            ANTHROPIC_DEFAULT_OPUS_MODEL: model,
            ANTHROPIC_DEFAULT_SONNET_MODEL: model,
            ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
            CLAUDE_CODE_SUBAGENT_MODEL: model,
            CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(contextTokens),
            // Changes with each request, which ends the model server's cache of the prompt.
            CLAUDE_CODE_ATTRIBUTION_HEADER: '0',
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
            CLAUDE_CODE_USE_BEDROCK: '',
            CLAUDE_CODE_USE_VERTEX: '',
            CLAUDE_CODE_USE_FOUNDRY: '',
          },
        }),
      },
    ],
  }),
}
