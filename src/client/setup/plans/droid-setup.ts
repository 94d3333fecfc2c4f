import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inUserHome } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Droid: a model of its own among the custom ones, told by an id of ours. */
export const droidSetup: SetupTool = {
  name: 'droid',
  title: 'Droid',
  evidence: 'measured',
  measuredVersion: '0.215.0',
  format: 'openai-chat',
  plan({ url, key, model, contextTokens, maxOutputTokens, caFile, isDefault }, places) {
    const id = 'custom:punku'
    const item = {
      model,
      id,
      displayName: `${model} (Punku)`,
      baseUrl: `${url}/v1`,
      apiKey: key.reveal(),
      provider: 'generic-chat-completion-api',
      maxContextLimit: contextTokens,
      maxOutputTokens,
    }
    return {
      edits: [
        {
          file: inUserHome(places, '.factory', 'settings.json'),
          hasKey: true,
          format: 'jsonc',
          changes: [
            { kind: 'item', path: ['customModels'], by: 'id', item },
            ...(isDefault ? [{ kind: 'set' as const, path: ['sessionDefaultSettings', 'model'], value: id }] : []),
          ],
        },
      ],
      notes: [
        ...(isDefault ? [] : ['The model that Droid starts with stays as it is. To change that too, add --default.']),
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [
        isDefault ? 'droid' : `droid, then /model and ${shellWord(item.displayName)}`,
        `droid exec -m ${id} 'Say hello.'`,
      ],
    }
  },
}
