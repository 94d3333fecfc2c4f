import { z } from 'zod'
import { anthropicEventSchema, anthropicMessageSchema } from './anthropic-schemas.ts'
import { chatAnswerSchema, chatChunkSchema, chatFailureSchema } from './chat-schemas.ts'
import { completionAnswerSchema, completionChunkSchema } from './completion-schemas.ts'
import {
  ollamaChatLineSchema,
  ollamaChatSchema,
  ollamaGenerateLineSchema,
  ollamaGenerateSchema,
} from './ollama-schemas.ts'
import { responseSchema, responsesEventSchema } from './responses-schemas.ts'

/** The APIs whose answers have a schema, strict: a field that no client knows is a fault. */
export type SchemaFormat =
  | 'anthropic-messages'
  | 'openai-chat'
  | 'openai-completions'
  | 'openai-responses'
  | 'ollama-chat'
  | 'ollama-generate'

/** The form of the answers of one API. */
interface AnswerSchemas {
  readonly whole: z.ZodType
  /** Of the data of an event, where that is JSON, or of a line. */
  readonly event: z.ZodType
}

/** Those of each API. */
export const ANSWER_SCHEMAS: Readonly<Record<SchemaFormat, AnswerSchemas>> = {
  'anthropic-messages': { whole: anthropicMessageSchema, event: anthropicEventSchema },
  'openai-chat': { whole: chatAnswerSchema, event: z.union([chatChunkSchema, chatFailureSchema]) },
  'openai-completions': {
    whole: completionAnswerSchema,
    event: z.union([completionChunkSchema, chatFailureSchema]),
  },
  'ollama-chat': { whole: ollamaChatSchema, event: ollamaChatLineSchema },
  'ollama-generate': { whole: ollamaGenerateSchema, event: ollamaGenerateLineSchema },
  'openai-responses': { whole: responseSchema, event: responsesEventSchema },
}

/** Throws where a whole answer has not the form of its API. */
export function checkWhole(format: SchemaFormat, body: string): void {
  ANSWER_SCHEMAS[format].whole.parse(JSON.parse(body))
}

/** Throws where an event of a stream has not the form of its API; answers how many there were. */
export function checkEvents(format: SchemaFormat, stream: string): number {
  const framed = format.startsWith('ollama-') ? /^(.+)$/gm : /^data: (.*)$/gm
  const events = [...stream.matchAll(framed)].map(([, data = '']) => data).filter((data) => data !== '[DONE]')
  for (const data of events) ANSWER_SCHEMAS[format].event.parse(JSON.parse(data))
  return events.length
}
