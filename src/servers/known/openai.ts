import { MODEL_LISTINGS, OPENAI_INFERENCE } from '../../dialects/openai/routes.ts'
import type { ModelServer } from './model-server.ts'
import { MODELS_SIGN, openAiListing } from './models-listing.ts'

/** Any other server that speaks OpenAI's API. */
export const openai: ModelServer<'openai'> = {
  name: 'openai',
  kind: 'openai',
  usualPorts: [],
  sign: MODELS_SIGN,
  async recognise(ask) {
    const listing = await openAiListing(ask)
    return listing && { version: undefined, models: listing.models() }
  },
  searchesTheWeb: true,
  routes: [...OPENAI_INFERENCE, ...MODEL_LISTINGS],
}
