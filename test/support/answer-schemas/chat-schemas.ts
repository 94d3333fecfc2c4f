import { z } from 'zod'

const count = z.int().nonnegative()
const name = z.string().min(1)

/** What an answer of OpenAI's tells of the tokens it took. */
export const chatUsageSchema = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.strictObject({ cached_tokens: count }).optional(),
  completion_tokens_details: z.strictObject({ reasoning_tokens: count }).optional(),
})

const logprob = { token: z.string(), logprob: z.number(), bytes: z.array(z.int().min(0).max(255)).nullable() }
const tokens = z.array(z.strictObject({ ...logprob, top_logprobs: z.array(z.strictObject(logprob)) })).nullable()
const logprobs = z.strictObject({ content: tokens, refusal: tokens }).nullable().optional()

/** vLLM's: which stop sequence was met. */
const stopReason = z.union([z.string(), z.number()]).nullable().optional()
const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])
const head = {
  id: name,
  created: count,
  model: name,
  system_fingerprint: z.string().nullable().optional(),
  service_tier: z.string().nullable().optional(),
}
/** Extensions: servers call it the one or the other, and no official type has it. */
const reasoning = { reasoning_content: z.string().optional(), reasoning: z.string().optional() }

/** A whole answer of `/v1/chat/completions`. */
export const chatAnswerSchema = z.strictObject({
  ...head,
  object: z.literal('chat.completion'),
  choices: z
    .array(
      z.strictObject({
        index: count,
        message: z.strictObject({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.string().nullable().optional(),
          ...reasoning,
          tool_calls: z
            .array(
              z.strictObject({
                id: name,
                type: z.literal('function'),
                function: z.strictObject({ name, arguments: z.string() }),
              }),
            )
            .min(1)
            .optional(),
        }),
        finish_reason: finishReason,
        stop_reason: stopReason,
        logprobs,
      }),
    )
    .min(1),
  usage: chatUsageSchema.optional(),
})

const callPiece = z.strictObject({
  index: count,
  id: name.optional(),
  type: z.literal('function').optional(),
  function: z.strictObject({ name: name.optional(), arguments: z.string().optional() }),
})

/** An event of a stream of `/v1/chat/completions` that is neither an error nor `[DONE]`. */
export const chatChunkSchema = z.strictObject({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().nullable().optional(),
        refusal: z.string().nullable().optional(),
        ...reasoning,
        tool_calls: z.array(callPiece).min(1).optional(),
      }),
      finish_reason: finishReason.nullable(),
      stop_reason: stopReason,
      logprobs,
    }),
  ),
  usage: chatUsageSchema.nullable().optional(),
})

/** The event by which a stream of it fails. */
export const chatFailureSchema = z.strictObject({
  error: z.strictObject({
    message: name,
    type: name,
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})
