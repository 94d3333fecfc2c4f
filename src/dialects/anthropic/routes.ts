import type { Route } from '../dialect.ts'

const inference = {
  method: 'POST',
  dialect: 'anthropic',
  class: 'inference',
  model: { in: 'body', fields: ['model'] },
  query: ['beta'],
} as const

/** What most servers have of Anthropic's API. Its model listings are `/v1/models` like OpenAI's, and stand there. */
export const MESSAGES: Route = { ...inference, path: '/v1/messages', format: 'anthropic-messages', streams: 'asked' }

/** How long a prompt is. Not every server with `MESSAGES` has it. */
export const COUNT_TOKENS: Route = { ...inference, path: '/v1/messages/count_tokens', format: 'anthropic-count' }
