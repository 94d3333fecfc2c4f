import { z } from 'zod'
import { chatUsageSchema } from './chat-schemas.ts'

const count = z.int().nonnegative()
const name = z.string().min(1)

const logprobs = z
  .strictObject({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number())).nullable(),
    text_offset: z.array(count),
  })
  .nullable()
  .optional()

const head = { id: name, object: z.literal('text_completion'), created: count, model: name }
const choice = { index: count, text: z.string(), logprobs }
/** vLLM's: which stop sequence was met. */
const stopReason = z.union([z.string(), z.number()]).nullable().optional()
const finishReason = z.enum(['stop', 'length', 'content_filter'])

/** A whole answer of `/v1/completions`. */
export const completionAnswerSchema = z.strictObject({
  ...head,
  choices: z.array(z.strictObject({ ...choice, finish_reason: finishReason, stop_reason: stopReason })).min(1),
  usage: chatUsageSchema.optional(),
})

/** An event of a stream of it that is neither an error nor `[DONE]`. */
export const completionChunkSchema = z.strictObject({
  ...head,
  choices: z.array(z.strictObject({ ...choice, finish_reason: finishReason.nullable(), stop_reason: stopReason })),
  usage: chatUsageSchema.nullable().optional(),
})
