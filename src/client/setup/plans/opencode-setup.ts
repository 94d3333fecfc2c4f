import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inConfigFolder, inStateFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** OpenCode: a provider of its own. The key stands in a file of ours, to which its configuration refers. */
export const opencodeSetup: SetupTool = {
  name: 'opencode',
  title: 'OpenCode',
  evidence: 'measured',
  measuredVersion: '1.18.33',
  format: 'openai-chat',
  plan({ url, key, model, contextTokens, maxOutputTokens, caFile, isDefault }, places) {
    const keyFile = inStateFolder(places, 'secrets', 'opencode-key')
    const commented = inConfigFolder(places, 'opencode', 'opencode.jsonc')
    const file = places.isThere(commented) ? commented : inConfigFolder(places, 'opencode', 'opencode.json')
    const name = `punku/${model}`
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      name: 'Punku',
      options: { baseURL: `${url}/v1`, apiKey: `{file:${keyFile}}` },
      models: { [model]: { name: model, tool_call: true, limit: { context: contextTokens, output: maxOutputTokens } } },
    }
    // It asks for titles of conversations by another model, if it is not told.
    const defaults = ['model', 'small_model'].map((at) => ({ kind: 'set' as const, path: [at], value: name }))
    return {
      edits: [
        { file: keyFile, hasKey: true, format: 'whole', text: key.reveal() },
        {
          file,
          format: 'jsonc',
          changes: [{ kind: 'set', path: ['provider', 'punku'], value: provider }, ...(isDefault ? defaults : [])],
        },
      ],
      notes: [
        ...(isDefault
          ? []
          : ['The model that OpenCode starts with stays as it is. To change that too, add --default.']),
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [isDefault ? 'opencode' : `opencode -m ${shellWord(name)}`],
    }
  },
}
