import { z } from 'zod'

const count = z.int().nonnegative()
const name = z.string().min(1)
const time = z.iso.datetime({ offset: true })

const head = { model: name, created_at: time }
const logprob = { token: z.string(), logprob: z.number(), bytes: z.array(z.int().min(0).max(255)).optional() }
const logprobs = z
  .array(z.strictObject({ ...logprob, top_logprobs: z.array(z.strictObject(logprob)).optional() }))
  .optional()

const message = z.strictObject({
  role: z.literal('assistant'),
  content: z.string(),
  thinking: z.string().min(1).optional(),
  tool_calls: z
    .array(
      z.strictObject({
        id: name.optional(),
        function: z.strictObject({ index: count.optional(), name, arguments: z.record(z.string(), z.unknown()) }),
      }),
    )
    .min(1)
    .optional(),
})
const text = { response: z.string(), thinking: z.string().min(1).optional() }

const goesOn = { done: z.literal(false), logprobs }
const end = {
  done: z.literal(true),
  done_reason: z.enum(['stop', 'length']),
  total_duration: count.optional(),
  load_duration: count.optional(),
  prompt_eval_count: count.optional(),
  prompt_eval_duration: count.optional(),
  eval_count: count.optional(),
  eval_duration: count.optional(),
  logprobs,
}

const failure = z.strictObject({ error: name })

/** A whole answer of `/api/chat`. */
export const ollamaChatSchema = z.strictObject({ ...head, message, ...end })

/** A line of a stream of it. */
export const ollamaChatLineSchema = z.union([
  z.strictObject({ ...head, message, ...goesOn }),
  ollamaChatSchema,
  failure,
])

/** A whole answer of `/api/generate`. */
export const ollamaGenerateSchema = z.strictObject({ ...head, ...text, ...end, context: z.array(count).optional() })

/** A line of a stream of it. */
export const ollamaGenerateLineSchema = z.union([
  z.strictObject({ ...head, ...text, ...goesOn }),
  ollamaGenerateSchema,
  failure,
])
