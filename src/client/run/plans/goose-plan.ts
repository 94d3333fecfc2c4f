import type { ToolPlanner } from '../tool-plan.ts'

/** goose: variables alone, which win over its file and over the system's keyring. */
export const goosePlan: ToolPlanner = {
  name: 'goose',
  conflicts: [],
  plan: ({ url, key, model, contextTokens, headers }) => {
    const { origin, pathname } = new URL(url)
    return {
      args: [],
      env: {
        GOOSE_PROVIDER: 'openai',
        GOOSE_MODEL: model,
        GOOSE_CONTEXT_LIMIT: String(contextTokens),
        OPENAI_HOST: origin,
        OPENAI_BASE_PATH: `${pathname.replace(/^\/|\/$/g, '')}/v1/chat/completions`.replace(/^\//, ''),
        OPENAI_API_KEY: key,
        // A comma begins the next header.
        OPENAI_CUSTOM_HEADERS: Object.entries(headers)
          .filter(([, value]) => !value.includes(','))
          .map(([name, value]) => `${name}=${value}`)
          .join(','),
      },
      files: [],
    }
  },
}
