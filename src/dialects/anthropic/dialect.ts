import { errorOf } from '../../formats/answer-parts.ts'
import { anthropicError, anthropicStatus } from '../../formats/families/anthropic-errors.ts'
import type { Dialect } from '../dialect.ts'
import { ANTHROPIC_FIELDS } from './fields.ts'
import { anthropicModel, anthropicPage } from './listing.ts'

/** Anthropic's API, `/v1/messages`. */
export const anthropicDialect = {
  name: 'anthropic',
  fields: ANTHROPIC_FIELDS,
  ownsPath: (path: string) => path === '/v1/messages' || path.startsWith('/v1/messages/'),
  statusOf: anthropicStatus,
  isError: (body) => errorOf(body) !== undefined,
  renderError: anthropicError,
  namesHint: '`GET /v1/models` lists those that this key may use.',
  credentialHeader: 'x-api-key',
  listModels: anthropicPage,
  showModel: anthropicModel,
} satisfies Dialect
