import { MESSAGES } from '../../dialects/anthropic/routes.ts'
import type { Route } from '../../dialects/dialect.ts'
import { EXTRA, MODEL } from '../../dialects/openai/extra-routes.ts'
import { MODEL_LISTINGS, OPENAI_INFERENCE } from '../../dialects/openai/routes.ts'
import { withListing } from '../catalogue.ts'
import { listAt, textAt } from './answers.ts'
import type { ModelServer } from './model-server.ts'
import { MODELS_SIGN, openAiListing } from './models-listing.ts'

const OWN_ROUTES: readonly Route[] = [
  { ...EXTRA.inference, path: '/api/v0/chat/completions', model: MODEL, format: 'openai-chat', streams: 'asked' },
  { ...EXTRA.inference, path: '/api/v0/completions', model: MODEL, format: 'openai-completions', streams: 'asked' },
  { ...EXTRA.inference, path: '/api/v0/embeddings', model: MODEL, format: 'openai-embeddings' },
  { ...EXTRA.metadata, path: '/api/v0/models/{model...}', model: { in: 'path' } },
  // In a shape of their own, so they cannot be filtered to the key: all models or none.
  { ...EXTRA.manage, method: 'GET', path: '/api/v0/models', body: 'none' },
  { ...EXTRA.manage, method: 'GET', path: '/api/v1/models', body: 'none' },
  { ...EXTRA.manage, path: '/api/v1/models/load', model: MODEL },
  // It names what it unloads by `instance_id`, which is no model's name.
  { ...EXTRA.manage, path: '/api/v1/models/unload' },
  { ...EXTRA.manage, path: '/api/v1/models/download', model: MODEL },
  { ...EXTRA.manage, method: 'GET', path: '/api/v1/models/download/status/{rest...}', body: 'none' },
  // It continues any stored conversation whose id it is given.
  { ...EXTRA.never, method: 'POST', path: '/api/v1/chat' },
]

/** LM Studio: https://lmstudio.ai. */
export const lmStudio: ModelServer<'lm-studio'> = {
  name: 'lm-studio',
  kind: 'openai',
  usualPorts: [1_234],
  sign: MODELS_SIGN,
  async recognise(ask) {
    const listing = await openAiListing(ask)
    if (listing === undefined) return undefined
    // Its own listing; nobody else has this path. To what it does not know it answers 200 with an error.
    const own = await ask('/api/v0/models')
    const entries = textAt(own, 'object') === 'list' ? listAt(own, 'data') : undefined
    return entries && { version: undefined, models: withListing(listing.models(), entries) }
  },
  exposureFix: () => 'In LM Studio, under Developer, Server Settings, switch off "Serve on Local Network".',
  routes: [...OPENAI_INFERENCE, ...MODEL_LISTINGS, ...OWN_ROUTES, MESSAGES],
}
