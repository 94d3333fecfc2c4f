import {
  type Answer,
  callId,
  jsonAnswer,
  type Manners,
  type Question,
  SCRIPTED_USAGE,
  type ScriptedStop,
  sseAnswer,
  sseEvent,
} from './answer.ts'

/** `POST /v1/messages`. */
export function anthropicMessages(question: Question, manners: Manners): Answer {
  const { model, body, thoughts, words, calls } = question
  const base = { id: 'msg_scripted', type: 'message', role: 'assistant', model }
  const uses = calls.map(({ name, args }, at) => ({ type: 'tool_use', id: callId(at, 'toolu'), name, input: args }))
  const stop = stopFields(question.stop, uses.length > 0)
  const output = { output_tokens: SCRIPTED_USAGE.completionTokens }
  if (body['stream'] !== true) {
    const thought = { type: 'thinking', thinking: thoughts.join(''), signature: SIGNATURE }
    const said = uses.length > 0 ? uses : [{ type: 'text', text: words.join('') }]
    const content = [...(thoughts.length > 0 ? [thought] : []), ...said]
    return jsonAnswer({ ...base, content, ...stop, usage: { ...renderInput(manners), ...output } })
  }
  const delta = (index: number, value: object) => event('content_block_delta', { index, delta: value })
  const block = (index: number, start: object, deltas: readonly object[]) => [
    event('content_block_start', { index, content_block: start }),
    ...(index === 0 ? [event('ping', {})] : []),
    ...deltas.map((value) => delta(index, value)),
    event('content_block_stop', { index }),
  ]
  const first = thoughts.length > 0 ? 1 : 0
  const thinking = [
    ...thoughts.map((thought) => ({ type: 'thinking_delta', thinking: thought })),
    { type: 'signature_delta', signature: SIGNATURE },
  ]
  const textDelta = (text: string) => ({ type: 'text_delta', text })
  const message = {
    ...base,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...renderInput(manners), output_tokens: 1 },
  }
  return sseAnswer({
    frames: [
      event('message_start', { message }),
      ...(first === 0 ? [] : block(0, { type: 'thinking', thinking: '', signature: '' }, thinking)),
      ...(uses.length > 0
        ? uses.flatMap((use, at) => {
            const json = { type: 'input_json_delta', partial_json: JSON.stringify(use.input) }
            return block(first + at, { ...use, input: {} }, [json])
          })
        : block(first, { type: 'text', text: '' }, words.map(textDelta))),
      event('message_delta', { delta: stop, usage: output }),
      event('message_stop', {}),
    ],
    terminatorFrames: 1,
    errorFrame: (reason) => event('error', { error: { type: 'overloaded_error', message: reason } }),
    contentFrame: (text) => delta(0, textDelta(text)),
  })
}

const SIGNATURE = 'c2lnbmVk'

function stopFields(stop: ScriptedStop, hasCalls: boolean) {
  if (typeof stop === 'object') return { stop_reason: 'stop_sequence', stop_sequence: stop.sequence }
  const reason = stop === 'length' ? 'max_tokens' : 'end_turn'
  return { stop_reason: hasCalls ? 'tool_use' : reason, stop_sequence: null }
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
function renderInput({ knowsCachedTokens }: Manners) {
  const { promptTokens, cachedTokens } = SCRIPTED_USAGE
  if (!knowsCachedTokens) return { input_tokens: promptTokens }
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
  }
}
