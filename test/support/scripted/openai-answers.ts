import {
  type Answer,
  countInputs,
  jsonAnswer,
  type Question,
  SCRIPTED_CREATED,
  SCRIPTED_EMBEDDING,
  SCRIPTED_USAGE,
  sseAnswer,
  sseData,
} from './answer.ts'

/** Whether the server counts cached tokens: Ollama does not. */
export interface UsageKnowledge {
  readonly knowsCachedTokens: boolean
}

const DONE = sseData('[DONE]')

export function openaiChat(question: Question, knowledge: UsageKnowledge): Answer {
  const { model, body, words, tool } = question
  const id = 'chatcmpl-scripted'
  if (body['stream'] !== true) {
    const message = tool
      ? { role: 'assistant', content: null, tool_calls: [{ ...functionCall(tool), id: 'call_scripted' }] }
      : { role: 'assistant', content: words.join('') }
    const choices = [{ index: 0, message, finish_reason: tool ? 'tool_calls' : 'stop' }]
    const base = { id, object: 'chat.completion', created: SCRIPTED_CREATED, model }
    return jsonAnswer({ ...base, choices, usage: renderUsage(knowledge) })
  }
  const base = { id, object: 'chat.completion.chunk', created: SCRIPTED_CREATED, model }
  const delta = (value: unknown, finishReason: string | null = null) =>
    sseData({ ...base, choices: [{ index: 0, delta: value, finish_reason: finishReason }] })
  const content = (text: string) => delta({ content: text })
  const said = tool ? toolDeltas(tool).map((call) => delta({ tool_calls: [call] })) : words.map(content)
  const usage = sseData({ ...base, choices: [], usage: renderUsage(knowledge) })
  return sseAnswer({
    frames: [
      delta({ role: 'assistant', content: '' }),
      ...said,
      delta({}, tool ? 'tool_calls' : 'stop'),
      ...(wantsUsage(body) ? [usage] : []),
      DONE,
    ],
    terminatorFrames: 1,
    errorFrame,
    contentFrame: content,
  })
}

export function openaiCompletion({ model, body, words }: Question, knowledge: UsageKnowledge): Answer {
  const base = { id: 'cmpl-scripted', object: 'text_completion', created: SCRIPTED_CREATED, model }
  const choice = (text: string, finishReason: string | null) => ({ index: 0, text, finish_reason: finishReason })
  if (body['stream'] !== true) {
    return jsonAnswer({ ...base, choices: [choice(words.join(''), 'stop')], usage: renderUsage(knowledge) })
  }
  const content = (text: string) => sseData({ ...base, choices: [choice(text, null)] })
  const usage = sseData({ ...base, choices: [], usage: renderUsage(knowledge) })
  return sseAnswer({
    frames: [
      ...words.map(content),
      sseData({ ...base, choices: [choice('', 'stop')] }),
      ...(wantsUsage(body) ? [usage] : []),
      DONE,
    ],
    terminatorFrames: 1,
    errorFrame,
    contentFrame: content,
  })
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

function functionCall(tool: NonNullable<Question['tool']>) {
  return { type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.args) } }
}

/** A call as it streams: its name first, then its arguments in two halves. */
function toolDeltas(tool: NonNullable<Question['tool']>): unknown[] {
  const args = JSON.stringify(tool.args)
  const half = Math.ceil(args.length / 2)
  const start = { id: 'call_scripted', type: 'function', function: { name: tool.name, arguments: '' } }
  const pieces = [args.slice(0, half), args.slice(half)]
  return [{ index: 0, ...start }, ...pieces.map((piece) => ({ index: 0, function: { arguments: piece } }))]
}

function wantsUsage(body: Readonly<Record<string, unknown>>): boolean {
  const options = body['stream_options']
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}

function renderUsage({ knowsCachedTokens }: UsageKnowledge) {
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
