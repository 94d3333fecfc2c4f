import { shellWord } from '../../../core/wording.ts'
import { authorityNote } from '../authority-note.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Any time will do: without one Cline drops the entry, and it writes its own at the first start. */
const WRITTEN_AT = '2026-01-01T00:00:00.000Z'

/** Cline: its one provider for servers that speak as OpenAI does. It keeps its key there alone. */
export const clineSetup: SetupTool = {
  name: 'cline',
  title: 'Cline',
  evidence: 'measured',
  measuredVersion: '3.0.65',
  format: 'openai-chat',
  lacksContext: true,
  plan({ url, key, model, caFile, isDefault }, places) {
    const provider = 'openai-compatible'
    const settings = { provider, apiKey: key.reveal(), model, baseUrl: `${url}/v1` }
    const start = isDefault ? 'cline' : `cline -P ${provider} -m ${shellWord(model)}`
    return {
      edits: [
        {
          file: inNamedFolder(places, 'CLINE_DIR', ['.cline'], 'data', 'settings', 'providers.json'),
          hasKey: true,
          format: 'json',
          changes: [
            { kind: 'set', path: ['version'], value: 1 },
            { kind: 'set', path: ['providers', provider, 'settings'], value: settings },
            { kind: 'set', path: ['providers', provider, 'updatedAt'], value: WRITTEN_AT },
            ...(isDefault ? [{ kind: 'set' as const, path: ['lastUsedProvider'], value: provider }] : []),
          ],
        },
      ],
      notes: [
        `Cline has one provider of this kind, ${provider}: what was set there is kept for --undo. It writes this file itself at each start, and takes the provider used last for its default.`,
        ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS'),
      ],
      next: [start],
    }
  },
}
