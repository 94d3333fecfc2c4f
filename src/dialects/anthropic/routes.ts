import type { Route } from '../dialect.ts'

const inference = {
  method: 'POST',
  dialect: 'anthropic',
  class: 'inference',
  model: { in: 'body', fields: ['model'] },
  query: ['beta'],
} as const

/** Anthropic's API. Its model listings are `/v1/models` like OpenAI's, and stand there. */
export const ANTHROPIC_ROUTES: readonly Route[] = [
  {
    ...inference,
    path: '/v1/messages',
    servers: ['ollama', 'llama-server', 'vllm', 'lm-studio', 'anthropic'],
    stream: { format: 'anthropic', isDefault: false },
  },
  { ...inference, path: '/v1/messages/count_tokens', servers: ['llama-server', 'vllm', 'anthropic'] },
]
