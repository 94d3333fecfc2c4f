import { commandLine } from '../../../config/own-command.ts'
import type { DocumentChange } from '../../edits/file-edit.ts'
import { claudeVariables } from '../../tools/claude-variables.ts'
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
      ...claudeVariables({ url, model, contextTokens }),
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
