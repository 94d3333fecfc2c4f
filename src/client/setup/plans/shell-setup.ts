import { authorityNote } from '../authority-note.ts'
import type { SetupTool } from '../setup-plan.ts'
import { shellProfileEdit } from '../shell-profile.ts'

/** Variables of the shell, by which most libraries and many tools find a server that speaks as OpenAI does. */
export const shellSetup: SetupTool = {
  name: 'shell',
  title: 'Variables of the shell',
  evidence: 'measured',
  format: 'openai-chat',
  plan({ url, keyCommand, model, caFile }, places) {
    const edit = shellProfileEdit(places, {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: { printedBy: keyCommand },
      OPENAI_MODEL: model,
    })
    return {
      edits: [edit],
      notes: [
        'The key is not in the file: each new shell asks for it. Whatever reads these variables uses the gateway from then on.',
        ...authorityNote(caFile, 'SSL_CERT_FILE'),
      ],
      next: ['Open a new shell. Programs that read OPENAI_BASE_URL and OPENAI_API_KEY work as they are.'],
    }
  },
}
