import { commandLine } from '../../../config/own-command.ts'
import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inAppData, inConfigFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** goose: a provider of its own in a file of its own. It takes the key from a variable, or from the system's keyring. */
export const gooseSetup: SetupTool = {
  name: 'goose',
  title: 'Goose',
  evidence: 'documented',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, caFile }, places) {
    const provider = {
      name: 'punku',
      engine: 'openai',
      display_name: 'Punku',
      description: 'Your own models, through a gateway',
      api_key_env: 'PUNKU_KEY',
      base_url: `${url}/v1/chat/completions`,
      models: [{ name: model, context_limit: contextTokens }],
      supports_streaming: true,
    }
    const file =
      places.platform === 'win32'
        ? inAppData(places, 'Block', 'goose', 'config', 'custom_providers', 'punku.json')
        : inConfigFolder(places, 'goose', 'custom_providers', 'punku.json')
    const key = commandLine(keyCommand, places.platform)
    return {
      edits: [{ file, format: 'whole', text: `${JSON.stringify(provider, undefined, 2)}\n` }],
      notes: ['What goose uses by itself stays as it is.', ...authorityNote(caFile, 'SSL_CERT_FILE')],
      next: [
        `PUNKU_KEY="$(${key})" GOOSE_PROVIDER=punku GOOSE_MODEL=${shellWord(model)} goose session`,
        `To keep the key in goose's own keyring: goose configure, then choose Punku, and paste what this prints: ${key}`,
      ],
    }
  },
}
