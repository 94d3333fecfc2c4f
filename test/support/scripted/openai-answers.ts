import {
  type Answer,
  callId,
  countInputs,
  jsonAnswer,
  type Manners,
  type Question,
  SCRIPTED_CREATED,
  SCRIPTED_EMBEDDING,
  SCRIPTED_USAGE,
  type ScriptedCall,
  sseAnswer,
  sseData,
} from './answer.ts'

const DONE = sseData('[DONE]')

export function openaiChat(question: Question, manners: Manners): Answer {
  const { model, body, thoughts, words, calls } = question
  const id = 'chatcmpl-scripted'
  const end = finish(question, manners)
  if (body['stream'] !== true) {
    const message = {
      role: 'assistant',
      content: calls.length > 0 ? null : words.join(''),
      ...(thoughts.length > 0 ? { [manners.thoughtField]: thoughts.join('') } : {}),
      ...(calls.length > 0 ? { tool_calls: calls.map((call, at) => ({ ...functionCall(call), id: callId(at) })) } : {}),
    }
    const base = { id, object: 'chat.completion', created: SCRIPTED_CREATED, model }
    return jsonAnswer({ ...base, choices: [{ index: 0, message, ...end }], usage: renderUsage(manners) })
  }
  const base = { id, object: 'chat.completion.chunk', created: SCRIPTED_CREATED, model }
  const delta = (value: unknown, more: object = { finish_reason: null }) =>
    sseData({ ...base, choices: [{ index: 0, delta: value, ...more }] })
  const content = (text: string) => delta({ content: text })
  const said =
    calls.length > 0 ? calls.flatMap(toolDeltas).map((call) => delta({ tool_calls: [call] })) : words.map(content)
  const usage = sseData({ ...base, choices: [], usage: renderUsage(manners) })
  return sseAnswer({
    frames: [
      delta({ role: 'assistant', content: manners.firstContent }),
      ...thoughts.map((thought) => delta({ [manners.thoughtField]: thought })),
      ...said,
      delta({}, end),
      ...(wantsUsage(body) ? [usage] : []),
      DONE,
    ],
    terminatorFrames: 1,
    errorFrame,
    contentFrame: content,
  })
}

/** Of a completion what the model thinks is no part. */
export function openaiCompletion(question: Question, manners: Manners): Answer {
  const { model, body, words } = question
  const base = { id: 'cmpl-scripted', object: 'text_completion', created: SCRIPTED_CREATED, model }
  const choice = (text: string, more: object = { finish_reason: null }) => ({ index: 0, text, ...more })
  const end = finish({ ...question, calls: [] }, manners)
  if (body['stream'] !== true) {
    return jsonAnswer({ ...base, choices: [choice(words.join(''), end)], usage: renderUsage(manners) })
  }
  const content = (text: string) => sseData({ ...base, choices: [choice(text)] })
  const usage = sseData({ ...base, choices: [], usage: renderUsage(manners) })
  return sseAnswer({
    frames: [
      ...words.map(content),
      sseData({ ...base, choices: [choice('', end)] }),
      ...(wantsUsage(body) ? [usage] : []),
      DONE,
    ],
    terminatorFrames: 1,
    errorFrame,
    contentFrame: content,
  })
}

function finish({ stop, calls }: Question, { namesStopSequence }: Manners) {
  const named = typeof stop === 'object' && namesStopSequence ? { stop_reason: stop.sequence } : {}
  if (calls.length > 0) return { finish_reason: 'tool_calls' }
  return { finish_reason: stop === 'length' ? 'length' : 'stop', ...named }
}

export function openaiEmbeddings({ model, body }: Question): Answer {
  const floats = Float32Array.from(SCRIPTED_EMBEDDING)
  const asksBase64 = body['encoding_format'] === 'base64'
  const embedding = asksBase64 ? Buffer.from(floats.buffer).toString('base64') : SCRIPTED_EMBEDDING
  const data = Array.from({ length: countInputs(body['input']) }, (_, index) => ({
    object: 'embedding',
    index,
    embedding,
  }))
  const tokens = SCRIPTED_USAGE.promptTokens
  return jsonAnswer({ object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } })
}

export function openaiModels(models: readonly string[], ownedBy: string): Answer {
  return jsonAnswer({ object: 'list', data: models.map((id) => modelObject(id, ownedBy)) })
}

export function openaiModel(id: string, ownedBy: string): Answer {
  return jsonAnswer(modelObject(id, ownedBy))
}

function modelObject(id: string, ownedBy: string) {
  return { id, object: 'model', created: SCRIPTED_CREATED, owned_by: ownedBy }
}

function functionCall({ name, args }: ScriptedCall) {
  return { type: 'function', function: { name, arguments: JSON.stringify(args) } }
}

/** A call as it streams: its name first, then its arguments in two halves. */
function toolDeltas({ name, args }: ScriptedCall, index: number): unknown[] {
  const text = JSON.stringify(args)
  const half = Math.ceil(text.length / 2)
  const start = { id: callId(index), type: 'function', function: { name, arguments: '' } }
  const pieces = [text.slice(0, half), text.slice(half)]
  return [{ index, ...start }, ...pieces.map((piece) => ({ index, function: { arguments: piece } }))]
}

function wantsUsage(body: Readonly<Record<string, unknown>>): boolean {
  const options = body['stream_options']
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}

function renderUsage({ knowsCachedTokens }: Manners) {
  const { promptTokens, completionTokens, cachedTokens } = SCRIPTED_USAGE
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...(knowsCachedTokens ? { prompt_tokens_details: { cached_tokens: cachedTokens } } : {}),
  }
}

function errorFrame(message: string): string {
  return sseData({ error: { message, type: 'server_error', param: null, code: null } })
}
