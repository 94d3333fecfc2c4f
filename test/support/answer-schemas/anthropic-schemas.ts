import { z } from 'zod'

const count = z.int().nonnegative()
const name = z.string().min(1)

const usage = z.strictObject({
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: count.nullable().optional(),
  cache_read_input_tokens: count.nullable().optional(),
  output_tokens_details: z.strictObject({ thinking_tokens: count }).nullable().optional(),
})

const text = z.strictObject({ type: z.literal('text'), text: z.string(), citations: z.null().optional() })
const thinking = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() })
const toolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: name,
  name,
  input: z.record(z.string(), z.unknown()),
})

const stopReason = z.enum([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
])

const head = { id: name, type: z.literal('message'), role: z.literal('assistant'), model: name }

/** A whole answer of `/v1/messages`. */
export const anthropicMessageSchema = z.strictObject({
  ...head,
  content: z.array(z.discriminatedUnion('type', [text, thinking, toolUse])),
  stop_reason: stopReason,
  stop_sequence: z.string().nullable(),
  usage,
})

const index = { index: count }

/** An event of a stream of `/v1/messages`. */
export const anthropicEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message_start'),
    message: z.strictObject({
      ...head,
      content: z.tuple([]),
      stop_reason: z.null(),
      stop_sequence: z.null(),
      usage,
    }),
  }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({
    type: z.literal('content_block_start'),
    ...index,
    content_block: z.discriminatedUnion('type', [
      text.extend({ text: z.literal('') }),
      thinking.extend({ thinking: z.literal('') }),
      toolUse.extend({ input: z.strictObject({}) }),
    ]),
  }),
  z.strictObject({
    type: z.literal('content_block_delta'),
    ...index,
    delta: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text_delta'), text: z.string() }),
      z.strictObject({ type: z.literal('thinking_delta'), thinking: z.string() }),
      z.strictObject({ type: z.literal('signature_delta'), signature: z.string() }),
      z.strictObject({ type: z.literal('input_json_delta'), partial_json: z.string() }),
    ]),
  }),
  z.strictObject({ type: z.literal('content_block_stop'), ...index }),
  z.strictObject({
    type: z.literal('message_delta'),
    delta: z.strictObject({ stop_reason: stopReason, stop_sequence: z.string().nullable() }),
    usage: usage.partial({ input_tokens: true }),
  }),
  z.strictObject({ type: z.literal('message_stop') }),
  z.strictObject({
    type: z.literal('error'),
    error: z.strictObject({ type: name, message: name }),
    request_id: z.string().nullable().optional(),
  }),
])
