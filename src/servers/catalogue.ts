import { canonicalModelName } from '../dialects/model-name.ts'
import { asObject } from '../formats/json-facts.ts'
import { joinFacts, listedFacts } from './model-facts.ts'
import type { CatalogueModel } from './server.ts'

/** More entries than any real server has; the rest of a longer listing is left out. */
const MAX_MODELS = 10_000

/**
 * The models of a listing: `models` of Ollama's `/api/tags`, `data` of OpenAI's or Anthropic's `/v1/models`. Left out
 * are entries without a usable name, and second entries of one canonical name: a name must mean one model.
 */
export function readCatalogue(entries: readonly unknown[]): readonly CatalogueModel[] {
  const models = new Map<string, CatalogueModel>()
  for (const value of entries.slice(0, MAX_MODELS)) {
    const entry = asObject(value)
    const id = entry?.['id'] ?? entry?.['name'] ?? entry?.['model']
    const name = typeof id === 'string' ? canonicalModelName(id) : undefined
    if (entry === undefined || name === undefined || models.has(name.canonical)) continue
    const isCloud = name.isCloud || isNamed(entry['remote_host']) || isNamed(entry['remote_model'])
    const facts = listedFacts(entry)
    models.set(name.canonical, {
      id: id as string,
      canonical: name.canonical,
      isCloud,
      entry,
      ...facts,
      // What lies here of a cloud model is a note of a few hundred bytes.
      sizeBytes: isCloud ? undefined : facts.sizeBytes,
    })
  }
  return [...models.values()]
}

/** The models, with what another listing of the same server tells of them. Which models there are is the first's word. */
export function withListing(models: readonly CatalogueModel[], entries: readonly unknown[]): readonly CatalogueModel[] {
  const others = new Map(readCatalogue(entries).map((model) => [model.canonical, model]))
  return models.map((model) => ({ ...model, ...joinFacts(model, others.get(model.canonical) ?? {}) }))
}

function isNamed(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
