import type { PunkuError } from '../../core/error.ts'
import { ollamaRefusal } from '../../formats/families/ollama.ts'
import type { Dialect } from '../dialect.ts'
import { OLLAMA_FIELDS } from './fields.ts'
import { ollamaList } from './listing.ts'

/** Ollama's own API, `/api/*`. */
export const ollamaDialect = {
  name: 'ollama',
  fields: OLLAMA_FIELDS,
  // LM Studio's own API is numbered.
  ownsPath: (path: string) => path === '/' || (path.startsWith('/api/') && !/^\/api\/v\d/.test(path)),
  // Its JavaScript client shows `[object Object]` of anything but a text.
  isError: ({ error }) => typeof error === 'string',
  renderError: (error: PunkuError) => ollamaRefusal(error),
  namesHint: '`ollama list` (`GET /api/tags`) shows those that this key may use.',
  credentialHeader: 'authorization',
  listModels: ollamaList,
} satisfies Dialect
