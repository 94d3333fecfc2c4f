import {
  type Answer,
  jsonAnswer,
  type Question,
  SCRIPTED_CREATED,
  SCRIPTED_USAGE,
  sseAnswer,
  sseEvent,
} from './answer.ts'
import type { UsageKnowledge } from './openai-answers.ts'

/** `POST /v1/responses`. */
export function openaiResponses({ model, body, words, tool }: Question, knowledge: UsageKnowledge): Answer {
  const text = words.join('')
  const args = JSON.stringify(tool?.args)
  const call = tool && { id: 'fc_scripted', type: 'function_call', call_id: 'call_scripted', name: tool.name }
  const part = (said: string) => ({ type: 'output_text', text: said, annotations: [], logprobs: [] })
  const message = { id: 'msg_scripted', type: 'message', role: 'assistant' }
  const item = call
    ? { ...call, status: 'completed', arguments: args }
    : { ...message, status: 'completed', content: [part(text)] }
  const response = {
    id: 'resp_scripted',
    object: 'response',
    created_at: SCRIPTED_CREATED,
    model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: body['tools'] ?? [],
    top_p: 1,
  }
  const completed = { ...response, status: 'completed', output: [item], usage: renderUsage(knowledge) }
  if (body['stream'] !== true) return jsonAnswer(completed)

  let sequence = 0
  const event = (type: string, rest: object) => sseEvent({ type, sequence_number: sequence++, ...rest })
  const at = { item_id: item.id, output_index: 0 }
  const textAt = { ...at, content_index: 0 }
  const started = { ...response, status: 'in_progress', output: [] }
  const opening = [
    event('response.created', { response: started }),
    event('response.in_progress', { response: started }),
  ]
  const delta = (said: string) => event('response.output_text.delta', { ...textAt, delta: said, logprobs: [] })
  const said = call
    ? [
        event('response.output_item.added', {
          output_index: 0,
          item: { ...call, status: 'in_progress', arguments: '' },
        }),
        event('response.function_call_arguments.delta', { ...at, delta: args }),
        event('response.function_call_arguments.done', { ...at, name: call.name, arguments: args }),
      ]
    : [
        event('response.output_item.added', {
          output_index: 0,
          item: { ...message, status: 'in_progress', content: [] },
        }),
        event('response.content_part.added', { ...textAt, part: part('') }),
        ...words.map(delta),
        event('response.output_text.done', { ...textAt, text, logprobs: [] }),
        event('response.content_part.done', { ...textAt, part: part(text) }),
      ]
  return sseAnswer({
    frames: [
      ...opening,
      ...said,
      event('response.output_item.done', { output_index: 0, item }),
      event('response.completed', { response: completed }),
    ],
    terminatorFrames: 1,
    errorFrame: (reason) => event('error', { code: 'server_error', message: reason, param: null }),
    contentFrame: delta,
  })
}

function renderUsage({ knowsCachedTokens }: UsageKnowledge) {
  const { promptTokens, completionTokens, cachedTokens } = SCRIPTED_USAGE
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: knowsCachedTokens ? cachedTokens : 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  }
}
