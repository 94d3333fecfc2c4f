import { type AnswerPart, counted, said, stopped } from '../answer-parts.ts'
import { type AnswerHead, type AnswerTail, type AnswerWriter, eventFrame } from '../answer-writer.ts'
import type { StreamedFormat, Usage, WireFormat } from '../format.ts'
import { asCount, asObject, asText, type JsonObject, sumOf } from '../json-facts.ts'
import { eventStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { answerReader } from '../whole-answer.ts'
import { anthropicError } from './anthropic-errors.ts'

/** `/v1/messages`. */
export const anthropicMessages: StreamedFormat = {
  name: 'anthropic-messages',
  stream: eventStream({
    watch: watchEvents,
    partsOf,
    errorEvent: (error, requestId) => `event: error\ndata: ${anthropicError(error, requestId)}`,
    keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n',
  }),
  readAnswer: answerReader(usageOf),
  write: messageWriter,
}

/** `/v1/messages/count_tokens`. */
export const anthropicCount: WireFormat = {
  name: 'anthropic-count',
  stream: undefined,
  readAnswer: answerReader(usageOf),
}

function usageOf(answer: JsonObject): Usage | undefined {
  const usage = asObject(answer['usage'])
  return usage && readUsage(usage)
}

/** `message_start` tells of the prompt, `message_delta` of the answer; each block delta is content. */
function watchEvents(): FrameWatch {
  let counts: JsonObject = {}
  return {
    marker: /message_|error"/,
    contentMarker: /block_delta"/,
    read(event) {
      switch (event['type']) {
        case 'message_start': {
          const message = asObject(event['message']) ?? {}
          counts = asObject(message['usage']) ?? {}
          return { model: asText(message['model']), usage: readPromptUsage(counts), isContent: false }
        }
        case 'message_delta':
          counts = overlay(counts, asObject(event['usage']) ?? {})
          return { usage: readUsage(counts), isContent: false }
        case 'message_stop':
          return { outcome: 'complete', isContent: false }
        case 'error':
          return { outcome: 'failed', isContent: false }
        default:
          return { isContent: event['type'] === 'content_block_delta' }
      }
    },
  }
}

/**
 * The counts of one `usage` object, or of two of one stream laid over each other. `input_tokens` leaves out what was
 * read from the cache or written to it; all three make up the prompt.
 */
function readUsage(usage: JsonObject): Usage {
  const cachedTokens = asCount(usage['cache_read_input_tokens'])
  return {
    promptTokens: sumOf(asCount(usage['input_tokens']), cachedTokens, asCount(usage['cache_creation_input_tokens'])),
    completionTokens: asCount(usage['output_tokens']),
    cachedTokens,
  }
}

/** The counts of `message_start`. Its `output_tokens` is where the count begins; `message_delta` tells what was said. */
function readPromptUsage(usage: JsonObject): Usage {
  return { ...readUsage(usage), completionTokens: undefined }
}

/** The counts of a later `usage` over an earlier one's. A zero or null there means "not told again". */
function overlay(earlier: JsonObject, later: JsonObject): JsonObject {
  return {
    ...earlier,
    ...Object.fromEntries(Object.entries(later).filter(([, count]) => count !== 0 && count !== null)),
  }
}

function partsOf(event: JsonObject): readonly AnswerPart[] {
  const delta = asObject(event['delta']) ?? {}
  switch (event['type']) {
    case 'message_start':
      return counted(readPromptUsage(asObject(asObject(event['message'])?.['usage']) ?? {}))
    case 'content_block_delta':
      return [...said('reasoning', delta['thinking']), ...said('text', delta['text'])]
    case 'message_delta':
      return [...stopped(delta['stop_reason']), ...counted(readUsage(overlay({}, asObject(event['usage']) ?? {})))]
    case 'message_stop':
      return [{ kind: 'end' }]
    default:
      return []
  }
}

function messageWriter({ id, model, promptTokens }: AnswerHead): AnswerWriter {
  const event = (type: string, value: object = {}) => eventFrame({ type, ...value }, type)
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, stop_sequence: null }
  const usageOf = (outputTokens: number) => ({ input_tokens: promptTokens, output_tokens: outputTokens })
  return {
    begin: () =>
      event('message_start', { message: { ...message, content: [], stop_reason: null, usage: usageOf(0) } }) +
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    text: (piece) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: piece } }),
    end: ({ completionTokens }) =>
      event('content_block_stop', { index: 0 }) +
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: completionTokens },
      }) +
      event('message_stop'),
    whole: (text, { completionTokens }: AnswerTail) =>
      JSON.stringify({
        ...message,
        content: [{ type: 'text', text }],
        stop_reason: 'end_turn',
        usage: usageOf(completionTokens),
      }),
  }
}
