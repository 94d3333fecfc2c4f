import { type AnswerPart, counted, errorMessage, said, stopped } from '../answer-parts.ts'
import type { StreamedFormat } from '../format.ts'
import { asObject, asText, type JsonObject } from '../json-facts.ts'
import { eventStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { ToolCallTally } from '../tool-calls.ts'
import { answerReader } from '../whole-answer.ts'
import { countResponseCalls } from './call-counters.ts'
import { openaiErrorEvent } from './openai-errors.ts'
import { readOpenaiUsage } from './openai-usage.ts'

/** `/v1/responses`. */
export const openaiResponses: StreamedFormat = {
  name: 'openai-responses',
  stream: eventStream({
    watch: watchEvents,
    reader: () => partsOf,
    errorEvent: (error) => `event: error\ndata: ${openaiErrorEvent(error)}`,
  }),
  readAnswer: answerReader(readOpenaiUsage, { marker: /_call"/, count: countResponseCalls }),
}

/** The last event holds the whole response with its usage, items that are done say `completed`; each `delta` is content. */
function watchEvents(): FrameWatch {
  const tally = new ToolCallTally()
  return {
    marker: /(?:completed?|failed|error)"/,
    contentMarker: /delta"/,
    toolCalls: tally.counts,
    read(event) {
      countResponseCalls(event, tally)
      const type = event['type']
      const response = asObject(event['response']) ?? {}
      const model = asText(response['model'])
      const usage = readOpenaiUsage(response)
      const facts = { model, isContent: 'delta' in event, ...(usage && { usage }) }
      if (type === 'response.completed' || type === 'response.incomplete') return { ...facts, outcome: 'complete' }
      if (type === 'response.failed' || type === 'error') return { ...facts, outcome: 'failed' }
      return facts
    },
  }
}

function partsOf(event: JsonObject): readonly AnswerPart[] {
  const response = asObject(event['response']) ?? {}
  switch (event['type']) {
    case 'response.output_text.delta':
      return said('text', event['delta'])
    case 'response.reasoning_text.delta':
    case 'response.reasoning_summary_text.delta':
      return said('reasoning', event['delta'])
    case 'response.completed':
    case 'response.incomplete': {
      const details = asObject(response['incomplete_details'])
      return [
        ...stopped(details?.['reason'] ?? response['status']),
        ...counted(readOpenaiUsage(response)),
        { kind: 'end' },
      ]
    }
    case 'response.failed':
      return [{ kind: 'failed', message: errorMessage(asObject(response['error']) ?? {}) }]
    case 'error':
      return [{ kind: 'failed', message: errorMessage(event) }]
    default:
      return []
  }
}
