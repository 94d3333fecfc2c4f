import { expect, test } from 'vitest'
import { FORMATS } from './formats.ts'

const HUGE = Number.MAX_SAFE_INTEGER
const BODIES = {
  'openai-chat': {
    usage: { prompt_tokens: HUGE, completion_tokens: HUGE, prompt_tokens_details: { cached_tokens: HUGE } },
  },
  'openai-responses': { usage: { input_tokens: HUGE, output_tokens: HUGE } },
  'openai-embeddings': { usage: { prompt_tokens: HUGE } },
  'anthropic-messages': { usage: { input_tokens: HUGE, cache_read_input_tokens: 1_000, output_tokens: HUGE } },
  'ollama-chat': { prompt_eval_count: HUGE, eval_count: HUGE },
  'ollama-embed': { prompt_eval_count: HUGE },
  'llama-completion': { tokens_evaluated: HUGE, tokens_predicted: HUGE },
} as const

test.each(Object.entries(BODIES))(
  '%s: counts that no answer has are none, so that no sum of theirs breaks',
  (name, body) => {
    const { usage } = FORMATS[name as keyof typeof BODIES].readAnswer(new TextEncoder().encode(JSON.stringify(body)))
    for (const count of [usage.promptTokens, usage.completionTokens, usage.cachedTokens]) {
      expect(count ?? 0).toBeLessThan(1e9)
    }
    expect(usage.completionTokens).toBeUndefined()
  },
)
