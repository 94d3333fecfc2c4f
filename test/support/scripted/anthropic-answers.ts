import { type Answer, jsonAnswer, type Question, SCRIPTED_USAGE, sseAnswer, sseEvent } from './answer.ts'
import type { UsageKnowledge } from './openai-answers.ts'

/** `POST /v1/messages`. */
export function anthropicMessages({ model, body, words, tool }: Question, knowledge: UsageKnowledge): Answer {
  const base = { id: 'msg_scripted', type: 'message', role: 'assistant', model }
  const call = tool && { type: 'tool_use', id: 'toolu_scripted', name: tool.name }
  const stop = { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null }
  const output = { output_tokens: SCRIPTED_USAGE.completionTokens }
  if (body['stream'] !== true) {
    const content = call && tool ? { ...call, input: tool.args } : { type: 'text', text: words.join('') }
    return jsonAnswer({ ...base, content: [content], ...stop, usage: { ...renderInput(knowledge), ...output } })
  }
  const block = call ? { ...call, input: {} } : { type: 'text', text: '' }
  const delta = (value: object) => event('content_block_delta', { index: 0, delta: value })
  const content = (text: string) => delta({ type: 'text_delta', text })
  const said = tool
    ? [delta({ type: 'input_json_delta', partial_json: JSON.stringify(tool.args) })]
    : words.map(content)
  const message = {
    ...base,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...renderInput(knowledge), output_tokens: 1 },
  }
  return sseAnswer({
    frames: [
      event('message_start', { message }),
      event('content_block_start', { index: 0, content_block: block }),
      event('ping', {}),
      ...said,
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: stop, usage: output }),
      event('message_stop', {}),
    ],
    terminatorFrames: 1,
    errorFrame: (reason) => event('error', { error: { type: 'overloaded_error', message: reason } }),
    contentFrame: content,
  })
}

export function anthropicCountTokens(): Answer {
  return jsonAnswer({ input_tokens: SCRIPTED_USAGE.promptTokens })
}

export function anthropicModels(models: readonly string[]): Answer {
  return jsonAnswer({
    data: models.map(modelObject),
    has_more: false,
    first_id: models[0] ?? null,
    last_id: models.at(-1) ?? null,
  })
}

export function anthropicModel(id: string): Answer {
  return jsonAnswer(modelObject(id))
}

function modelObject(id: string) {
  return { type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }
}

function event(type: string, rest: object): string {
  return sseEvent({ type, ...rest })
}

/** Anthropic counts cached tokens apart from the other input tokens. */
function renderInput({ knowsCachedTokens }: UsageKnowledge) {
  const { promptTokens, cachedTokens } = SCRIPTED_USAGE
  if (!knowsCachedTokens) return { input_tokens: promptTokens }
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
  }
}
