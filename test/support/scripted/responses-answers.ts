import {
  type Answer,
  callId,
  jsonAnswer,
  type Manners,
  type Question,
  SCRIPTED_CREATED,
  SCRIPTED_USAGE,
  sseAnswer,
  sseEvent,
} from './answer.ts'

/** `POST /v1/responses`. */
export function openaiResponses({ model, body, thoughts, words, calls, stop }: Question, manners: Manners): Answer {
  const thought = thoughts.join('')
  const items: readonly OutputItem[] = [
    ...(thoughts.length > 0
      ? [{ id: 'rs_scripted', type: 'reasoning' as const, summary: [{ type: 'summary_text', text: thought }] }]
      : []),
    ...(calls.length > 0
      ? calls.map(({ name, args }, at) => ({
          id: callId(at, 'fc'),
          type: 'function_call' as const,
          status: 'completed',
          call_id: callId(at),
          name,
          arguments: JSON.stringify(args),
        }))
      : [
          {
            id: 'msg_scripted',
            type: 'message' as const,
            role: 'assistant',
            status: stop === 'length' ? 'incomplete' : 'completed',
            content: [textPart(words.join(''))],
          },
        ]),
  ]
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
  const status =
    stop === 'length'
      ? { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
      : { status: 'completed' }
  const completed = { ...response, ...status, output: items, usage: renderUsage(manners) }
  if (body['stream'] !== true) return jsonAnswer(completed)

  let sequence = 0
  const event = (type: string, rest: object) => sseEvent({ type, sequence_number: sequence++, ...rest })
  const started = { ...response, status: 'in_progress', output: [] }
  const opening = [
    event('response.created', { response: started }),
    event('response.in_progress', { response: started }),
  ]
  const said = items.flatMap((item, index) => [
    event('response.output_item.added', { output_index: index, item: begun(item) }),
    ...itemEvents(event, item, index, item.type === 'reasoning' ? thoughts : words),
    event('response.output_item.done', { output_index: index, item }),
  ])
  return sseAnswer({
    frames: [...opening, ...said, event(`response.${status.status}`, { response: completed })],
    terminatorFrames: 1,
    errorFrame: (reason) => event('error', { code: 'server_error', message: reason, param: null }),
    contentFrame: (text) =>
      event('response.output_text.delta', {
        ...placeOf('msg_scripted', 0),
        content_index: 0,
        delta: text,
        logprobs: [],
      }),
  })
}

type OutputItem =
  | { readonly id: string; readonly type: 'reasoning'; readonly summary: readonly object[] }
  | { readonly id: string; readonly type: 'function_call'; readonly name: string; readonly arguments: string }
  | {
      readonly id: string
      readonly type: 'message'
      readonly role: string
      readonly status: string
      readonly content: readonly object[]
    }

function textPart(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function placeOf(id: string, index: number) {
  return { item_id: id, output_index: index }
}

/** An item as it is when it is added. */
function begun(item: OutputItem): object {
  if (item.type === 'reasoning') return { ...item, summary: [] }
  return { ...item, status: 'in_progress', ...(item.type === 'message' ? { content: [] } : { arguments: '' }) }
}

function itemEvents(
  event: (type: string, rest: object) => string,
  item: OutputItem,
  index: number,
  words: readonly string[],
): readonly string[] {
  const at = placeOf(item.id, index)
  const text = words.join('')
  if (item.type === 'function_call') {
    return [
      event('response.function_call_arguments.delta', { ...at, delta: item.arguments }),
      event('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments }),
    ]
  }
  if (item.type === 'reasoning') {
    const partAt = { ...at, summary_index: 0 }
    const part = (said: string) => ({ ...partAt, part: { type: 'summary_text', text: said } })
    return [
      event('response.reasoning_summary_part.added', part('')),
      ...words.map((delta) => event('response.reasoning_summary_text.delta', { ...partAt, delta })),
      event('response.reasoning_summary_text.done', { ...partAt, text }),
      event('response.reasoning_summary_part.done', part(text)),
    ]
  }
  const textAt = { ...at, content_index: 0 }
  return [
    event('response.content_part.added', { ...textAt, part: textPart('') }),
    ...words.map((delta) => event('response.output_text.delta', { ...textAt, delta, logprobs: [] })),
    event('response.output_text.done', { ...textAt, text, logprobs: [] }),
    event('response.content_part.done', { ...textAt, part: textPart(text) }),
  ]
}

function renderUsage({ knowsCachedTokens }: Manners) {
  const { promptTokens, completionTokens, cachedTokens } = SCRIPTED_USAGE
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: knowsCachedTokens ? cachedTokens : 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  }
}
