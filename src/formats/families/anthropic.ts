import { type AnswerHead, type AnswerTail, type AnswerWriter, eventFrame } from '../answer-writer.ts'
import type { StreamedFormat, WireFormat } from '../format.ts'
import { asObject, asText } from '../json-facts.ts'
import { eventStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { ToolCallTally } from '../tool-calls.ts'
import { answerReader } from '../whole-answer.ts'
import { anthropicError } from './anthropic-errors.ts'
import { messageReader, partsOfMessage } from './anthropic-parts.ts'
import { StreamedUsage, usageOfMessage } from './anthropic-usage.ts'
import { countMessageCalls } from './call-counters.ts'

/** `/v1/messages`. */
export const anthropicMessages: StreamedFormat = {
  name: 'anthropic-messages',
  stream: eventStream({
    watch: watchEvents,
    reader: messageReader,
    errorEvent: (error, requestId) => `event: error\ndata: ${anthropicError(error, requestId)}`,
    keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n',
  }),
  readAnswer: answerReader(usageOfMessage, { marker: /tool_use"/, count: countMessageCalls }),
  partsOfAnswer: partsOfMessage,
  write: messageWriter,
}

/** `/v1/messages/count_tokens`. */
export const anthropicCount: WireFormat = {
  name: 'anthropic-count',
  stream: undefined,
  readAnswer: answerReader(usageOfMessage),
}

/** `message_start` tells of the prompt, `message_delta` of the answer; each block delta is content. */
function watchEvents(): FrameWatch {
  const usage = new StreamedUsage()
  const tally = new ToolCallTally()
  return {
    marker: /message_|error"|_use"/,
    contentMarker: /block_delta"/,
    toolCalls: tally.counts,
    read(event) {
      switch (event['type']) {
        case 'message_start': {
          const message = asObject(event['message']) ?? {}
          return { model: asText(message['model']), usage: usage.start(message), isContent: false }
        }
        case 'message_delta':
          return { usage: usage.add(event['usage']), isContent: false }
        case 'message_stop':
          return { outcome: 'complete', isContent: false }
        case 'error':
          return { outcome: 'failed', isContent: false }
        case 'content_block_start':
          countMessageCalls(event, tally)
          return { isContent: false }
        default:
          return { isContent: event['type'] === 'content_block_delta' }
      }
    },
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
