import { asCount, asObject, asText, type JsonObject } from '../../formats/json-facts.ts'
import { createdAt, type ListedModel } from '../listed-model.ts'

/**
 * Models as `GET /v1/models` lists them. Codex, which says its version in the query, reads a catalogue of its own form
 * there and complains where there is none; an empty one lets it go by what it knows itself.
 */
export function openaiList(models: readonly ListedModel[], query = ''): object {
  const list = { object: 'list', data: models.map(openaiModel) }
  return new URLSearchParams(query).has('client_version') ? { ...list, models: [] } : list
}

/** A model as `GET /v1/models/{model}` shows it: named facts only, for some servers put paths and command lines there. */
export function openaiModel(model: ListedModel): object {
  const { id, entry, server } = model
  const maxModelLen = asCount(entry['max_model_len'])
  const meta = metaOf(model)
  return {
    id,
    object: 'model',
    created: Math.floor((createdAt(entry) ?? 0) / 1_000),
    owned_by: asText(entry['owned_by']) ?? (server === 'ollama' ? namespaceOf(id) : (server ?? 'unknown')),
    ...(maxModelLen !== undefined && { max_model_len: maxModelLen }),
    ...(Object.keys(meta).length > 0 && { meta }),
  }
}

/** Whom Ollama's own answer names as owner. */
function namespaceOf(id: string): string {
  return id.split('/').at(-2) ?? 'library'
}

/** The counts that llama-server puts there, and by its names the context of a model of any server. */
function metaOf({ entry, contextLength, trainedContextLength }: ListedModel): JsonObject {
  return {
    ...onlyCounts(asObject(entry['meta']) ?? {}),
    ...(contextLength !== undefined && { n_ctx: contextLength }),
    ...(trainedContextLength !== undefined && { n_ctx_train: trainedContextLength }),
  }
}

function onlyCounts(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => asCount(value) !== undefined))
}
