import type { ToolPlanner } from '../tool-plan.ts'

const EXTENSION = 'punku-pi.mjs'

/** pi: an extension that registers a provider, so that its own folder stays as it is. */
export const piPlan: ToolPlanner = {
  name: 'pi',
  conflicts: [],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => {
    const provider = {
      name: 'Punku',
      baseUrl: `${url}/v1`,
      apiKey: '$PUNKU_KEY',
      api: 'openai-completions',
      headers,
      models: [
        {
          id: model,
          name: model,
          reasoning: false,
          input: ['text'],
          cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
          contextWindow: contextTokens,
          maxTokens: maxOutputTokens,
        },
      ],
    }
    return {
      args: ['--extension', pathOf(EXTENSION), '--provider', 'punku', '--model', model],
      env: { PUNKU_KEY: key },
      files: [
        {
          name: EXTENSION,
          text: `export default (pi) => pi.registerProvider('punku', ${JSON.stringify(provider)})\n`,
        },
      ],
    }
  },
}
