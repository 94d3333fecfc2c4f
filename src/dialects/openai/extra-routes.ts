import type { ModelField, Route } from '../dialect.ts'

const NO_MODEL: ModelField = { in: 'none' }
/** With one model loaded most servers take a request that names none. */
const MODEL_IF_GIVEN: ModelField = { in: 'optional-body', fields: ['model'] }

/** What a route has that a server offers beside OpenAI's API, in its shape, by the route's class. */
export const EXTRA = {
  inference: { method: 'POST', dialect: 'openai', class: 'inference', model: MODEL_IF_GIVEN, format: 'openai-other' },
  metadata: { method: 'GET', dialect: 'openai', class: 'metadata', model: NO_MODEL, body: 'none' },
  manage: { method: 'POST', dialect: 'openai', class: 'manage', model: NO_MODEL },
  never: { dialect: 'openai', class: 'never', model: NO_MODEL },
} as const

/** Where an extra route takes the model's name that needs one. */
export const MODEL: ModelField = { in: 'body', fields: ['model'] }

/** Text to tokens and back, as more than one server has it. */
export const TOKENIZING: readonly Route[] = [
  { ...EXTRA.inference, path: '/tokenize' },
  { ...EXTRA.inference, path: '/detokenize' },
]

/** Texts in the order in which they answer a question, as more than one server has it. */
export const RERANKING: readonly Route[] = [
  { ...EXTRA.inference, path: '/rerank' },
  { ...EXTRA.inference, path: '/v1/rerank' },
]

/** Whether the server is well, as more than one tells it. */
export const HEALTH: Route = { ...EXTRA.metadata, path: '/health' }

/** A server's own numbers, of all its callers. */
export const METRICS: Route = { ...EXTRA.never, method: 'GET', path: '/metrics' }
