import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const PROVIDERS = 'punku-cline-providers.json'
const PROVIDER = 'openai-compatible'

/**
 * Cline: a list of providers of its own, which a variable names. It works in its own process: the daemon that it leaves
 * otherwise would keep the key, and be used by the next that is started.
 */
export const clinePlan: ToolPlanner = {
  name: 'cline',
  conflicts: [
    refusedFlag(['-P', '--provider', '-k', '--key'], 'this flag would lead it away from the gateway. Leave it out.'),
    refusedFlag(['-z', '--zen'], 'it would go on in the background, after the key is taken away. Leave it out.'),
  ],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => ({
    args: ['-P', PROVIDER, '-m', model],
    env: { CLINE_PROVIDER_SETTINGS_PATH: pathOf(PROVIDERS), CLINE_SESSION_BACKEND_MODE: 'local' },
    files: [
      {
        name: PROVIDERS,
        text: JSON.stringify({
          version: 1,
          lastUsedProvider: PROVIDER,
          modes: {},
          providers: {
            [PROVIDER]: {
              settings: {
                provider: PROVIDER,
                model,
                baseUrl: `${url}/v1`,
                apiKey: key,
                headers,
                contextWindow: contextTokens,
                maxTokens: maxOutputTokens,
              },
              updatedAt: '2026-01-01T00:00:00.000Z',
              tokenSource: 'manual',
            },
          },
        }),
      },
    ],
  }),
}
