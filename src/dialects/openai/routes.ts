import type { ModelField, Route } from '../dialect.ts'

const MODEL: ModelField = { in: 'body', fields: ['model'] }

const inference = { method: 'POST', dialect: 'openai', class: 'inference', model: MODEL } as const

/** Anthropic's SDK asks the same paths for the models, and pages with these; Codex says its version there. */
const ASKED = ['limit', 'before_id', 'after_id', 'client_version'] as const

const listing = { method: 'GET', dialect: 'openai', class: 'metadata', query: ASKED, body: 'none' } as const

/** What every server that speaks OpenAI's API has to run a model. */
export const OPENAI_INFERENCE: readonly Route[] = [
  { ...inference, path: '/v1/chat/completions', format: 'openai-chat', streams: 'asked' },
  { ...inference, path: '/v1/completions', format: 'openai-completions', streams: 'asked' },
  { ...inference, path: '/v1/responses', format: 'openai-responses', streams: 'asked' },
  { ...inference, path: '/v1/embeddings', format: 'openai-embeddings' },
]

/** Speech to text: not every server that speaks OpenAI's API has it. */
export const TRANSCRIPTIONS: Route = {
  ...inference,
  path: '/v1/audio/transcriptions',
  model: { in: 'form' },
  body: 'form',
  format: 'openai-transcription',
  streams: 'asked',
}

/** The models of a server, in OpenAI's API and in Anthropic's. */
export const MODEL_LISTINGS: readonly Route[] = [
  { ...listing, path: '/v1/models', model: { in: 'none' }, listing: 'models' },
  { ...listing, path: '/v1/models/{model...}', model: { in: 'path' }, listing: 'model' },
]
