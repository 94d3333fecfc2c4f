import type { PunkuError } from '../../core/error.ts'
import { errorOf } from '../../formats/answer-parts.ts'
import { openaiError } from '../../formats/families/openai-errors.ts'
import type { Dialect } from '../dialect.ts'
import { OPENAI_FIELDS } from './fields.ts'
import { openaiList, openaiModel } from './listing.ts'

/** OpenAI's API, and what llama-server, vLLM and LM Studio have beside it. */
export const openaiDialect = {
  name: 'openai',
  fields: OPENAI_FIELDS,
  // It gets what nobody else owns.
  ownsPath: () => false,
  isError: (body) => errorOf(body) !== undefined,
  renderError: (error: PunkuError) => openaiError(error),
  namesHint: '`GET /v1/models` lists those that this key may use.',
  credentialHeader: 'authorization',
  listModels: openaiList,
  showModel: openaiModel,
} satisfies Dialect
