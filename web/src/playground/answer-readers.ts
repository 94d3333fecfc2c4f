import type { Frame } from './frames.ts'

/** The APIs that the playground speaks. */
export type ChatDialect = 'openai' | 'anthropic' | 'ollama'

/** What a frame of an answer says, in one shape for all dialects. */
export type AnswerPart =
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  | { readonly kind: 'tokens'; readonly prompt: number | undefined; readonly completion: number | undefined }
  /** Why the model stopped, in the dialect's own word. */
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** The answer is complete. A stream that ends without it was cut off. */
  | { readonly kind: 'end' }

/** Reads an answer's frames, first to last. What it does not know it passes over. */
export type AnswerReader = (frame: Frame) => AnswerPart[]

type Fields = Readonly<Record<string, unknown>>

const NAMELESS = 'The model server reported an error and did not say which.'

/** Chunks of `/v1/chat/completions`. Reasoning is `reasoning_content` to some servers and `reasoning` to others. */
export const readOpenai: AnswerReader = ({ event, data }) => {
  if (data === '[DONE]') return [{ kind: 'end' }]
  const chunk = parse(data)
  if (chunk['error'] !== undefined || event === 'error') return [failed(chunk['error'] ?? chunk)]
  const choice = fields(list(chunk['choices'])[0])
  const delta = fields(choice['delta'])
  const usage = chunk['usage'] === null ? {} : fields(chunk['usage'])
  return [
    ...said('reasoning', delta['reasoning_content'] ?? delta['reasoning']),
    ...said('text', delta['content']),
    ...stopped(choice['finish_reason']),
    ...tokens(usage['prompt_tokens'], usage['completion_tokens']),
  ]
}

/** Events of `/v1/messages`. Each names its type in its data. */
export const readAnthropic: AnswerReader = ({ data }) => {
  const event = parse(data)
  const delta = fields(event['delta'])
  switch (event['type']) {
    case 'message_start': {
      const usage = fields(fields(event['message'])['usage'])
      return tokens(promptTokens(usage), undefined)
    }
    case 'content_block_delta':
      return [...said('reasoning', delta['thinking']), ...said('text', delta['text'])]
    case 'message_delta': {
      const usage = fields(event['usage'])
      return [...stopped(delta['stop_reason']), ...tokens(promptTokens(usage), usage['output_tokens'])]
    }
    case 'message_stop':
      return [{ kind: 'end' }]
    case 'error':
      return [failed(event['error'])]
    default:
      return []
  }
}

/** Lines of `/api/chat`. */
export const readOllama: AnswerReader = ({ data }) => {
  const line = parse(data)
  if (line['error'] !== undefined) return [failed(line['error'])]
  const message = fields(line['message'])
  const parts = [...said('reasoning', message['thinking']), ...said('text', message['content'])]
  if (line['done'] !== true) return parts
  return [
    ...parts,
    ...stopped(line['done_reason']),
    ...tokens(line['prompt_eval_count'], line['eval_count']),
    { kind: 'end' },
  ]
}

/** What a refusal says, whose body is an error of one of the three dialects. */
export function errorText(body: string, status: number): string {
  const refusal = parse(body)
  const error = refusal['error'] ?? refusal
  const { message } = failed(error)
  return message === NAMELESS ? `The gateway answered with status ${status} and did not say why.` : message
}

function failed(error: unknown): { readonly kind: 'failed'; readonly message: string } {
  const message = typeof error === 'string' ? error : fields(error)['message']
  return { kind: 'failed', message: typeof message === 'string' && message !== '' ? message : NAMELESS }
}

function said(kind: 'text' | 'reasoning', value: unknown): AnswerPart[] {
  return typeof value === 'string' && value !== '' ? [{ kind, text: value }] : []
}

function stopped(reason: unknown): AnswerPart[] {
  return typeof reason === 'string' ? [{ kind: 'stop', reason }] : []
}

function tokens(prompt: unknown, completion: unknown): AnswerPart[] {
  const counts = { prompt: count(prompt), completion: count(completion) }
  return counts.prompt === undefined && counts.completion === undefined ? [] : [{ kind: 'tokens', ...counts }]
}

/** Anthropic's `input_tokens` leaves out what came from a cache. */
function promptTokens(usage: Fields): number | undefined {
  const parts = [usage['input_tokens'], usage['cache_read_input_tokens'], usage['cache_creation_input_tokens']].map(
    count,
  )
  if (parts[0] === undefined) return undefined
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)
}

function parse(text: string): Fields {
  try {
    return fields(JSON.parse(text))
  } catch {
    return {}
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
