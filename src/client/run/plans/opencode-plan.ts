import type { ToolPlanner } from '../tool-plan.ts'

/** OpenCode: a piece of configuration in a variable, which is laid over the person's own. */
export const opencodePlan: ToolPlanner = {
  name: 'opencode',
  conflicts: [],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers }) => ({
    args: [],
    env: {
      PUNKU_KEY: key,
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        model: `punku/${model}`,
        // It asks for titles of conversations by another model, if it is not told.
        small_model: `punku/${model}`,
        provider: {
          punku: {
            name: 'Punku',
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: '{env:PUNKU_KEY}', headers },
            models: { [model]: { tool_call: true, limit: { context: contextTokens, output: maxOutputTokens } } },
          },
        },
      }),
    },
    files: [],
  }),
}
