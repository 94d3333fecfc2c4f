import { type AnswerHead, type AnswerTail, type AnswerWriter, eventFrame } from '../answer-writer.ts'
import type { FormatName, StreamedFormat, WireFormat } from '../format.ts'
import { asList, asObject, asText, type JsonObject } from '../json-facts.ts'
import { eventStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { ToolCallTally } from '../tool-calls.ts'
import { answerReader } from '../whole-answer.ts'
import { countChatCalls, type WholeCalls } from './call-counters.ts'
import { openaiError } from './openai-errors.ts'
import { partsOfChunk, partsOfCompletion } from './openai-parts.ts'
import { readOpenaiUsage } from './openai-usage.ts'

const END = '[DONE]'
const MS_PER_SECOND = 1_000
const CALLS: WholeCalls = { marker: /_calls?"/, count: countChatCalls }

/** `/v1/chat/completions`. */
export const openaiChat: StreamedFormat = {
  ...streamed('openai-chat'),
  write: chatWriter,
  partsOfAnswer: partsOfCompletion,
}
/** `/v1/completions`. */
export const openaiCompletions: StreamedFormat = {
  ...streamed('openai-completions'),
  partsOfAnswer: partsOfCompletion,
}
/** `/v1/audio/transcriptions` and `/v1/audio/translations`, as vLLM streams them. */
export const openaiTranscription: StreamedFormat = streamed('openai-transcription')
/** `/v1/embeddings`. */
export const openaiEmbeddings: WireFormat = whole('openai-embeddings')
/** Whatever else may name its `usage` as OpenAI does. */
export const openaiOther: WireFormat = whole('openai-other')

function streamed(name: FormatName): StreamedFormat {
  const stream = eventStream({
    watch: watchChunks,
    endData: END,
    reader: () => partsOfChunk,
    errorEvent: (error) => `data: ${openaiError(error)}`,
  })
  return { ...whole(name), stream }
}

function whole(name: FormatName): WireFormat {
  return { name, stream: undefined, readAnswer: answerReader(readOpenaiUsage, CALLS) }
}

/** A chunk that is not read counts as content: the one with the finish reason may be counted too many. */
function watchChunks(): FrameWatch {
  const tally = new ToolCallTally()
  return {
    // OpenAI's own servers send `"usage":null` with every chunk.
    marker: /usage"(?!:null)|error"|timings"|DONE\]/,
    mayCallTool: namesTool,
    toolCalls: tally.counts,
    read(chunk) {
      countChatCalls(chunk, tally)
      const facts = { model: asText(chunk['model']), isContent: asList(chunk['choices']).some(carriesContent) }
      const usage = readOpenaiUsage(chunk)
      return usage === undefined ? facts : { ...facts, usage }
    },
  }
}

function carriesContent(choice: unknown): boolean {
  const fields = asObject(choice)
  const delta = asObject(fields?.['delta'])
  return isContent(fields?.['text']) || (delta !== undefined && hasContent(delta))
}

function hasContent(delta: JsonObject): boolean {
  return Object.entries(delta).some(([name, value]) => name !== 'role' && isContent(value))
}

function isContent(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null)
}

function chatWriter({ id, model, atMs, promptTokens }: AnswerHead): AnswerWriter {
  const common = { id: `chatcmpl-${id}`, created: Math.floor(atMs / MS_PER_SECOND), model }
  const chunk = (delta: object, finish: string | null, more?: object) =>
    eventFrame({
      ...common,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...more,
    })
  const usageOf = ({ completionTokens }: AnswerTail) => ({
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  })
  return {
    begin: () => chunk({ role: 'assistant', content: '' }, null),
    text: (content) => chunk({ content }, null),
    end: (tail) => `${chunk({}, 'stop', { usage: usageOf(tail) })}data: ${END}\n\n`,
    whole: (content, tail) =>
      JSON.stringify({
        ...common,
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: usageOf(tail),
      }),
  }
}

/** A call has its name in the frame that begins it; those with pieces of its arguments have none, and are not read. */
function namesTool(line: string): boolean {
  const at = line.indexOf('_call')
  return at !== -1 && line.includes('name":', at)
}
