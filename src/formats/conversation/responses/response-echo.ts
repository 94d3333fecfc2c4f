import { asObject, type JsonObject } from '../../json-facts.ts'

/** What a response tells again of its request, where that is small; tools and instructions are not, and stay with who sent them. */
const TOLD_AGAIN = [
  ...['temperature', 'top_p', 'max_output_tokens', 'parallel_tool_calls', 'truncation', 'tool_choice'],
  ...['reasoning', 'text', 'metadata', 'user', 'prompt_cache_key', 'safety_identifier', 'top_logprobs'],
] as const

/** A field that is longer is not told again: it would be kept as long as the answer goes on, and be sent three times. */
const MAX_LENGTH = 1_024

/** The fields of a request of `/v1/responses` that its response tells again. */
export function responseEcho(body: JsonObject): JsonObject {
  return Object.fromEntries(
    TOLD_AGAIN.flatMap((name) => {
      const value = body[name]
      if (value === undefined || value === null) return []
      if (JSON.stringify(value).length > MAX_LENGTH) return []
      return [[name, name === 'reasoning' ? reasoningOf(asObject(value)) : value]]
    }),
  )
}

/** A response says both, whatever of them was asked. */
function reasoningOf({ effort = null, summary = null }: JsonObject = {}): JsonObject {
  return { effort, summary }
}
