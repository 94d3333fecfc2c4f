import type { ToolPlanner } from '../tool-plan.ts'

/** Ollama's command line: it can send no key. Models are named in its own words: `ollama run MODEL`. */
export const ollamaPlan: ToolPlanner = {
  name: 'ollama',
  isModelOptional: true,
  lacksPass: true,
  conflicts: [],
  plan: ({ url }) => ({ args: [], env: { OLLAMA_HOST: url }, files: [] }),
}
