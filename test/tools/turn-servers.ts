import type { ScriptedServer } from '../support/scripted/error-answers.ts'

/** A model server that tools finish their turns on. */
export interface TurnServer {
  readonly name: string
  readonly server: ScriptedServer
  /** The only path by which it lets a model work. Default: all that its kind has. */
  readonly only?: string
}

const PATHS: readonly string[] = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/responses',
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
]

export const TURN_SERVERS: readonly TurnServer[] = [
  { name: 'vLLM', server: 'openai' },
  { name: 'Ollama', server: 'ollama' },
  { name: 'llama-server', server: 'llama-server' },
  { name: 'chat completions alone', server: 'openai', only: '/v1/chat/completions' },
  { name: '/api/chat alone', server: 'ollama', only: '/api/chat' },
]

/** What a scripted server lacks that has one path alone; without it nothing. */
export function lackedPaths(only: string | undefined): readonly string[] {
  return only === undefined ? [] : PATHS.filter((path) => path !== only)
}
