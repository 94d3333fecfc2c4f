import { type AnswerPart, counted, said, stopped } from '../answer-parts.ts'
import type { StreamedFormat, Usage } from '../format.ts'
import { asText, asTokens, type JsonObject } from '../json-facts.ts'
import { eventStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { answerReader } from '../whole-answer.ts'
import { openaiError } from './openai-errors.ts'
import { readTimings } from './openai-usage.ts'

/** llama-server's own `/completion` and `/infill`. */
export const llamaCompletion: StreamedFormat = {
  name: 'llama-completion',
  stream: eventStream({
    watch: watchFrames,
    reader: () => partsOf,
    errorEvent: (error) => `data: ${openaiError(error)}`,
  }),
  readAnswer: answerReader(usageOf),
}

function watchFrames(): FrameWatch {
  return {
    marker: /true|error"/,
    read(frame) {
      const model = asText(frame['model'])
      if (frame['stop'] !== true) return { model, isContent: asText(frame['content']) !== undefined }
      return { outcome: 'complete', usage: usageOf(frame), model, isContent: false }
    },
  }
}

function partsOf(frame: JsonObject): readonly AnswerPart[] {
  const parts = said('text', frame['content'])
  if (frame['stop'] !== true) return parts
  return [...parts, ...stopped(frame['stop_type']), ...counted(usageOf(frame)), { kind: 'end' }]
}

function usageOf(answer: JsonObject): Usage {
  const timings = readTimings(answer)
  return {
    promptTokens: asTokens(answer['tokens_evaluated']) ?? timings?.promptTokens,
    completionTokens: asTokens(answer['tokens_predicted']) ?? timings?.completionTokens,
    cachedTokens: timings?.cachedTokens,
  }
}
