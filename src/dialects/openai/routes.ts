import type { ModelPlace, Route, ServerName } from '../dialect.ts'

const ALL: readonly ServerName[] = ['ollama', 'llama-server', 'vllm', 'lm-studio', 'openai']
const MODEL: ModelPlace = { in: 'body', fields: ['model'] }

const inference = { method: 'POST', dialect: 'openai', class: 'inference', model: MODEL, servers: ALL } as const
const SSE = { format: 'openai-done', isDefault: false } as const

/** Anthropic's SDK asks the same paths for the models, and pages with these. */
const PAGING = ['limit', 'before_id', 'after_id'] as const

const listing = {
  method: 'GET',
  dialect: 'openai',
  class: 'metadata',
  servers: [...ALL, 'anthropic'],
  query: PAGING,
  body: 'none',
} as const

/** OpenAI's API, as far as model servers of one's own have it. */
export const OPENAI_ROUTES: readonly Route[] = [
  { ...inference, path: '/v1/chat/completions', stream: SSE },
  { ...inference, path: '/v1/completions', stream: SSE },
  { ...inference, path: '/v1/responses', stream: { format: 'openai-responses', isDefault: false } },
  { ...inference, path: '/v1/embeddings' },
  {
    ...inference,
    path: '/v1/audio/transcriptions',
    model: { in: 'form' },
    body: 'form',
    servers: ['ollama', 'llama-server', 'vllm'],
    stream: SSE,
  },
  { ...listing, path: '/v1/models', model: { in: 'none' }, listing: 'models' },
  { ...listing, path: '/v1/models/{model...}', model: { in: 'path' }, listing: 'model' },
]
