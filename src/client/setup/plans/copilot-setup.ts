import { commandLine } from '../../../config/own-command.ts'
import { authorityNote } from '../authority-note.ts'
import type { SetupTool } from '../setup-plan.ts'
import { shellProfileEdit } from '../shell-profile.ts'

/** Copilot CLI: it is told by variables alone, so the shell's profile is the only place. */
export const copilotSetup: SetupTool = {
  name: 'copilot',
  title: 'Copilot CLI',
  evidence: 'measured',
  measuredVersion: '1.0.102',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, maxOutputTokens, caFile, typed }, places) {
    const edit = shellProfileEdit(places, {
      COPILOT_MODEL: model,
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY_COMMAND: commandLine(keyCommand, places.platform),
      COPILOT_PROVIDER_WIRE_API: 'completions',
      COPILOT_PROVIDER_MAX_PROMPT_TOKENS: String(contextTokens),
      COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: String(maxOutputTokens),
    })
    return {
      edits: [edit],
      notes: [
        `Copilot CLI reads variables alone: from then on it uses these models in every new shell. For one run alone there is ${typed('run copilot')}.`,
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: ['Open a new shell, then: copilot'],
    }
  },
}
