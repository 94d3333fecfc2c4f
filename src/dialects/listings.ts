import { PunkuError } from '../core/error.ts'
import { anthropicDialect } from './anthropic/dialect.ts'
import type { Listing } from './dialect.ts'
import type { ListedModel } from './listed-model.ts'
import { ollamaDialect } from './ollama/dialect.ts'
import { ollamaLoaded, ollamaVersion } from './ollama/listing.ts'
import { openaiDialect } from './openai/dialect.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** Who asks for a listing, and what of the servers is no model. */
export interface ListingAsk {
  /** An `anthropic-version` header was sent: `/v1/models` then answers in Anthropic's shape. */
  readonly hasAnthropicVersion: boolean
  /** The request's query without `?`. Anthropic's shape pages by `limit`, `before_id` and `after_id`. */
  readonly query: string
  /** What an Ollama among the servers says of itself; absent or `undefined`: there is none. */
  readonly ollamaVersion?: string | undefined
}

/** A whole answer with status 200. */
export interface ListingAnswer {
  readonly contentType: string
  readonly body: string
}

/**
 * The answer of a listing route from the models the caller may see: the catalogue's, for `ollama-ps` the loaded ones,
 * for `model` the one that was asked for.
 *
 * `ollama-tags` and `ollama-ps` hold Ollama's own entries, unchanged. All else takes named facts only from an entry: some
 * servers put paths, command lines and templates there.
 *
 * @throws PunkuError `model_not_found` when `model` gets none; `invalid_request` for a bad page.
 */
export function renderListing(listing: Listing, models: readonly ListedModel[], ask: ListingAsk): ListingAnswer {
  // The list of models is a route of two dialects: whoever asks decides.
  const { listModels, showModel } = ask.hasAnthropicVersion ? anthropicDialect : openaiDialect
  switch (listing) {
    case 'root':
      return { contentType: 'text/plain; charset=utf-8', body: 'Ollama is running' }
    case 'ollama-tags':
      return json(ollamaDialect.listModels(models))
    case 'ollama-ps':
      return json(ollamaLoaded(models))
    case 'ollama-version':
      return json(ollamaVersion(ask.ollamaVersion))
    case 'models':
      return json(listModels(models, ask.query))
    case 'model': {
      const [model] = models
      if (model === undefined) {
        throw new PunkuError('model_not_found', 'No such model is here for this key. Ask /v1/models for the names.')
      }
      return json(showModel(model))
    }
  }
}

function json(value: object): ListingAnswer {
  return { contentType: JSON_TYPE, body: JSON.stringify(value) }
}
