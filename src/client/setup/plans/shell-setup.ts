import { authorityNote } from '../authority-note.ts'
import { inConfigFolder, inNamedFolder, inUserHome } from '../place-paths.ts'
import type { SetupPlaces, SetupTool } from '../setup-plan.ts'
import { shellLines, shellOf } from '../shell-lines.ts'

/** Variables of the shell, by which most libraries and many tools find a server that speaks as OpenAI does. */
export const shellSetup: SetupTool = {
  name: 'shell',
  title: 'Variables of the shell',
  evidence: 'measured',
  format: 'openai-chat',
  lacksContext: true,
  plan({ url, keyCommand, model, caFile }, places) {
    const text = shellLines(shellOf(places), {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: { printedBy: keyCommand },
      OPENAI_MODEL: model,
    })
    return {
      edits: [{ file: profileFile(places), format: 'block', text }],
      notes: [
        'The key is not in the file: each new shell asks for it. Whatever reads these variables uses the gateway from then on.',
        ...authorityNote(caFile, 'SSL_CERT_FILE'),
      ],
      next: ['Open a new shell. Programs that read OPENAI_BASE_URL and OPENAI_API_KEY work as they are.'],
    }
  },
}

/** What the person's shell reads at its start. */
function profileFile(places: SetupPlaces): string {
  if (places.platform === 'win32') {
    return inUserHome(places, 'Documents', 'PowerShell', 'Microsoft.PowerShell_profile.ps1')
  }
  switch (places.env['SHELL']?.split('/').at(-1)) {
    case 'fish':
      return inConfigFolder(places, 'fish', 'conf.d', 'punku.fish')
    case 'zsh':
      return inNamedFolder(places, 'ZDOTDIR', [], '.zshrc')
    case 'bash':
      return inUserHome(places, '.bashrc')
    default:
      return inUserHome(places, '.profile')
  }
}
