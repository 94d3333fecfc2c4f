import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Qwen Code: a model of its own in the settings. It takes its key from there alone, or from the shell. */
export const qwenSetup: SetupTool = {
  name: 'qwen',
  title: 'Qwen Code',
  evidence: 'measured',
  measuredVersion: '0.24.4',
  format: 'openai-chat',
  plan({ url, key, model, contextTokens, caFile, isDefault }, places) {
    const item = {
      id: model,
      name: `${model} (Punku)`,
      baseUrl: `${url}/v1`,
      envKey: 'PUNKU_KEY',
      generationConfig: { contextWindowSize: contextTokens },
    }
    return {
      edits: [
        {
          file: inNamedFolder(places, 'QWEN_HOME', ['.qwen'], 'settings.json'),
          hasKey: true,
          format: 'jsonc',
          changes: [
            { kind: 'item', path: ['modelProviders', 'openai'], by: 'id', item },
            { kind: 'set', path: ['env', 'PUNKU_KEY'], value: key.reveal() },
            ...(isDefault
              ? [
                  { kind: 'set' as const, path: ['security', 'auth', 'selectedType'], value: 'openai' },
                  { kind: 'set' as const, path: ['model', 'name'], value: model },
                ]
              : []),
          ],
        },
      ],
      notes: [
        ...(isDefault
          ? []
          : ['The model that Qwen Code starts with stays as it is. To change that too, add --default.']),
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [isDefault ? 'qwen' : `qwen --auth-type openai --model ${shellWord(model)}`],
    }
  },
}
