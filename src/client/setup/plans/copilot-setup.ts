import { commandLine } from '../../../config/own-command.ts'
import { copilotVariables } from '../../tools/copilot-variables.ts'
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
  plan(target, places) {
    const { keyCommand, caFile, typed } = target
    const shell = shellOf(places)
    const text = shellLines(shell, {
      ...copilotVariables(target),
      // Of the shell, they would be sent in place of ours.
      COPILOT_PROVIDER_API_KEY: '',
      COPILOT_PROVIDER_BEARER_TOKEN: '',
      COPILOT_PROVIDER_HEADERS: '',
      COPILOT_PROVIDER_API_KEY_COMMAND: commandLine(keyCommand, places.platform),
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
