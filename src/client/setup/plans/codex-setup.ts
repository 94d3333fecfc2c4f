import type { DocumentChange } from '../../edits/file-edit.ts'
import { authorityNote } from '../authority-note.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupTarget, SetupTool } from '../setup-plan.ts'

/** Codex: a profile of its own, in a file of its own. As the default it is in `config.toml`. */
export const codexSetup: SetupTool = {
  name: 'codex',
  title: 'Codex',
  evidence: 'measured',
  measuredVersion: '0.171.0',
  format: 'openai-responses',
  plan(target, places) {
    const { isDefault, caFile } = target
    const [command = '', ...args] =
      places.platform === 'win32' ? ['cmd', '/c', ...target.keyCommand] : target.keyCommand
    const settings = settingsOf(target)
    const provider = { name: 'Punku', base_url: `${target.url}/v1`, wire_api: 'responses' }
    const auth = { command, args }
    const file = (name: string) => inNamedFolder(places, 'CODEX_HOME', ['.codex'], name)
    const notes = authorityNote(caFile, 'CODEX_CA_CERTIFICATE')
    if (!isDefault) {
      const text = [
        ...linesOf(settings),
        '',
        '[model_providers.punku]',
        ...linesOf(provider),
        '',
        '[model_providers.punku.auth]',
        ...linesOf(auth),
        '',
      ].join('\n')
      return {
        edits: [{ file: file('punku.config.toml'), format: 'whole', text }],
        notes: ['What Codex uses without this profile stays as it is. To change that too, add --default.', ...notes],
        next: ['codex --profile punku'],
      }
    }
    const set = (path: readonly string[], value: Extract<DocumentChange, { kind: 'set' }>['value']) => ({
      kind: 'set' as const,
      path,
      value,
    })
    return {
      edits: [
        {
          file: file('config.toml'),
          format: 'toml',
          changes: [
            ...Object.entries(settings).map(([name, value]) => set([name], value)),
            set(['model_providers', 'punku'], { ...provider, auth }),
          ],
        },
      ],
      notes: ['Codex uses these models from then on wherever it is started.', ...notes],
      next: ['codex'],
    }
  },
}

function settingsOf({ model, contextTokens }: SetupTarget) {
  return {
    model,
    model_provider: 'punku',
    model_context_window: contextTokens,
    // A search of the web would be the model server's, which has none.
    web_search: 'disabled',
  }
}

/** Names and values as TOML has them: of texts, numbers and lists of texts JSON writes the same. */
function linesOf(values: Readonly<Record<string, string | number | readonly string[]>>): string[] {
  return Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
}
