import type { ListedModel } from '../listed-model.ts'

/** Models as `/api/tags` and `/api/ps` list them: Ollama's own entries, unchanged, and no other server's. */
export function ollamaList(models: readonly ListedModel[]): object {
  return { models: models.filter((model) => model.server === 'ollama').map((model) => model.entry) }
}
