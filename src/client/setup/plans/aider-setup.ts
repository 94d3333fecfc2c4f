import { commandLine } from '../../../config/own-command.ts'
import type { FileEdit } from '../../edits/file-edit.ts'
import { aiderMetadata } from '../../tools/aider-metadata.ts'
import { authorityNote } from '../authority-note.ts'
import { inUserHome } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Aider: a configuration of its own, which is named at the start. As the default it is in `.aider.conf.yml`. */
export const aiderSetup: SetupTool = {
  name: 'aider',
  title: 'Aider',
  evidence: 'measured',
  measuredVersion: '0.86.2',
  format: 'openai-chat',
  plan({ url, key, model, contextTokens, maxOutputTokens, caFile, isDefault }, places) {
    const windows = inUserHome(places, '.aider.punku.models.json')
    const own = inUserHome(places, '.aider.punku.conf.yml')
    const name = `openai/${model}`
    const settings = {
      model: name,
      'weak-model': name,
      'editor-model': name,
      'openai-api-base': `${url}/v1`,
      'openai-api-key': key.reveal(),
      'model-metadata-file': windows,
    }
    const known = aiderMetadata({ model, contextTokens, maxOutputTokens })
    const lines = Object.entries(settings).map(([at, value]) => `${at}: ${JSON.stringify(value)}\n`)
    const configuration: FileEdit = isDefault
      ? {
          file: inUserHome(places, '.aider.conf.yml'),
          hasKey: true,
          format: 'yaml',
          changes: Object.entries(settings).map(([at, value]) => ({ kind: 'set', path: [at], value })),
        }
      : { file: own, hasKey: true, format: 'whole', text: lines.join('') }
    return {
      edits: [configuration, { file: windows, format: 'whole', text: `${JSON.stringify(known, undefined, 2)}\n` }],
      notes: [
        ...(isDefault
          ? []
          : ['Your .aider.conf.yml stays as it is, and does not count beside this file. To change it, add --default.']),
        ...authorityNote(caFile, 'SSL_CERT_FILE'),
      ],
      next: [isDefault ? 'aider' : commandLine(['aider', '--config', own], places.platform)],
    }
  },
}
