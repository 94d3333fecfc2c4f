import { commandLine } from '../../../config/own-command.ts'
import { authorityNote } from '../authority-note.ts'
import { inNamedFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Continue: an agent of its own beside `config.yaml`, which its extensions offer and its command line takes by path. */
export const continueSetup: SetupTool = {
  name: 'continue',
  title: 'Continue',
  evidence: 'measured',
  measuredVersion: '1.5.47',
  format: 'openai-chat',
  plan({ url, key, model, contextTokens, maxOutputTokens, caFile }, places) {
    const file = inNamedFolder(places, 'CONTINUE_GLOBAL_DIR', ['.continue'], 'agents', 'punku.yaml')
    // JSON is YAML, too: of texts it writes the same.
    const said = (value: string) => JSON.stringify(value)
    const text = [
      'name: Punku',
      'version: 1.0.0',
      'schema: v1',
      'models:',
      `  - name: ${said(`${model} (Punku)`)}`,
      '    provider: openai',
      `    model: ${said(model)}`,
      `    apiBase: ${said(`${url}/v1`)}`,
      `    apiKey: ${said(key.reveal())}`,
      '    roles: [chat, edit, apply, summarize]',
      '    capabilities: [tool_use]',
      '    defaultCompletionOptions:',
      `      contextLength: ${contextTokens}`,
      `      maxTokens: ${maxOutputTokens}`,
      ...(caFile === undefined ? [] : ['    requestOptions:', `      caBundlePath: ${said(caFile)}`]),
      '',
    ].join('\n')
    return {
      edits: [{ file, hasKey: true, format: 'whole', text }],
      notes: ['Your config.yaml of Continue stays as it is.', ...authorityNote(caFile, 'NODE_EXTRA_CA_CERTS')],
      next: [commandLine(['cn', '--config', file], places.platform), 'In the editor: choose the agent Punku.'],
    }
  },
}
