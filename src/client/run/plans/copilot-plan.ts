import { headerLines, type ToolPlanner } from '../tool-plan.ts'

/** Copilot CLI: variables alone. It needs no sign-in at GitHub, and asks nobody but the gateway. */
export const copilotPlan: ToolPlanner = {
  name: 'copilot',
  isForwarded: false,
  conflicts: [],
  remark: 'Copilot CLI works offline here: what it has of GitHub, such as its MCP server, is off.',
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers }) => ({
    args: [],
    env: {
      COPILOT_OFFLINE: 'true',
      COPILOT_MODEL: model,
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_BEARER_TOKEN: key,
      COPILOT_PROVIDER_WIRE_API: 'completions',
      COPILOT_PROVIDER_MAX_PROMPT_TOKENS: String(contextTokens - maxOutputTokens),
      COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: String(maxOutputTokens),
      COPILOT_PROVIDER_HEADERS: headerLines(headers),
    },
    files: [],
  }),
}
