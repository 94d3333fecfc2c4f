import { asCount, asObject, asText, type JsonObject } from '../../formats/json-facts.ts'
import { createdAt, type ListedModel, oneContextLength } from '../listed-model.ts'

/**
 * Models as `GET /v1/models` lists them. Codex, which says its version in the query, reads a catalogue of its own form
 * there and complains where there is none; an empty one lets it go by what it knows itself. A full one would have to
 * bring the instructions of each model (0.171 reads none without), in place of the 17 KB that Codex gives any model it
 * does not know: it would win the context, which its user can set, and lose what makes an agent of the model.
 */
export function openaiList(models: readonly ListedModel[], query = ''): object {
  const list = { object: 'list', data: models.map(openaiModel) }
  return new URLSearchParams(query).has('client_version') ? { ...list, models: [] } : list
}

/** A model as `GET /v1/models/{model}` shows it: named facts only, for some servers put paths and command lines there. */
export function openaiModel(model: ListedModel): object {
  const { id, entry, server } = model
  const context = oneContextLength(model)
  const maxModelLen = model.contextLength ?? asCount(entry['max_model_len'])
  const meta = metaOf(model)
  return {
    id,
    object: 'model',
    created: Math.floor((createdAt(entry) ?? 0) / 1_000),
    owned_by: asText(entry['owned_by']) ?? (server === 'ollama' ? namespaceOf(id) : (server ?? 'unknown')),
    // By the names of other servers and of those who resell models: each client looks for another.
    ...(context !== undefined && { context_length: context }),
    ...(maxModelLen !== undefined && { max_model_len: maxModelLen }),
    ...(model.capabilities && { capabilities: model.capabilities }),
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
