import type { Usage } from '../format.ts'
import { asObject, asTokens, type JsonObject, sumOf } from '../json-facts.ts'

/**
 * The counts of a chunk or whole answer of any OpenAI route: `usage` as chat completions and embeddings spell it, or
 * as responses do. Without it, what llama-server's `timings` say. `undefined` when neither is there.
 */
export function readOpenaiUsage(answer: JsonObject): Usage | undefined {
  const usage = asObject(answer['usage'])
  if (usage === undefined) return readTimings(answer)
  const details = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details'])
  const answerDetails = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details'])
  return {
    promptTokens: asTokens(usage['prompt_tokens']) ?? asTokens(usage['input_tokens']),
    completionTokens: asTokens(usage['completion_tokens']) ?? asTokens(usage['output_tokens']),
    cachedTokens: asTokens(details?.['cached_tokens']),
    reasoningTokens: asTokens(answerDetails?.['reasoning_tokens']),
  }
}

/**
 * The counts of llama-server's `timings`; `undefined` without them. `prompt_n` counts the prompt's tokens that were
 * evaluated, `cache_n` those that were in the cache.
 */
export function readTimings(answer: JsonObject): Usage | undefined {
  const timings = asObject(answer['timings'])
  if (timings === undefined) return undefined
  const cachedTokens = asTokens(timings['cache_n'])
  return {
    promptTokens: sumOf(asTokens(timings['prompt_n']), cachedTokens),
    completionTokens: asTokens(timings['predicted_n']),
    cachedTokens,
  }
}
