import type { Usage } from '../../format.ts'
import type { JsonObject } from '../../json-facts.ts'
import type { RenderedHead } from '../answer-renderer.ts'
import { contextOverflow, openaiOverflowWords } from '../context-overflow.ts'

/** How a response ended, or that it has not. */
export type ResponseState =
  | { readonly status: 'in_progress' | 'completed' }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  | { readonly status: 'failed'; readonly message: string }

/** What a response answers. */
export interface RespondedTo {
  readonly head: RenderedHead
  /** `responseEcho` of the request. */
  readonly echo: JsonObject
}

/**
 * The object of a response with every field that its clients take for granted. What `echo` does not tell again of the request
 * has what stands for "not set".
 */
export function responseObject(
  { head, echo }: RespondedTo,
  state: ResponseState,
  output: readonly object[],
  usage?: Usage,
) {
  return {
    id: `resp_${head.id}`,
    object: 'response',
    created_at: Math.floor(head.atMs / 1_000),
    status: state.status,
    background: false,
    error: state.status === 'failed' ? errorObject(state.message) : null,
    incomplete_details: state.status === 'incomplete' ? { reason: state.reason } : null,
    instructions: null,
    max_output_tokens: null,
    model: head.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    metadata: {},
    ...echo,
    usage: usageObject(usage),
  }
}

/** Clients that can make a conversation shorter know by the code that they should. */
function errorObject(message: string) {
  const overflow = contextOverflow(message)
  if (overflow === undefined) return { code: 'server_error', message }
  return { code: 'context_length_exceeded', message: openaiOverflowWords(overflow) }
}

/** `null`: nobody counted. What is missing of a count that was made is 0, since clients add up without a look. */
function usageObject(usage: Usage | undefined) {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage ?? {}
  if (promptTokens === undefined && completionTokens === undefined) return null
  return {
    input_tokens: promptTokens ?? 0,
    input_tokens_details: { cached_tokens: cachedTokens ?? 0, cache_write_tokens: 0 },
    output_tokens: completionTokens ?? 0,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: (promptTokens ?? 0) + (completionTokens ?? 0),
  }
}
