import type { Usage } from './format.ts'

/** The usage of a stream or answer that named none. */
export const NO_USAGE: Usage = { promptTokens: undefined, completionTokens: undefined, cachedTokens: undefined }

/** What is known of two reports of one exchange: the later one's counts, and the earlier one's where it has none. */
export function mergeUsage(earlier: Usage, later: Usage): Usage {
  return {
    promptTokens: later.promptTokens ?? earlier.promptTokens,
    completionTokens: later.completionTokens ?? earlier.completionTokens,
    cachedTokens: later.cachedTokens ?? earlier.cachedTokens,
    reasoningTokens: later.reasoningTokens ?? earlier.reasoningTokens,
    loadMs: later.loadMs ?? earlier.loadMs,
  }
}
