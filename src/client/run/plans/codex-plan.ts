import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const OUR_SETTING = /^(model_provider|model_providers\.punku\b|profile$|profile=)/

/** Codex: a provider of its own, by settings on the command line, which win over those of its file. */
export const codexPlan: ToolPlanner = {
  name: 'codex',
  conflicts: [
    {
      matches: (word, next) =>
        OUR_SETTING.test(
          word === '-c' || word === '--config' ? (next ?? '') : (/^(?:-c|--config)=?(.+)$/.exec(word)?.[1] ?? ''),
        ),
      words: 'this setting would lead it away from the gateway. Leave it out.',
    },
    refusedFlag(
      ['--oss', '--local-provider', '-p', '--profile'],
      'this flag may lead it away from the gateway. Leave it out.',
    ),
  ],
  plan: ({ url, key, model, contextTokens, headers }) => {
    const sent = Object.entries(headers).map(([name, value]) => `${text(name)}=${text(value)}`)
    const provider = [
      `name="Punku"`,
      `base_url=${text(`${url}/v1`)}`,
      `env_key="PUNKU_KEY"`,
      `wire_api="responses"`,
      `http_headers={${sent.join(',')}}`,
    ]
    const settings = [
      `model=${text(model)}`,
      'model_provider="punku"',
      `model_providers.punku={${provider.join(',')}}`,
      `model_context_window=${contextTokens}`,
      // A search of the web would be the model server's, which has none.
      'web_search="disabled"',
    ]
    return { args: settings.flatMap((setting) => ['-c', setting]), env: { PUNKU_KEY: key }, files: [] }
  },
}

/** A text as TOML writes it, of which JSON is a part. */
function text(value: string): string {
  return JSON.stringify(value)
}
