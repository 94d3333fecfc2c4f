import type { Usage } from '../format.ts'
import { asObject, asTokens, type JsonObject, sumOf } from '../json-facts.ts'

/**
 * The counts of one `usage` object, or of two of one stream laid over each other. `input_tokens` leaves out what was
 * read from the cache or written to it; all three make up the prompt.
 */
export function readAnthropicUsage(usage: JsonObject): Usage {
  const cachedTokens = asTokens(usage['cache_read_input_tokens'])
  return {
    promptTokens: sumOf(asTokens(usage['input_tokens']), cachedTokens, asTokens(usage['cache_creation_input_tokens'])),
    completionTokens: asTokens(usage['output_tokens']),
    cachedTokens,
    reasoningTokens: asTokens(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
  }
}

/** The counts of a whole message, or of the one in `message_start`. */
export function usageOfMessage(message: JsonObject): Usage | undefined {
  const usage = asObject(message['usage'])
  return usage && readAnthropicUsage(usage)
}

/** The counts of one stream: what `message_start` told of the prompt stands where `message_delta` does not tell it again. */
export class StreamedUsage {
  #counts: JsonObject = {}

  /** With the message of `message_start`. Its `output_tokens` is where the count begins; `message_delta` tells what was said. */
  start(message: JsonObject): Usage {
    this.#counts = asObject(message['usage']) ?? {}
    return { ...readAnthropicUsage(this.#counts), completionTokens: undefined, reasoningTokens: undefined }
  }

  /** With the `usage` of `message_delta`, in which a zero or null means "not told again". */
  add(usage: unknown): Usage {
    const told = Object.entries(asObject(usage) ?? {}).filter(([, count]) => count !== 0 && count !== null)
    this.#counts = { ...this.#counts, ...Object.fromEntries(told) }
    return readAnthropicUsage(this.#counts)
  }
}
