import { commandLine } from '../../../config/own-command.ts'
import { authorityNote } from '../authority-note.ts'
import { inStateFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'
import { shellLines, shellOf, sourceLine } from '../shell-lines.ts'

/** Copilot CLI: it is told by variables alone. They stand in a script of ours, which a shell reads before it starts it. */
export const copilotSetup: SetupTool = {
  name: 'copilot',
  title: 'Copilot CLI',
  evidence: 'measured',
  measuredVersion: '1.0.102',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, maxOutputTokens, caFile, typed }, places) {
    const shell = shellOf(places)
    const text = shellLines(shell, {
      COPILOT_MODEL: model,
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY_COMMAND: commandLine(keyCommand, places.platform),
      COPILOT_PROVIDER_WIRE_API: 'completions',
      COPILOT_PROVIDER_MAX_PROMPT_TOKENS: String(contextTokens),
      COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: String(maxOutputTokens),
    })
    const file = inStateFolder(places, 'tools', `copilot.${ENDINGS[shell]}`)
    return {
      edits: [{ file, format: 'whole', text }],
      notes: [
        `Copilot CLI reads variables alone, so it uses these models in shells that have read this script. To have that in each shell, add its line to your shell's profile. For one run alone there is ${typed('run copilot')}.`,
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [sourceLine(shell, file), 'copilot'],
    }
  },
}

const ENDINGS = { posix: 'sh', fish: 'fish', powershell: 'ps1' } as const
