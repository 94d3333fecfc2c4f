import { PunkuError } from '../../core/error.ts'
import { asCount, asObject, asText } from '../../formats/json-facts.ts'
import { createdAt, type ListedModel, oneContextLength } from '../listed-model.ts'

/** Anthropic's own bounds (https://docs.anthropic.com/en/api/models-list). */
const DEFAULT_PAGE_MODELS = 20
const MAX_PAGE_MODELS = 1_000

/**
 * A page of models as `GET /v1/models` lists them: `query` has `limit`, `before_id` and `after_id`.
 * @throws PunkuError `invalid_request` for a bad page.
 */
export function anthropicPage(models: readonly ListedModel[], query: string): object {
  const page = pageOf(models, new URLSearchParams(query))
  return {
    data: page.models.map(anthropicModel),
    has_more: page.hasMore,
    first_id: page.models.at(0)?.id ?? null,
    last_id: page.models.at(-1)?.id ?? null,
  }
}

/** A model as `GET /v1/models/{model}` shows it. */
export function anthropicModel(model: ListedModel): object {
  const { id, entry } = model
  return {
    type: 'model',
    id,
    display_name: asText(entry['display_name']) ?? id,
    // Where it is unknown, Anthropic's own answer names the epoch too.
    created_at: new Date(createdAt(entry) ?? 0).toISOString(),
    max_input_tokens: oneContextLength(model) ?? null,
    max_tokens: asCount(entry['max_tokens']) ?? null,
    capabilities: asObject(entry['capabilities']) ?? null,
  }
}

function pageOf(
  models: readonly ListedModel[],
  query: URLSearchParams,
): { readonly models: readonly ListedModel[]; readonly hasMore: boolean } {
  const limit = pageLimit(query.get('limit'))
  const afterId = query.get('after_id')
  const beforeId = query.get('before_id')
  if (afterId !== null && beforeId !== null) {
    throw new PunkuError('invalid_request', 'A page starts after one model or ends before one. Send one of both.', {
      param: 'before_id',
    })
  }
  if (beforeId !== null) {
    const end = indexOf(models, beforeId, 'before_id')
    return { models: models.slice(Math.max(0, end - limit), end), hasMore: end > limit }
  }
  const start = afterId === null ? 0 : indexOf(models, afterId, 'after_id') + 1
  return { models: models.slice(start, start + limit), hasMore: start + limit < models.length }
}

function pageLimit(text: string | null): number {
  if (text === null) return DEFAULT_PAGE_MODELS
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > MAX_PAGE_MODELS) {
    throw new PunkuError('invalid_request', `"limit" must be a whole number from 1 to ${MAX_PAGE_MODELS}.`, {
      param: 'limit',
    })
  }
  return limit
}

function indexOf(models: readonly ListedModel[], id: string, param: string): number {
  const index = models.findIndex((model) => model.id === id)
  if (index === -1) {
    throw new PunkuError(
      'invalid_request',
      `"${param}" names a model that is not in the list. Start from its first page.`,
      {
        param,
      },
    )
  }
  return index
}
