import { COUNT_TOKENS, MESSAGES } from '../../dialects/anthropic/routes.ts'
import { MODEL_LISTINGS } from '../../dialects/openai/routes.ts'
import { readCatalogue } from '../catalogue.ts'
import { fieldAt, listAt } from './answers.ts'
import type { ModelServer } from './model-server.ts'
import { MODELS_PATH, MODELS_SIGN } from './models-listing.ts'

/** The most models Anthropic lists on one page. */
const PAGE_SIZE = 1_000

/** Anthropic, and any other that speaks its API. */
export const anthropic: ModelServer<'anthropic'> = {
  name: 'anthropic',
  kind: 'anthropic',
  usualPorts: [],
  sign: MODELS_SIGN,
  async recognise(ask) {
    const listing = await ask(MODELS_PATH)
    const entries = listAt(listing, 'data')
    const hasMore = fieldAt(listing, 'has_more')
    if (entries === undefined || typeof hasMore !== 'boolean') return undefined
    const all = hasMore ? listAt(await ask(`${MODELS_PATH}?limit=${PAGE_SIZE}`), 'data') : entries
    return { version: undefined, models: readCatalogue(all ?? entries) }
  },
  searchesTheWeb: true,
  routes: [...MODEL_LISTINGS, MESSAGES, COUNT_TOKENS],
}
