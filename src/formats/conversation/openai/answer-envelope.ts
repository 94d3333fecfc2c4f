import { eventFrame } from '../../answer-writer.ts'
import type { Usage } from '../../format.ts'
import type { JsonObject } from '../../json-facts.ts'
import type { RenderedHead, StopReason } from '../answer-renderer.ts'
import { fieldsOf } from '../json-fields.ts'

const MS_PER_SECOND = 1_000

const FINISH_REASONS: ReadonlyMap<StopReason, string> = new Map([
  ['end', 'stop'],
  ['length', 'length'],
  ['calls', 'tool_calls'],
  ['filter', 'content_filter'],
])

/** The event behind the last of a stream of OpenAI's. */
export const DONE_FRAME = 'data: [DONE]\n\n'

/** How the client wants a stream of OpenAI's. */
export interface ChunkOptions {
  /** Whether it asked for `stream_options.include_usage`: a stream tells what it took only then, a whole answer always. */
  readonly includesUsage: boolean
}

/** The fields that each chunk of an answer has, and the whole answer too. */
export function envelopeOf(idPrefix: string, object: string, { id, atMs, model }: RenderedHead) {
  return { id: `${idPrefix}-${id}`, object, created: Math.floor(atMs / MS_PER_SECOND), model }
}

/** Makes the chunks of one answer, each of one choice as JSON. What all of them say is rendered once: there is one for each token. */
export function chunkMaker(envelope: object): (choice: string) => string {
  const start = `data: {${fieldsOf(envelope)},"choices":[`
  return (choice) => `${start}${choice}]}\n\n`
}

/** The fields of a choice that ended. `stop_reason`: the stop sequence it met, as vLLM tells it. */
export function finishOf(reason: StopReason, stopSequence: string | undefined): JsonObject {
  return {
    finish_reason: FINISH_REASONS.get(reason),
    ...(stopSequence === undefined ? {} : { stop_reason: stopSequence }),
  }
}

/** The field `usage`; none where nobody counted. What is missing of a count that was made is 0: clients add up without a look. */
export function usageField({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: Usage): JsonObject {
  if (promptTokens === undefined && completionTokens === undefined) return {}
  return {
    usage: {
      prompt_tokens: promptTokens ?? 0,
      completion_tokens: completionTokens ?? 0,
      total_tokens: (promptTokens ?? 0) + (completionTokens ?? 0),
      ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
      ...(reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
    },
  }
}

/** The chunk that tells what the answer took, where the client asked for it and somebody counted. */
export function usageFrame(envelope: object, usage: Usage, { includesUsage }: ChunkOptions): string {
  const field = includesUsage ? usageField(usage) : {}
  return field['usage'] === undefined ? '' : eventFrame({ ...envelope, choices: [], ...field })
}

/** The error of an answer that failed: the last event of a stream, or in place of a whole answer. */
export function failedAnswer(message: string): object {
  return { error: { message, type: 'server_error', param: null, code: 'upstream_failed' } }
}
