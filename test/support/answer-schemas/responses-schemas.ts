import { z } from 'zod'

const count = z.int().nonnegative()
const name = z.string().min(1)
const status = z.enum(['in_progress', 'completed', 'incomplete'])

const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()).optional(),
})
const refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const reasoningText = z.strictObject({ type: z.literal('reasoning_text'), text: z.string() })
const summaryText = z.strictObject({ type: z.literal('summary_text'), text: z.string() })
const called = { id: name, status, call_id: name, name, namespace: name.optional() }

const item = z.discriminatedUnion('type', [
  z.strictObject({
    id: name,
    type: z.literal('message'),
    role: z.literal('assistant'),
    status,
    content: z.array(z.discriminatedUnion('type', [outputText, refusal])),
  }),
  z.strictObject({
    id: name,
    type: z.literal('reasoning'),
    summary: z.array(summaryText),
    content: z.array(reasoningText).optional(),
    encrypted_content: z.string().nullable().optional(),
    status: status.optional(),
  }),
  z.strictObject({ ...called, type: z.literal('function_call'), arguments: z.string() }),
  z.strictObject({ ...called, type: z.literal('custom_tool_call'), input: z.string() }),
])

const usage = z.strictObject({
  input_tokens: count,
  input_tokens_details: z.strictObject({ cached_tokens: count, cache_write_tokens: count.optional() }),
  output_tokens: count,
  output_tokens_details: z.strictObject({ reasoning_tokens: count }),
  total_tokens: count,
})

const responseShape = {
  id: name,
  object: z.literal('response'),
  created_at: count,
  error: z.strictObject({ code: name, message: name }).nullable(),
  incomplete_details: z.strictObject({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
  instructions: z.string().nullable(),
  metadata: z.record(z.string(), z.string()).nullable(),
  model: name,
  parallel_tool_calls: z.boolean(),
  temperature: z.number().nullable(),
  tool_choice: z.union([z.string(), z.record(z.string(), z.unknown())]),
  tools: z.array(z.record(z.string(), z.unknown())),
  top_p: z.number().nullable(),
  background: z.boolean().nullable().optional(),
  max_output_tokens: count.nullable().optional(),
  previous_response_id: z.string().nullable().optional(),
  reasoning: z.strictObject({ effort: z.string().nullable(), summary: z.string().nullable() }).nullable().optional(),
  store: z.boolean().optional(),
  text: z.record(z.string(), z.unknown()).optional(),
  truncation: z.enum(['auto', 'disabled']).nullable().optional(),
}

/** A response that has begun. */
const begun = z.strictObject({
  ...responseShape,
  status: z.enum(['queued', 'in_progress']),
  output: z.tuple([]),
  usage: z.null().optional(),
})

/** A whole answer of `/v1/responses`. */
export const responseSchema = z
  .strictObject({
    ...responseShape,
    status: z.enum(['completed', 'incomplete', 'failed']),
    output: z.array(item),
    usage: usage.nullable(),
  })
  .refine(
    ({ status: ended, error }) => (ended === 'failed') === (error !== null),
    'an error that is none, or is missing',
  )
  .refine(
    ({ status: ended, incomplete_details: details }) => (ended === 'incomplete') === (details !== null),
    'details that are none, or are missing',
  )

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ type: z.literal(type), sequence_number: count, ...shape })
}

const place = { item_id: name, output_index: count }
const content = { ...place, content_index: count }
const summary = { ...place, summary_index: count }
const contentPart = { ...content, part: z.discriminatedUnion('type', [outputText, refusal, reasoningText]) }
const summaryPart = { ...summary, part: summaryText }
const delta = { delta: z.string() }
const logprobs = { logprobs: z.array(z.unknown()) }

/** An event of a stream of `/v1/responses`. */
export const responsesEventSchema = z.discriminatedUnion('type', [
  event('response.created', { response: begun }),
  event('response.queued', { response: begun }),
  event('response.in_progress', { response: begun }),
  event('response.output_item.added', { output_index: count, item }),
  event('response.output_item.done', { output_index: count, item }),
  event('response.content_part.added', contentPart),
  event('response.content_part.done', contentPart),
  event('response.output_text.delta', { ...content, ...delta, ...logprobs }),
  event('response.output_text.done', { ...content, text: z.string(), ...logprobs }),
  event('response.refusal.delta', { ...content, ...delta }),
  event('response.refusal.done', { ...content, refusal: z.string() }),
  event('response.reasoning_text.delta', { ...content, ...delta }),
  event('response.reasoning_text.done', { ...content, text: z.string() }),
  event('response.reasoning_summary_part.added', summaryPart),
  event('response.reasoning_summary_part.done', summaryPart),
  event('response.reasoning_summary_text.delta', { ...summary, ...delta }),
  event('response.reasoning_summary_text.done', { ...summary, text: z.string() }),
  event('response.function_call_arguments.delta', { ...place, ...delta }),
  event('response.function_call_arguments.done', { ...place, name, arguments: z.string() }),
  event('response.custom_tool_call_input.delta', { ...place, ...delta }),
  event('response.custom_tool_call_input.done', { ...place, input: z.string() }),
  event('response.completed', { response: responseSchema }),
  event('response.incomplete', { response: responseSchema }),
  event('response.failed', { response: responseSchema }),
  event('error', { code: z.string().nullable(), message: name, param: z.string().nullable() }),
])
