import { claudeVariables } from '../../tools/claude-variables.ts'
import { headerLines, refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const SETTINGS = 'punku-claude.json'
/** Where the forwarder of its run is. */
const LOOPBACK = '127.0.0.1,localhost'

/**
 * Claude Code: settings that are given by flag win over the shell's variables and over the person's own settings, which
 * stay otherwise. An empty variable there takes a key of the shell away.
 */
export const claudePlan: ToolPlanner = {
  name: 'claude',
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
          // One of the person's, or of the project, would be asked for a key in place of this one.
          apiKeyHelper: '',
          env: {
            ...claudeVariables({ url, model, contextTokens }),
            ANTHROPIC_AUTH_TOKEN: key,
            ANTHROPIC_CUSTOM_HEADERS: headerLines(headers),
            ANTHROPIC_SMALL_FAST_MODEL: model,
            // A project may name a proxy.
            NO_PROXY: LOOPBACK,
            no_proxy: LOOPBACK,
          },
        }),
      },
    ],
  }),
}
