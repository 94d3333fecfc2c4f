import { commandLine } from '../../../config/own-command.ts'
import type { DocumentChange } from '../../edits/file-edit.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Claude Code: variables in its settings, which win over those of the shell, and a command for the key. */
export const claudeSetup: SetupTool = {
  name: 'claude',
  title: 'Claude Code',
  evidence: 'measured',
  measuredVersion: '2.1.197',
  format: 'anthropic-messages',
  plan({ url, model, keyCommand, contextTokens, caFile, typed }, places) {
    const variables: Readonly<Record<string, string>> = {
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
      ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile }),
    }
    const changes: DocumentChange[] = [
      { kind: 'set', path: ['apiKeyHelper'], value: commandLine(keyCommand, places.platform) },
      ...Object.entries(variables).map(([name, value]) => ({ kind: 'set' as const, path: ['env', name], value })),
    ]
    return {
      edits: [
        { file: inNamedFolder(places, 'CLAUDE_CONFIG_DIR', ['.claude'], 'settings.json'), format: 'json', changes },
      ],
      notes: [
        `Claude Code has no profiles: from then on it uses these models wherever it is started. For one run alone there is ${typed('run claude')}.`,
      ],
      next: ['claude'],
    }
  },
}
