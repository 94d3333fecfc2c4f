import { commandLine } from '../../../config/own-command.ts'
import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupPlaces, SetupTool } from '../setup-plan.ts'

/** pi: a provider of its own, with a command for the key. */
export const piSetup: SetupTool = {
  name: 'pi',
  title: 'pi',
  evidence: 'measured',
  measuredVersion: '1.6.0',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, maxOutputTokens, caFile, isDefault }, places) {
    const provider = {
      baseUrl: `${url}/v1`,
      api: 'openai-completions',
      apiKey: `!${commandLine(keyCommand, places.platform)}`,
      models: [{ id: model, contextWindow: contextTokens, maxTokens: maxOutputTokens }],
    }
    const defaults = [
      { kind: 'set' as const, path: ['defaultProvider'], value: 'punku' },
      { kind: 'set' as const, path: ['defaultModel'], value: model },
    ]
    return {
      edits: [
        {
          file: inAgentFolder(places, 'models.json'),
          format: 'json',
          changes: [{ kind: 'set', path: ['providers', 'punku'], value: provider }],
        },
        ...(isDefault
          ? [{ file: inAgentFolder(places, 'settings.json'), format: 'json' as const, changes: defaults }]
          : []),
      ],
      notes: [
        ...(isDefault ? [] : ['The model that pi starts with stays as it is. To change that too, add --default.']),
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [isDefault ? 'pi' : `pi --provider punku --model ${shellWord(model)}`],
    }
  },
}

function inAgentFolder(places: SetupPlaces, name: string): string {
  return inNamedFolder(places, 'PI_CODING_AGENT_DIR', ['.pi', 'agent'], name)
}
