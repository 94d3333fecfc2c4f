import { canonicalModelName } from '../dialects/model-name.ts'
import type { CatalogueModel } from './upstream.ts'

/** More entries than any real server has; the rest of a longer listing is left out. */
const MAX_MODELS = 10_000

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The models of a listing: `models` of Ollama's `/api/tags`, `data` of OpenAI's or Anthropic's `/v1/models`. Left out
 * are entries without a usable name, and second entries of one canonical name: a name must mean one model.
 */
export function readCatalogue(entries: readonly unknown[]): readonly CatalogueModel[] {
  const models = new Map<string, CatalogueModel>()
  for (const entry of entries.slice(0, MAX_MODELS)) {
    if (!isJsonObject(entry)) continue
    const id = entry['id'] ?? entry['name'] ?? entry['model']
    const name = typeof id === 'string' ? canonicalModelName(id) : undefined
    if (name === undefined || models.has(name.canonical)) continue
    const isCloud = name.isCloud || isNamed(entry['remote_host']) || isNamed(entry['remote_model'])
    models.set(name.canonical, { id: id as string, canonical: name.canonical, isCloud, entry })
  }
  return [...models.values()]
}

function isNamed(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
