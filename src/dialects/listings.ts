import { PunkuError } from '../core/error.ts'
import type { Listing, ServerName } from './dialect.ts'
import { asCount, asObject, asText, type JsonObject } from './json-facts.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** Anthropic's own bounds (https://docs.anthropic.com/en/api/models-list). */
const DEFAULT_PAGE_MODELS = 20
const MAX_PAGE_MODELS = 1_000

/** A model as the catalogue has it. */
export interface ListedModel {
  /** As its upstream spells it; unique in one listing. */
  readonly id: string
  /** What the upstream's own listing said of it. */
  readonly entry: JsonObject
  readonly server: ServerName | undefined
}

/** Who asks for a listing. */
export interface ListingAsk {
  /** An `anthropic-version` header was sent: `/v1/models` then answers in Anthropic's shape. */
  readonly hasAnthropicVersion: boolean
  /** The request's query without `?`. Anthropic's shape pages by `limit`, `before_id` and `after_id`. */
  readonly query: string
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
 * `ollama-tags` and `ollama-ps` hold Ollama's own entries, unchanged, and no other server's models, as no other server
 * has the routes that would then be asked. `models` and `model` take named facts only from an entry: some servers put
 * paths, command lines and templates there.
 *
 * @throws PunkuError `model_not_found` when `model` gets none; `invalid_request` for a bad page.
 */
export function renderListing(listing: Listing, models: readonly ListedModel[], ask: ListingAsk): ListingAnswer {
  switch (listing) {
    case 'root':
      return { contentType: 'text/plain; charset=utf-8', body: 'Ollama is running' }
    case 'ollama-tags':
    case 'ollama-ps':
      return json({ models: models.filter((model) => model.server === 'ollama').map((model) => model.entry) })
    case 'models':
      return json(ask.hasAnthropicVersion ? anthropicPage(models, ask.query) : openaiList(models))
    case 'model': {
      const [model] = models
      if (model === undefined) {
        throw new PunkuError('model_not_found', 'No such model is here for this key. Ask /v1/models for the names.')
      }
      return json(ask.hasAnthropicVersion ? anthropicModel(model) : openaiModel(model))
    }
  }
}

function json(value: object): ListingAnswer {
  return { contentType: JSON_TYPE, body: JSON.stringify(value) }
}

function openaiList(models: readonly ListedModel[]): object {
  return { object: 'list', data: models.map(openaiModel) }
}

function openaiModel({ id, entry, server }: ListedModel): object {
  const maxModelLen = asCount(entry['max_model_len'])
  const meta = asObject(entry['meta'])
  return {
    id,
    object: 'model',
    created: Math.floor((createdAt(entry) ?? 0) / 1_000),
    owned_by: asText(entry['owned_by']) ?? (server === 'ollama' ? namespaceOf(id) : (server ?? 'unknown')),
    ...(maxModelLen !== undefined && { max_model_len: maxModelLen }),
    ...(meta && { meta: onlyCounts(meta) }),
  }
}

/** Whom Ollama's own answer names as owner. */
function namespaceOf(id: string): string {
  return id.split('/').at(-2) ?? 'library'
}

function anthropicPage(models: readonly ListedModel[], query: string): object {
  const page = pageOf(models, new URLSearchParams(query))
  return {
    data: page.models.map(anthropicModel),
    has_more: page.hasMore,
    first_id: page.models.at(0)?.id ?? null,
    last_id: page.models.at(-1)?.id ?? null,
  }
}

function anthropicModel({ id, entry }: ListedModel): object {
  return {
    type: 'model',
    id,
    display_name: asText(entry['display_name']) ?? id,
    // Where it is unknown, Anthropic's own answer names the epoch too.
    created_at: new Date(createdAt(entry) ?? 0).toISOString(),
    max_input_tokens: contextTokens(entry) ?? null,
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

/** When the model came to be, in milliseconds since the epoch, from whichever field its server has. */
function createdAt(entry: JsonObject): number | undefined {
  const seconds = asCount(entry['created'])
  if (seconds !== undefined) return asTime(seconds * 1_000)
  const text = asText(entry['modified_at']) ?? asText(entry['created_at'])
  return text === undefined ? undefined : asTime(Date.parse(text))
}

/** The time if a `Date` can hold it and it lies after the epoch. */
function asTime(ms: number): number | undefined {
  return ms >= 0 && ms <= 8.64e15 ? ms : undefined
}

/** The context a model takes, as Ollama, Anthropic, vLLM, llama-server and LM Studio spell it. */
function contextTokens(entry: JsonObject): number | undefined {
  const meta = asObject(entry['meta'])
  return (
    asCount(asObject(entry['details'])?.['context_length']) ??
    asCount(entry['max_input_tokens']) ??
    asCount(entry['max_model_len']) ??
    asCount(meta?.['n_ctx']) ??
    asCount(meta?.['n_ctx_train']) ??
    asCount(entry['max_context_length'])
  )
}

function onlyCounts(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => asCount(value) !== undefined))
}
