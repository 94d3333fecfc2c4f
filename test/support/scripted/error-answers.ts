import { type Answer, jsonAnswer } from './answer.ts'

/** The servers that a scripted upstream can stand for; `openai` answers as vLLM does, `plain-openai` is any other of its API. */
export type ScriptedServer = 'ollama' | 'openai' | 'anthropic' | 'llama-server' | 'lm-studio' | 'plain-openai'

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  403: 'permission_error',
  404: 'invalid_request_error',
  429: 'rate_limit_exceeded',
}
const OPENAI_CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 404: 'model_not_found' }
const LLAMA_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
}
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
}
const MESSAGES: Readonly<Record<number, string>> = {
  400: 'invalid request',
  401: 'Invalid API Key',
  403: 'permission denied',
  404: 'not found',
  429: 'rate limit exceeded',
  500: 'the runner has crashed',
}

/** An error as `server` itself would answer it on `path`. Without a message it is the server's usual one. */
export function errorAnswer(server: ScriptedServer, path: string, status: number, message?: string): Answer {
  const text = message ?? (status === 503 ? unavailableMessage(server) : MESSAGES[status]) ?? `status ${status}`
  // llama-server has one shape for every route, its `/v1/messages` among them, and numbers for codes.
  if (server === 'llama-server') {
    return jsonAnswer({ error: { code: status, message: text, type: LLAMA_TYPES[status] ?? 'server_error' } }, status)
  }
  if (server === 'anthropic' || path.startsWith('/v1/messages')) {
    const error = { type: ANTHROPIC_TYPES[status] ?? 'api_error', message: text }
    return jsonAnswer({ type: 'error', error, request_id: 'req_scripted' }, status)
  }
  if (path.startsWith('/api/')) return jsonAnswer({ error: text }, status)
  const type = OPENAI_TYPES[status] ?? 'server_error'
  return jsonAnswer({ error: { message: text, type, param: null, code: OPENAI_CODES[status] ?? null } }, status)
}

/** Tokens of a prompt, of what its answer may have, and of the context. */
export interface AskedTokens {
  readonly prompt: number
  readonly answer: number
  readonly most: number
}

/** As `server` refuses what is longer than its context, or `undefined`: it fits. Only vLLM reckons with the answer. */
export function tooLongAnswer(server: ScriptedServer, { prompt, answer, most }: AskedTokens): Answer | undefined {
  if (server === 'openai') {
    const words = vllmTooLong({ prompt, answer, most })
    if (words === undefined) return undefined
    return jsonAnswer({ error: { message: words, type: 'BadRequestError', param: null, code: 400 } }, 400)
  }
  if (prompt <= most) return undefined
  if (server === 'ollama') return jsonAnswer({ error: 'the input length exceeds the context length' }, 400)
  if (server === 'anthropic') {
    return errorAnswer(server, '', 400, `prompt is too long: ${prompt} tokens > ${most} maximum`)
  }
  const message = `request (${prompt} tokens) exceeds the available context size (${most} tokens), try increasing it`
  const error = { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: prompt, n_ctx: most }
  return jsonAnswer({ error }, 400)
}

function vllmTooLong({ prompt, answer, most }: AskedTokens): string | undefined {
  const context = `This model's maximum context length is ${most} tokens`
  if (prompt > most) {
    return `${context}. However, your request has ${prompt} input tokens. Please reduce the length of the input messages.`
  }
  if (prompt + answer <= most) return undefined
  const sum = `${answer} > ${most} - ${prompt}`
  return `'max_tokens' or 'max_completion_tokens' is too large: ${answer}. ${context} and your request has ${prompt} input tokens (${sum}).`
}

function unavailableMessage(server: ScriptedServer): string {
  if (server === 'llama-server') return 'Loading model'
  if (server === 'ollama') return 'server busy, please try again.  maximum pending requests exceeded'
  return 'the server is overloaded'
}
