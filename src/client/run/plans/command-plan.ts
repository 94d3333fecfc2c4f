import type { ToolPlanner } from '../tool-plan.ts'

/** Any other command: the variables by which the SDKs of all three dialects find server, key and model. */
export const commandPlan: ToolPlanner = {
  name: '',
  isModelOptional: true,
  lacksPass: true,
  conflicts: [],
  plan: ({ url, key, model }) => ({
    args: [],
    env: {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      OLLAMA_HOST: url,
      OLLAMA_API_KEY: key,
      ...(model !== '' && { OPENAI_MODEL: model, ANTHROPIC_MODEL: model }),
    },
    files: [],
  }),
}
