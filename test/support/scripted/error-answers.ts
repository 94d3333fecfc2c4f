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

function unavailableMessage(server: ScriptedServer): string {
  if (server === 'llama-server') return 'Loading model'
  if (server === 'ollama') return 'server busy, please try again.  maximum pending requests exceeded'
  return 'the server is overloaded'
}
