import { commandLine } from '../../../config/own-command.ts'
import { authorityNote } from '../authority-note.ts'
import { inAppData, inConfigFolder, inUserHome } from '../place-paths.ts'
import type { SetupPlaces, SetupTool } from '../setup-plan.ts'

/** Zed: a provider of its own. Its key is in the system's keychain, or in a variable. */
export const zedSetup: SetupTool = {
  name: 'zed',
  title: 'Zed',
  evidence: 'documented',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, maxOutputTokens, caFile, isDefault }, places) {
    const provider = {
      api_url: `${url}/v1`,
      available_models: [
        {
          name: model,
          display_name: `${model} (Punku)`,
          max_tokens: contextTokens,
          max_output_tokens: maxOutputTokens,
          capabilities: { tools: true, images: false, parallel_tool_calls: false, prompt_cache_key: false },
        },
      ],
    }
    const key = commandLine(keyCommand, places.platform)
    return {
      edits: [
        {
          file: settingsFile(places),
          format: 'jsonc',
          changes: [
            { kind: 'set', path: ['language_models', 'openai_compatible', 'Punku'], value: provider },
            ...(isDefault
              ? [{ kind: 'set' as const, path: ['agent', 'default_model'], value: { provider: 'Punku', model } }]
              : []),
          ],
        },
      ],
      notes: [
        ...(isDefault ? [] : ['The model that Zed starts with stays as it is. To change that too, add --default.']),
        ...authorityNote(caFile, 'SSL_CERT_FILE'),
      ],
      next: [
        `In Zed open the agent's settings, and under Punku paste the key that this prints: ${key}`,
        `Or start it with the key: PUNKU_API_KEY="$(${key})" zed`,
        `Choose the model ${model} (Punku).`,
      ],
    }
  },
}

function settingsFile(places: SetupPlaces): string {
  if (places.platform === 'win32') return inAppData(places, 'Zed', 'settings.json')
  if (places.platform === 'darwin') return inUserHome(places, '.config', 'zed', 'settings.json')
  return inConfigFolder(places, 'zed', 'settings.json')
}
