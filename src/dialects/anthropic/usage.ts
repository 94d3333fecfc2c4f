import type { Usage } from '../dialect.ts'
import { asCount, type JsonObject, sumOf } from '../json-facts.ts'

/**
 * The counts of one `usage` object, or of two of one stream laid over each other. `input_tokens` leaves out what was
 * read from the cache or written to it; all three make up the prompt.
 */
export function readAnthropicUsage(usage: JsonObject): Usage {
  const cachedTokens = asCount(usage['cache_read_input_tokens'])
  return {
    promptTokens: sumOf(asCount(usage['input_tokens']), cachedTokens, asCount(usage['cache_creation_input_tokens'])),
    completionTokens: asCount(usage['output_tokens']),
    cachedTokens,
  }
}

/** Lays the counts of a later `usage` over an earlier one's. A zero or null there means "not told again". */
export function overlayUsage(earlier: JsonObject, later: JsonObject): JsonObject {
  return {
    ...earlier,
    ...Object.fromEntries(Object.entries(later).filter(([, count]) => count !== 0 && count !== null)),
  }
}
