import type { Usage } from '../dialect.ts'
import { asCount, type JsonObject } from '../json-facts.ts'

const NS_PER_MS = 1_000_000

/**
 * The counts of a final line or whole answer. `prompt_eval_count` holds the cached tokens; how many, Ollama does not
 * say. It leaves a zero out, which cannot be told from a count nobody made.
 */
export function readOllamaUsage(answer: JsonObject): Usage {
  const loadNs = asCount(answer['load_duration'])
  return {
    promptTokens: asCount(answer['prompt_eval_count']),
    completionTokens: asCount(answer['eval_count']),
    cachedTokens: undefined,
    loadMs: loadNs === undefined ? undefined : loadNs / NS_PER_MS,
  }
}
